// Runs a loop over strided operands of any dtypes.
#ifndef TL_ELEMENTWISE_DRIVER_H
#define TL_ELEMENTWISE_DRIVER_H
#include "Support/ElementLoop.h"
#include "Support/Iteration.h"

namespace tl {

/// tensors[0] is the output, then come the inputs; all of one shape. natives[k] is the dtype that the loop reads or
/// writes there. A `loop` of NULL copies its one input.
void run_elementwise(Loop loop, bool expensive, int operands, const tl_tensor* const* tensors, const int32_t* natives,
                     const double* parameters);

/// What the dispatcher checks before; reaching this is a mistake of the framework.
[[noreturn, gnu::cold]] inline void missing_loop() { __builtin_trap(); }

inline int32_t output_of(const Kernel& kernel, int32_t compute) {
    return kernel.to_bool ? int32_t(TL_BOOL) : kernel.to_part ? part_dtype(compute) : compute;
}

/// Contiguous elements up to this number need nothing but the loop.
constexpr int64_t simple_limit = 4096;

} // namespace tl

#endif
