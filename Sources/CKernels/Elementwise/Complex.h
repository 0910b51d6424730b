// Declares the kernels of complex numbers for the kernels of real numbers.
#ifndef TL_ELEMENTWISE_COMPLEX_H
#define TL_ELEMENTWISE_COMPLEX_H
#include "Support/ElementLoop.h"

namespace tl {

/// The kernels of complex64 and complex128 of the instruction set in use; `loop` is NULL where an operation does not exist for them.
const Kernel& complex_unary_kernel(int32_t op, int32_t compute);
const Kernel& complex_binary_kernel(int32_t op, int32_t compute);
const Kernel& complex_ternary_kernel(int32_t op, int32_t compute);

} // namespace tl

#endif
