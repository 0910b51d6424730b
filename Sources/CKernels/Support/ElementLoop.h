// The interface between element-wise kernels and their driver: a loop over contiguous elements of its dtypes, compiled
// for each instruction set.
#ifndef TL_ELEMENT_LOOP_H
#define TL_ELEMENT_LOOP_H
#include "Support/InstructionSets.h"
#include "include/tl_elementwise.h"

namespace tl {

/// Contiguous elements; `out` may be one of the inputs, but must not overlap them otherwise.
using Loop = void (*)(void* out, const void* const* in, int64_t count, const double* parameters);

struct Kernel {
    Loop loop = nullptr;
    bool to_bool = false;   // writes bytes of 0 and 1 instead of the compute dtype
    bool expensive = false; // worth a second thread for much less work than memory traffic justifies
    bool to_part = false;   // writes the dtype of the parts of the complex compute dtype
};

/// 0, 1, 2 for float32, float64, int64; complex numbers have separate tables.
inline int compute_index(int32_t dtype) {
    return dtype == TL_FLOAT32 ? 0 : dtype == TL_FLOAT64 ? 1 : dtype == TL_INT64 ? 2 : -1;
}

/// The kernel of the instruction set in use; `loop` is NULL if the operation does not exist for the compute dtype.
const Kernel& unary_kernel(int32_t op, int32_t compute);
const Kernel& binary_kernel(int32_t op, int32_t compute);
const Kernel& ternary_kernel(int32_t op, int32_t compute);

} // namespace tl

#endif
