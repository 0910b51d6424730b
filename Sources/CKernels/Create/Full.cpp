#include "Support/ElementwiseDriver.h"
#include "Support/Forward.h"
#include "include/tl_create.h"

using namespace tl;

/// Fills `out` with `value`, an element of its dtype.
static void fill_with_element(const tl_tensor& out, char* value) {
    int64_t strides[TL_MAX_RANK] = {};
    const tl_tensor scalar{value, out.shape, strides, out.rank, out.dtype, TL_DEVICE_CPU};
    const tl_tensor* tensors[] = {&out, &scalar};
    const int32_t natives[] = {out.dtype, out.dtype};
    run_elementwise(nullptr, false, 2, tensors, natives, nullptr);
}

void tl_fill(const tl_tensor* out, double as_double, int64_t as_int) {
    TL_FORWARD(out, fill, (out, as_double, as_int));
    alignas(16) char value[16] = {};
    if (compute_dtype(out->dtype) == TL_INT64)
        convert_block(TL_INT64, out->dtype)(&as_int, 1, value, 1, 1);
    else
        convert_block(TL_FLOAT64, out->dtype)(&as_double, 1, value, 1, 1);
    fill_with_element(*out, value);
}

void tl_fill_complex(const tl_tensor* out, double real, double imaginary) {
    TL_FORWARD(out, fill_complex, (out, real, imaginary));
    const double parts[] = {real, imaginary};
    alignas(16) char value[16] = {};
    convert_block(TL_COMPLEX128, out->dtype)(parts, 1, value, 1, 1);
    fill_with_element(*out, value);
}
