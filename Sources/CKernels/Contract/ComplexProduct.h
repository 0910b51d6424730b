// Products of complex matrices.
#ifndef TL_COMPLEX_PRODUCT_H
#define TL_COMPLEX_PRODUCT_H
#include "include/tl_types.h"

namespace tl {

/// out[b, m, n] = alpha * a[b, m, k] @ b[b, k, n] + beta * out, for operands of one dtype, complex64 or complex128.
/// Each matrix has a dimension of stride 1, and the rows of `out` are contiguous.
void multiply_complex(const tl_tensor& a, const tl_tensor& b, const tl_tensor& out, double alpha, double beta);

} // namespace tl

#endif
