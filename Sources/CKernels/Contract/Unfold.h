// Convolution as a product with the unfolded input ("im2col"), for float64.
#ifndef TL_UNFOLD_H
#define TL_UNFOLD_H
#include "include/tl_contract.h"

namespace tl {

/// Contiguous float64 operands; w and bias are row-major, x and out have arbitrary strides.
struct Unfolded {
    const tl_conv_params* p;
    const tl_tensor *x, *w, *bias, *out;
};

/// Returns false if an allocation failed.
bool unfolded_forward(const Unfolded& problem);
bool unfolded_backward_data(const Unfolded& problem);
bool unfolded_backward_weights(const Unfolded& problem);

} // namespace tl

#endif
