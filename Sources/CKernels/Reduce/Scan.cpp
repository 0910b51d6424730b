// Cumulative operations. Each step waits for the one before it, so there is nothing to vectorise: rows are shared over
// the threads, and floating-point sums and products are carried in double precision.
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "include/tl_reduce.h"

using namespace tl;

namespace {

constexpr int64_t block = 512;

/// The operation on one row; `T` is double or int64, sums and products of integers wrap.
template <class T>
struct Scanner {
    int32_t op;
    T carried{};
    int64_t index = 0;

    T join(T a, T b) const {
        if constexpr (sizeof(T) == 8 && T(0.5) == T(0)) {
            const uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
            return static_cast<T>(op == TL_SCAN_SUM ? x + y : x * y);
        } else {
            return op == TL_SCAN_SUM ? a + b : a * b;
        }
    }

    /// Of equal extremes the later counts, and NaN is the most extreme.
    bool replaces(T value) const {
        if (value != value) return true;
        return op == TL_SCAN_MAX ? value >= carried : value <= carried;
    }

    void run(T* values, int64_t* indices, int64_t position, int64_t count) {
        const bool extreme = op == TL_SCAN_MAX || op == TL_SCAN_MIN;
        for (int64_t i = 0; i < count; ++i) {
            if (position + i == 0) {
                carried = values[i];
            } else if (extreme) {
                if (replaces(values[i])) {
                    carried = values[i];
                    index = position + i;
                }
            } else {
                carried = join(carried, values[i]);
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
    const auto at = [&](const tl_tensor* tensor, const Walker& walker, int k, int64_t start) {
        const int64_t stride = last < 0 ? 0 : tensor->strides[last];
        return static_cast<char*>(tensor->data) + (walker.offset[k] + start * stride) * size_of_dtype(tensor->dtype);
    };
    const auto stride = [&](const tl_tensor* tensor) { return last < 0 ? 1 : tensor->strides[last]; };
    parallel_for(rows.count, std::max<int64_t>(1, 8192 / length), [&](int64_t begin, int64_t end) {
        T values[block];
        int64_t positions[block];
        Walker walker(rows, 0, begin);
        for (int64_t row = begin; row < end; ++row, walker.step()) {
            Scanner<T> scanner{op};
            for (int64_t start = 0; start < length; start += block) {
                const int64_t n = std::min(block, length - start);
                load(at(x, walker, 0, start), stride(x), values, 1, n);
                scanner.run(values, positions, start, n);
                store(values, 1, at(out, walker, 1, start), stride(out), n);
                if (indices) store_index(positions, 1, at(indices, walker, 2, start), stride(indices), n);
            }
        }
    });
}

} // namespace

void tl_scan(int32_t op, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices) {
    if (compute_dtype(x->dtype) == TL_INT64)
        scan<int64_t>(op, TL_INT64, x, out, indices);
    else
        scan<double>(op, TL_FLOAT64, x, out, indices);
}
