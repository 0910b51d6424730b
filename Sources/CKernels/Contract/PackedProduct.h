// Products of two packed operands, for the shapes at which a library's packing is slow: gradients of weights,
// dW = dy^T x.
#ifndef TL_PACKED_PRODUCT_H
#define TL_PACKED_PRODUCT_H
#include "Contract/SmallProduct.h"

namespace tl {

/// Whether `packed_multiply` takes the product and beats dnnl_sgemm at it. Rows of b are contiguous, and so are either
/// columns of a, as in the gradient of a layer's weights, or its rows, where those of b are whole pages apart.
inline bool is_packed(const SmallProduct& p) {
    const bool pays = p.a_row == 1 ? p.k >= 64 : p.a_column == 1 && p.n >= 1024 && p.b_row % 1024 == 0;
    return pays && p.b_column == 1 && p.m >= 96 && p.n >= 96 && p.alpha == 1 && (p.beta == 0 || p.beta == 1);
}
/// Threaded unless called from a parallel region; an element's sum has one order, whatever the number of threads. False
/// where memory ran out.
bool packed_multiply(const SmallProduct& product);

} // namespace tl

#endif
