// Runs a loop over strided operands of any dtypes.
#ifndef TL_DRIVER_H
#define TL_DRIVER_H
#include "Elementwise/Loops.h"

namespace tl {

/// tensors[0] is the output, then come the inputs; all of one shape. natives[k] is the dtype that the loop reads or
/// writes there. A `loop` of NULL copies its one input.
void run_elementwise(Loop loop, bool expensive, int operands, const tl_tensor* const* tensors, const int32_t* natives,
                     const double* parameters);

} // namespace tl

#endif
