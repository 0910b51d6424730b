// Cumulative operations. Each step depends on the previous one, so that threads share rows, sums and products of
// several rows run in parallel, and floating-point ones are accumulated in double precision.
#ifndef TL_SCAN_ROWS_H
#define TL_SCAN_ROWS_H
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "include/tl_reduce.h"
#include <algorithm>

namespace tl {

constexpr int64_t scan_block = 512; // elements of a row per iteration

/// The address of element `start` in the row of the iterator.
inline char* row_start(const tl_tensor* tensor, const StridedIterator& iterator, int k, int64_t start) {
    const int64_t stride = tensor->rank < 1 ? 0 : tensor->strides[tensor->rank - 1];
    return static_cast<char*>(tensor->data) + (iterator.offset[k] + start * stride) * size_of_dtype(tensor->dtype);
}

inline int64_t row_stride(const tl_tensor* tensor) { return tensor->rank < 1 ? 1 : tensor->strides[tensor->rank - 1]; }

} // namespace tl

#endif
