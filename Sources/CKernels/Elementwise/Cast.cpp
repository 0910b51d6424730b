// Copies between layouts and dtypes.
#include "Support/ElementwiseDriver.h"
#include "Support/Forward.h"

using namespace tl;

void tl_copy(const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, copy, (x, out));
    // Equal dtypes are copied as raw bits. Otherwise one of the two is a compute dtype, or the conversion goes through
    // one.
    const int32_t from = x->dtype, to = out->dtype;
    const int32_t native = from == to ? to : convert_block(from, to) ? to : compute_dtype(from);
    const int32_t natives[] = {native, native};
    if (x->rank == 0 && out->rank == 0 && native == to) return convert_block(from, to)(x->data, 1, out->data, 1, 1);
    const tl_tensor* tensors[] = {out, x};
    run_elementwise(nullptr, false, 2, tensors, natives, nullptr);
}
