#include "Support/Sums.kernels.h"

namespace tl::TL_ISA {

template <class T>
static void cross_entropy_rows(const Rows& in, const CrossEntropy<T>& c, T* losses, T* weights, T* logsumexp,
                               int64_t begin, int64_t end) {
    const RowReader<T> read(in);
    if (read.is_missing()) return;
    const int64_t n = in.width;
    for (int64_t row = begin; row < end; row++) {
        const T* x = read(row);
        T top;
        const T total = log_sum_exp(x, n, &top);
        logsumexp[row] = total;
        const int64_t target = c.target(row);
        if (target == c.ignore_index) {
            losses[row] = weights[row] = 0;
            continue;
        }
        const T weight = c.weight ? c.weight[target] : T(1);
        T loss = (1 - c.smoothing) * weight * (total - x[target]);
        // The label smoothing term: the sum of weight[c] * (total - x[c]).
        if (c.smoothing != 0)
            loss += c.smoothing / T(n) *
                    (c.weight ? c.weight_sum * total - dot(c.weight, x, n) : T(n) * total - sum(x, n));
        losses[row] = loss;
        weights[row] = weight;
    }
}

/// With p the softmax, t the target and s the smoothing: d loss / d x_c = a p_c - b [c = t] - s/n w_c, where
/// b = (1 - s) w_t and a = b + s/n sum(w).
template <class T>
static void cross_entropy_backward_rows(const Rows& in, const Rows& out, const CrossEntropy<T>& c, const T* scale,
                                        const T* logsumexp, int64_t begin, int64_t end) {
    const RowReader<T> read(in);
    const RowWriter<T> write(out);
    if (any_missing(read, write)) return;
    const int64_t n = in.width;
    for (int64_t row = begin; row < end; row++) {
        T* result = write(row);
        const int64_t target = c.target(row);
        // Targets are checked in the forward pass; those of a recorded graph from a file may be out of range.
        if (target == c.ignore_index || target < 0 || target >= n) {
            for (int64_t i = 0; i < n; i++) result[i] = 0;
        } else {
            const T* x = read(row);
            const T b = scale[row] * (1 - c.smoothing) * (c.weight ? c.weight[target] : T(1));
            const T uniform = scale[row] * c.smoothing / T(n);
            const T a = b + uniform * (c.weight ? c.weight_sum : T(n)), total = logsumexp[row];
            if (c.smoothing == 0)
                for (int64_t i = 0; i < n; i++) result[i] = a * exponential(x[i] - total);
            else if (!c.weight)
                for (int64_t i = 0; i < n; i++) result[i] = a * exponential(x[i] - total) - uniform;
            else
                for (int64_t i = 0; i < n; i++) result[i] = a * exponential(x[i] - total) - uniform * c.weight[i];
            result[target] -= b;
        }
        write.done(row);
    }
}

} // namespace tl::TL_ISA
