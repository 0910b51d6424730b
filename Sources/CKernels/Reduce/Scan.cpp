#include "Reduce/Complex.h"
#include "Reduce/ScanRows.h"
#include <cmath>

using namespace tl;

namespace {

/// Maxima, minima and log-sum-exp of one row; `T` is double or int64.
template <class T>
struct Scanner {
    int32_t op;
    T carried{};
    int64_t index = 0;

    /// log(e^a + e^b) without overflow: the larger exponent is factored out. Equal infinities have no difference.
    static double log_add_exp(double a, double b) {
        if (a == b) return a + 0.69314718055994530942;
        const double top = a > b ? a : b, low = a > b ? b : a;
        return top + std::log1p(std::exp(low - top));
    }

    /// Of equal extremes the later is used, and NaN exceeds all numbers.
    bool replaces(T value) const {
        if (value != value) return true;
        return op == TL_SCAN_MAX ? value >= carried : value <= carried;
    }

    void run(T* values, int64_t* indices, int64_t position, int64_t count) {
        const bool extreme = op == TL_SCAN_MAX || op == TL_SCAN_MIN;
        for (int64_t i = 0; i < count; ++i) {
            if (position + i == 0) {
                // log(e^-0) is 0, not -0.
                carried = op == TL_SCAN_LOGSUMEXP ? values[i] + T(0) : values[i];
            } else if (extreme) {
                if (replaces(values[i])) {
                    carried = values[i];
                    index = position + i;
                }
            } else {
                carried = static_cast<T>(log_add_exp(static_cast<double>(carried), static_cast<double>(values[i])));
            }
            values[i] = carried;
            indices[i] = index;
        }
    }
};

template <class T>
void scan(int32_t op, int32_t compute, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices) {
    const tl_tensor* tensors[] = {x, out, indices};
    const int number = indices ? 3 : 2, last = x->rank - 1;
    const Iteration rows(tensors, number, 0, last < 0 ? 0 : last);
    const int64_t length = last < 0 ? 1 : x->shape[last];
    if (rows.count == 0 || length == 0) return;
    const ConvertBlock load = convert_block(x->dtype, compute), store = convert_block(compute, out->dtype);
    const ConvertBlock store_index = convert_block(TL_INT64, TL_INT64);
    parallel_for(rows.count, std::max<int64_t>(1, 8192 / length), [&](int64_t begin, int64_t end) {
        T values[scan_block];
        int64_t positions[scan_block];
        StridedIterator iterator(rows, 0, begin);
        for (int64_t row = begin; row < end; ++row, iterator.step()) {
            Scanner<T> scanner{op};
            for (int64_t start = 0; start < length; start += scan_block) {
                const int64_t n = std::min(scan_block, length - start);
                load(row_start(x, iterator, 0, start), row_stride(x), values, 1, n);
                scanner.run(values, positions, start, n);
                store(values, 1, row_start(out, iterator, 1, start), row_stride(out), n);
                if (indices) store_index(positions, 1, row_start(indices, iterator, 2, start), row_stride(indices), n);
            }
        }
    });
}

/// Sums and products of several rows in parallel, to hide the latency of the dependent steps.
template <class T, class Join>
void scan_interleaved(int32_t compute, const tl_tensor* x, const tl_tensor* out, T first, Join&& join) {
    constexpr int lanes = 4;
    const tl_tensor* tensors[] = {x, out};
    const int last = x->rank - 1;
    const Iteration rows(tensors, 2, 0, last < 0 ? 0 : last);
    const int64_t length = last < 0 ? 1 : x->shape[last];
    if (rows.count == 0 || length == 0) return;
    const ConvertBlock load = convert_block(x->dtype, compute), store = convert_block(compute, out->dtype);
    parallel_for(rows.count, std::max<int64_t>(1, 8192 / length), [&](int64_t begin, int64_t end) {
        T values[lanes][scan_block];
        StridedIterator iterator(rows, 0, begin);
        for (int64_t row = begin; row < end; row += lanes) {
            const int count = static_cast<int>(std::min<int64_t>(lanes, end - row));
            char *from[lanes], *to[lanes];
            for (int k = 0; k < count; ++k, iterator.step()) {
                from[k] = row_start(x, iterator, 0, 0);
                to[k] = row_start(out, iterator, 1, 0);
            }
            for (int k = count; k < lanes; ++k) std::fill_n(values[k], scan_block, first);
            T carried[lanes] = {first, first, first, first};
            for (int64_t start = 0; start < length; start += scan_block) {
                const int64_t n = std::min(scan_block, length - start);
                for (int k = 0; k < count; ++k)
                    load(from[k] + start * row_stride(x) * size_of_dtype(x->dtype), row_stride(x), values[k], 1, n);
                for (int64_t i = 0; i < n; ++i)
                    for (int k = 0; k < lanes; ++k) values[k][i] = carried[k] = join(carried[k], values[k][i]);
                for (int k = 0; k < count; ++k)
                    store(values[k], 1, to[k] + start * row_stride(out) * size_of_dtype(out->dtype), row_stride(out), n);
            }
        }
    });
}

} // namespace

void tl_scan(int32_t op, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices) {
    TL_FORWARD(out, scan, (op, x, out, indices));
    if (is_complex(x->dtype)) return scan_complex(op, *x, *out);
    const bool whole = compute_dtype(x->dtype) == TL_INT64;
    // -0 is the neutral element of floating-point addition.
    if (op == TL_SCAN_SUM && !whole)
        return scan_interleaved(TL_FLOAT64, x, out, -0.0, [](double a, double b) { return a + b; });
    if (op == TL_SCAN_PROD && !whole)
        return scan_interleaved(TL_FLOAT64, x, out, 1.0, [](double a, double b) { return a * b; });
    if (op == TL_SCAN_SUM)
        return scan_interleaved(TL_INT64, x, out, uint64_t(0), [](uint64_t a, uint64_t b) { return a + b; });
    if (op == TL_SCAN_PROD)
        return scan_interleaved(TL_INT64, x, out, uint64_t(1), [](uint64_t a, uint64_t b) { return a * b; });
    if (whole && op != TL_SCAN_LOGSUMEXP)
        scan<int64_t>(op, TL_INT64, x, out, indices);
    else
        scan<double>(op, TL_FLOAT64, x, out, indices);
}
