#include "Support/Sums.kernels.h"

namespace tl::TL_ISA {

/// The mean of x - mean, and the reciprocal of the standard deviation, in float64.
static void wide_moments(const float* x, int64_t n, double epsilon, float mean, float& rest, float& rstd) {
    typedef float Narrow __attribute__((vector_size(32), aligned(4)));
    typedef double Wide __attribute__((vector_size(64)));
    Wide totals = {}, squares = {};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const Wide d = __builtin_convertvector(*reinterpret_cast<const Narrow*>(x + i), Wide) - double(mean);
        totals += d;
        squares += d * d;
    }
    double total = 0, square = 0;
    for (int lane = 0; lane < 8; lane++) total += totals[lane], square += squares[lane];
    for (; i < n; i++) {
        const double d = double(x[i]) - double(mean);
        total += d;
        square += d * d;
    }
    const double shift = total / double(n);
    rest = float(shift);
    rstd = float(1 / square_root(square / double(n) - shift * shift + epsilon));
}

template <class T>
static void layer_norm_rows(const Rows& in, const Rows& out, const T* weight, const T* bias, double epsilon,
                            double* means, T* rstds, int64_t begin, int64_t end) {
    const RowReader<T> read(in);
    const RowWriter<T> write(out);
    if (any_missing(read, write)) return;
    const int64_t n = in.width;
    const double share = 1 / double(n);
    for (int64_t row = begin; row < end; row++) {
        const T* __restrict x = read(row);
        T* __restrict y = write(row);
        // Two passes over a row, which is then in the L1 cache: a large mean causes no cancellation. `rest` is the
        // rounding error of the mean.
        const double average = wide_sum(x, n) * share;
        // A sum that overflowed is computed with mean 0.
        T mean = average - average == 0 ? T(average) : T(0);
        T rest = T(average - double(mean));
        T variance = sum_of<T>(n, [mean](auto& total, const auto& v) { total += (v - mean) * (v - mean); }, x) * T(share) - rest * rest;
        T rstd = 1 / square_root(variance + T(epsilon));
        // float32 has too few digits if the mean is much larger than the deviations. Squares that overflow or underflow are
        // recomputed in a wider type.
        if constexpr (sizeof(T) == 4) {
            if (!(variance > T(1e-6) * mean * mean && variance > T(1e-26) && variance < T(1e37)))
                wide_moments(x, n, epsilon, mean, rest, rstd);
        } else {
            if (!squares_are_in_range(variance)) {
                const WidestMoments moments = widest_moments(n, [x](int64_t i) { return x[i]; });
                mean = double(moments.mean), rest = double(moments.mean - mean);
                rstd = double(1 / __builtin_sqrtl(moments.variance + epsilon));
            }
        }
        const T shift = -rest * rstd;
        means[row] = double(mean) + double(rest);
        rstds[row] = rstd;
        if (weight && bias)
            for (int64_t i = 0; i < n; i++) y[i] = ((x[i] - mean) * rstd + shift) * weight[i] + bias[i];
        else if (weight)
            for (int64_t i = 0; i < n; i++) y[i] = ((x[i] - mean) * rstd + shift) * weight[i];
        else if (bias)
            for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd + shift + bias[i];
        else
            for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd + shift;
        write.done(row);
    }
}

/// result (+)= rstd (g weight - first - (x - mean) slope); without a weight it is 1.
template <bool adds, class T>
static inline void layer_norm_input_row(int64_t n, const T* __restrict g, const T* __restrict x,
                                        const T* __restrict weight, T mean, T rstd, T first, T slope,
                                        T* __restrict result) {
    const auto put = [](T& target, T value) __attribute__((always_inline)) {
        if constexpr (adds) target += value;
        else target = value;
    };
    if (weight)
        for (int64_t i = 0; i < n; i++) put(result[i], rstd * (g[i] * weight[i] - first - (x[i] - mean) * slope));
    else
        for (int64_t i = 0; i < n; i++) put(result[i], rstd * (g[i] - first - (x[i] - mean) * slope));
}

/// With h = (x - mean) rstd and g = grad_out weight:
/// grad_x = rstd (g - mean(g) - h mean(g h)), grad_weight = sum over rows of grad_out h, grad_bias of grad_out.
template <class T>
static void layer_norm_backward_rows(const LayerNormBackward<T>& p, int64_t begin, int64_t end, T* weight_sums,
                                     T* bias_sums) {
    const RowReader<T> read_gradient(p.grad_out), read(p.x);
    const RowWriter<T> write(p.grad_x);
    if (any_missing(read_gradient, read, write)) return;
    const int64_t n = p.x.width;
    for (int64_t row = begin; row < end; row++) {
        const T* __restrict x = read(row);
        const T* __restrict g = read_gradient(row);
        const T mean = T(p.mean[row]), rstd = p.rstd[row];
        // The rounding error of the mean.
        const T rest = T(p.mean[row] - double(mean));
        if (p.wants_x) {
            T* __restrict result = write(row);
            T first, second;
            if (p.weight) {
                first = dot(g, p.weight, n);
                second = sum_of<T>(n, [mean](auto& total, const auto& v, const auto& w, const auto& u) { total += v * w * (u - mean); }, g, p.weight, x);
            } else {
                first = sum(g, n);
                second = sum_of<T>(n, [mean](auto& total, const auto& v, const auto& u) { total += v * (u - mean); }, g, x);
            }
            second -= rest * first;
            const T slope = second * rstd * rstd / T(n);
            first = first / T(n) - rest * slope;
            if (p.adds_x) layer_norm_input_row<true>(n, g, x, p.weight, mean, rstd, first, slope, result);
            else layer_norm_input_row<false>(n, g, x, p.weight, mean, rstd, first, slope, result);
            write.done(row);
        }
        if (weight_sums)
            for (int64_t i = 0; i < n; i++) weight_sums[i] += g[i] * ((x[i] - mean - rest) * rstd);
        if (bias_sums)
            for (int64_t i = 0; i < n; i++) bias_sums[i] += g[i];
    }
}

} // namespace tl::TL_ISA
