#include "Elementwise/Driver.h"
#include "Support/Forward.h"
#include "include/tl_create.h"

using namespace tl;

void tl_fill(const tl_tensor* out, double as_double, int64_t as_int) {
    TL_FORWARD(out, fill, (out, as_double, as_int));
    const int32_t compute = compute_dtype(out->dtype);
    alignas(8) char value[8] = {};
    if (compute == TL_INT64)
        convert_block(TL_INT64, out->dtype)(&as_int, 1, value, 1, 1);
    else
        convert_block(TL_FLOAT64, out->dtype)(&as_double, 1, value, 1, 1);
    int64_t strides[TL_MAX_RANK] = {};
    const tl_tensor scalar{value, out->shape, strides, out->rank, out->dtype, TL_DEVICE_CPU};
    const tl_tensor* tensors[] = {out, &scalar};
    const int32_t natives[] = {out->dtype, out->dtype};
    run_elementwise(nullptr, false, 2, tensors, natives, nullptr);
}
