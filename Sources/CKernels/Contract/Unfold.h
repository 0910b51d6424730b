// Convolution as a product with the unfolded input ("im2col"), for float64.
#ifndef TL_UNFOLD_H
#define TL_UNFOLD_H
#include "include/tl_contract.h"

namespace tl {

/// Dense float64 operands, w and bias row-major, x and out of any strides.
struct Unfolded {
    const tl_conv_params* p;
    const tl_tensor *x, *w, *bias, *out;
};

/// False where memory ran out.
bool unfolded_forward(const Unfolded& problem);
bool unfolded_backward_data(const Unfolded& problem);
bool unfolded_backward_weights(const Unfolded& problem);

} // namespace tl

#endif
