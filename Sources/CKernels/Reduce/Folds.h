// The interface between the kernels and the drivers of reductions.
#ifndef TL_FOLDS_H
#define TL_FOLDS_H
#include "Support/InstructionSets.h"
#include "include/tl_reduce.h"

namespace tl {

/// Reduces pieces of a row to states, and combines states; a state has at most 32 bytes.
struct RowFold {
    int64_t state_size = 0;
    /// The state of `count` (at least 1) contiguous elements of the compute dtype; `position` is the index of the first
    /// element.
    void (*piece)(void* state, const void* x, int64_t count, int64_t position) = nullptr;
    /// Combines the state of later elements with that of earlier ones.
    void (*merge)(void* state, const void* later) = nullptr;
    /// The states of four whole pieces, equal to those of `piece`, read in parallel; NULL if that is not faster.
    void (*four_pieces)(void* const* states, const void* const* x, int64_t count) = nullptr;
};

/// Reduces the rows of a matrix to one row, element by element; the state of a column is one number of the state dtype.
struct ColumnFold {
    int64_t state_size = 0;
    void (*start)(void* into, int64_t count) = nullptr;
    void (*four)(void* into, const void* const* rows, int64_t count) = nullptr;
    void (*one)(void* into, const void* row, int64_t count) = nullptr;
    void (*merge)(void* into, const void* other, int64_t count) = nullptr;
    /// The states of `count` contiguous rows of `length` elements (2 ... `longest_short_row`).
    static constexpr int64_t longest_short_row = 8;
    void (*short_rows)(void* into, const void* x, int64_t length, int64_t count) = nullptr;
    /// As `four`; NULL if that is not faster.
    void (*eight)(void* into, const void* const* rows, int64_t count) = nullptr;
    /// The number of rows that are reduced together if `left` remain.
    int64_t rows_at_once(int64_t left) const { return eight && left >= 8 ? 8 : left >= 4 ? 4 : 1; }
    void fold(void* into, const void* const* rows, int64_t number, int64_t count) const {
        if (number == 8) eight(into, rows, count);
        else if (number == 4) four(into, rows, count);
        else one(into, rows[0], count);
    }
};

struct Fold {
    RowFold row;
    ColumnFold column;
};

/// The states of the two reductions with more than one value. Counts and means are double for every compute dtype. The
/// sum of the squared deviations has a wider type where the CPU has one, because squares of float64 overflow at 1e154.
struct MomentState {
    double count, mean;
    long double squares;
};
template <class T>
struct ExtremeState {
    T value;
    int64_t index;
};
template <class T>
struct ExponentialState {
    T highest, sum; // sum of exp(x - highest), or of exp(x) if the highest is infinite
};

const Fold& fold_kernel(int32_t op, int32_t compute);       // sum, prod, max, min, any, all, sum of squares, logsumexp
/// The dtype of the states: sums of float32 are accumulated in float64.
inline int32_t state_dtype(int32_t op, int32_t compute) {
    const bool is_sum = op == TL_REDUCE_SUM || op == TL_REDUCE_MEAN;
    return is_sum && compute == TL_FLOAT32 ? int32_t(TL_FLOAT64) : compute;
}
const RowFold& extreme_kernel(bool largest, int32_t compute);
const RowFold& moment_kernel(int32_t compute);
/// Converts states of logsumexp to results.
void finish_logsumexp(int32_t compute, const void* states, void* results, int64_t count);
/// results[i] = sqrt(results[i]); floating point.
void square_roots(int32_t compute, void* results, int64_t count);
/// results[i] /= divisor, for float64, in which sums are accumulated.
void divide_results(void* results, int64_t count, double divisor);

} // namespace tl

#endif
