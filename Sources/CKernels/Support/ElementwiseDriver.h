// Runs a loop over strided operands of any dtypes.
#ifndef TL_ELEMENTWISE_DRIVER_H
#define TL_ELEMENTWISE_DRIVER_H
#include "Support/ElementLoop.h"
#include "Support/Iteration.h"

namespace tl {

/// tensors[0] is the output, followed by the inputs, all of one shape. natives[k] is the dtype that the loop reads or
/// writes for tensor k. A `loop` of NULL copies its input.
void run_elementwise(Loop loop, bool expensive, int operands, const tl_tensor* const* tensors, const int32_t* natives,
                     const double* parameters);

/// Excluded by the checks of the dispatcher; a call is an internal error.
[[noreturn, gnu::cold]] inline void missing_loop() { __builtin_trap(); }

inline int32_t output_of(const Kernel& kernel, int32_t compute) {
    return kernel.to_bool ? int32_t(TL_BOOL) : kernel.to_part ? part_dtype(compute) : compute;
}

/// The maximum number of contiguous elements that are passed directly to the loop.
constexpr int64_t simple_limit = 4096;

} // namespace tl

#endif
