// Strided operands of one shape, with dimensions merged to the smallest number that describes the same memory.
#ifndef TL_ITERATION_H
#define TL_ITERATION_H
#include "Support/Convert.h"
#include "include/tl_types.h"
#include <cstdlib>

namespace tl {

constexpr int max_operands = 4;

/// Dimension 0 is the innermost. Dimensions of size 1 are removed. Strides are in elements of each operand.
struct Iteration {
    int rank = 0;
    int operands = 0;
    int64_t count = 1;
    int64_t shape[TL_MAX_RANK];
    int64_t strides[max_operands][TL_MAX_RANK];

    /// The shape is that of the first tensor, dimensions `first` to `last`.
    Iteration(const tl_tensor* const* tensors, int number, int first, int last) : operands(number) {
        for (int d = last - 1; d >= first; --d) {
            const int64_t size = tensors[0]->shape[d];
            count *= size;
            if (size == 1) continue;
            shape[rank] = size;
            for (int k = 0; k < number; ++k) strides[k][rank] = tensors[k]->strides[d];
            ++rank;
        }
    }

    /// Sorts dimensions by the strides of the first operand, then of the others.
    void sort() {
        for (int i = 1; i < rank; ++i)
            for (int j = i; j > 0 && before(j, j - 1); --j) swap(j, j - 1);
    }

    /// Merges neighbouring dimensions that are contiguous for every operand.
    void merge() {
        int kept = 0;
        for (int d = 1; d < rank; ++d) {
            bool joins = true;
            for (int k = 0; k < operands; ++k) joins &= strides[k][d] == strides[k][kept] * shape[kept];
            if (joins) {
                shape[kept] *= shape[d];
            } else {
                ++kept;
                shape[kept] = shape[d];
                for (int k = 0; k < operands; ++k) strides[k][kept] = strides[k][d];
            }
        }
        if (rank > 1) rank = kept + 1;
    }

    void swap(int i, int j) {
        const int64_t size = shape[i];
        shape[i] = shape[j], shape[j] = size;
        for (int k = 0; k < operands; ++k) {
            const int64_t stride = strides[k][i];
            strides[k][i] = strides[k][j], strides[k][j] = stride;
        }
    }

  private:
    bool before(int i, int j) const {
        for (int k = 0; k < operands; ++k) {
            const int64_t a = std::llabs(strides[k][i]), b = std::llabs(strides[k][j]);
            // A broadcast operand has no preference.
            if (a != b && a != 0 && b != 0) return a < b;
        }
        return false;
    }
};

/// Iterates over the indices of dimensions `first` and above, with each operand's offset in elements.
struct StridedIterator {
    const Iteration& iteration;
    int first;
    int64_t index[TL_MAX_RANK];
    int64_t offset[max_operands];

    /// Starts at the flat index `start` of these dimensions.
    StridedIterator(const Iteration& it, int first_dimension, int64_t start) : iteration(it), first(first_dimension) {
        for (int k = 0; k < it.operands; ++k) offset[k] = 0;
        for (int d = first; d < it.rank; ++d) {
            index[d] = start % it.shape[d];
            start /= it.shape[d];
            for (int k = 0; k < it.operands; ++k) offset[k] += index[d] * it.strides[k][d];
        }
    }

    void step() {
        for (int d = first; d < iteration.rank; ++d) {
            for (int k = 0; k < iteration.operands; ++k) offset[k] += iteration.strides[k][d];
            if (++index[d] < iteration.shape[d]) return;
            for (int k = 0; k < iteration.operands; ++k) offset[k] -= iteration.strides[k][d] * iteration.shape[d];
            index[d] = 0;
        }
    }
};

/// Whether the elements are contiguous in row-major order.
inline bool is_contiguous(const tl_tensor& x) {
    int64_t expected = 1;
    for (int d = x.rank - 1; d >= 0; --d) {
        if (x.shape[d] == 1) continue;
        if (x.strides[d] != expected) return false;
        expected *= x.shape[d];
    }
    return true;
}

inline int64_t element_count(const tl_tensor& x) {
    int64_t count = 1;
    for (int d = 0; d < x.rank; ++d) count *= x.shape[d];
    return count;
}

} // namespace tl

#endif
