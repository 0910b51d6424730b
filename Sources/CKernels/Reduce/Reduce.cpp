// Reductions with one result.
#include "Reduce/Complex.h"
#include "Reduce/Target.h"
#include "Support/Forward.h"
#include "include/tl_create.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace tl;

namespace {

/// The result of an empty reduction, and its integer form.
struct Empty {
    double real;
    int64_t integer;
};
Empty empty_result(int32_t op) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    switch (op) {
    case TL_REDUCE_PROD:
    case TL_REDUCE_ALL: return {1, 1};
    case TL_REDUCE_MAX: return {-infinity, std::numeric_limits<int64_t>::lowest()};
    case TL_REDUCE_MIN: return {infinity, std::numeric_limits<int64_t>::max()};
    case TL_REDUCE_LOGSUMEXP: return {-infinity, 0};
    case TL_REDUCE_MEAN: return {std::numeric_limits<double>::quiet_NaN(), 0};
    default: return {0, 0};
    }
}

/// Calls body(value) for the elements of one output, starting at `base`.
template <class Body>
void each_element(const Iteration& fold, const char* base, int64_t size, ConvertBlock load, Body&& body) {
    double block[256];
    const int64_t length = fold.rank ? fold.shape[0] : 1, stride = fold.rank ? fold.strides[0][0] : 0;
    StridedIterator iterator(fold, 1, 0);
    for (int64_t run = 0; run < fold.count / length; ++run, iterator.step())
        for (int64_t i = 0; i < length; i += 256) {
            const int64_t count = std::min<int64_t>(256, length - i);
            load(base + (iterator.offset[0] + i * stride) * size, stride, block, 1, count);
            for (int64_t j = 0; j < count; ++j) body(block[j]);
        }
}

/// Reduces an output again, element by element in float64, if the fast reduction overflowed or underflowed: a float32
/// sum that is not finite, or a norm whose squares may exceed the range of their dtype.
struct RescaledFold {
    int32_t op, compute;
    const Iteration& fold;
    const char* x;
    int64_t size;
    ConvertBlock load;

    RescaledFold(int32_t op, int32_t compute, const Iteration& fold, const tl_tensor& x)
        : op(op), compute(compute), fold(fold), x(static_cast<const char*>(x.data)), size(size_of_dtype(x.dtype)),
          load(convert_block(x.dtype, TL_FLOAT64)) {}

    /// Checks the `results` of outputs whose first elements are at `offset`, `offset + stride`, ...
    void repair_sums(void* results, int64_t count, int64_t offset, int64_t stride) const {
        if ((op != TL_REDUCE_SUM && op != TL_REDUCE_MEAN) || compute != TL_FLOAT32) return;
        constexpr double largest = std::numeric_limits<double>::max();
        repair(static_cast<double*>(results), -largest, largest, count,
               [&](int64_t i) { return sum(x + (offset + i * stride) * size); });
    }
    void repair_norms(void* results, int64_t count, int64_t offset, int64_t stride) const {
        if (op != TL_REDUCE_NORM) return;
        const auto recompute = [&](int64_t i) { return norm(x + (offset + i * stride) * size); };
        // Between the bounds, lost squares are too small to affect the result.
        if (compute == TL_FLOAT32) repair(static_cast<float*>(results), 1e-15f, 1e18f, count, recompute);
        else repair(static_cast<double*>(results), 1e-140, 1e150, count, recompute);
    }

  private:
    template <class T, class Recompute>
    static void repair(T* results, T low, T high, int64_t count, Recompute&& recompute) {
        int outside = 0;
        for (int64_t i = 0; i < count; ++i) outside |= !(results[i] >= low) | !(results[i] <= high);
        if (!outside) return;
        for (int64_t i = 0; i < count; ++i)
            if (!(results[i] >= low && results[i] <= high)) results[i] = static_cast<T>(recompute(i));
    }

    double sum(const char* base) const {
        double total = 0;
        each_element(fold, base, size, load, [&](double value) { total += value; });
        return total;
    }

    /// The elements are scaled by a power of two near the largest magnitude, so that their squares neither overflow nor
    /// underflow.
    double norm(const char* base) const {
        double largest = 0;
        each_element(fold, base, size, load, [&](double value) {
            if (!(std::fabs(value) <= largest) && largest == largest) largest = std::fabs(value);
        });
        if (largest == 0 || largest - largest != 0) return largest;
        int exponent;
        std::frexp(largest, &exponent);
        double total = 0;
        each_element(fold, base, size, load, [&](double value) {
            const double scaled = std::ldexp(value, -exponent);
            total += scaled * scaled;
        });
        return std::ldexp(std::sqrt(total), exponent);
    }
};

} // namespace

void tl_reduce(int32_t op, int32_t compute, const tl_tensor* x, int32_t reduced, const tl_tensor* out) {
    TL_FORWARD(out, reduce, (op, compute, x, reduced, out));
    if (is_complex(compute)) return reduce_complex(op, *x, reduced, *out);
    const int split = x->rank - reduced;
    const tl_tensor* tensors[] = {x, out};
    Iteration kept(tensors, 2, 0, split), fold(tensors, 1, split, x->rank);
    if (kept.count == 0) return;
    if (fold.count == 0) {
        const Empty empty = empty_result(op);
        return tl_fill(out, empty.real, empty.integer);
    }
    kept.sort();
    kept.merge();
    fold.sort();
    fold.merge();
    const Fold& kernel = fold_kernel(op, compute);
    const int32_t state = state_dtype(op, compute);
    const Target result = target(*out, 1, state);
    const RescaledFold rescaled(op, compute, fold, *x);
    const int64_t stride = kept.rank ? kept.strides[0][0] : 0;
    const auto finish = [&](char* states, int64_t count, const StridedIterator& iterator, int64_t first) {
        const int64_t offset = iterator.offset[0] + first * stride;
        rescaled.repair_sums(states, count, offset, stride);
        if (op == TL_REDUCE_MEAN) divide_results(states, count, static_cast<double>(fold.count));
        if (op == TL_REDUCE_NORM) square_roots(compute, states, count);
        rescaled.repair_norms(states, count, offset, stride);
        if (op == TL_REDUCE_LOGSUMEXP) finish_logsumexp(compute, states, states, count);
        result.write(kept, iterator, first, states, count);
    };
    if (kernel.column.one && ColumnDriver::supports(kept, fold))
        ColumnDriver(kept, fold, kernel.column, *x, compute).run(finish);
    else if (kernel.column.one && ShortRowDriver::supports(kept, fold))
        ShortRowDriver(kept, fold, kernel.column, *x, compute).run(finish);
    else
        RowDriver(kept, fold, kernel.row, *x, compute).run(finish);
}
