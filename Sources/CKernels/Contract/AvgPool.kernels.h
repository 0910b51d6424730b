#include "Contract/Pool.kernels.h"

namespace tl::TL_ISA {

/// The number of elements of a window that are counted along one dimension.
static inline int64_t pool_span(const Pool& p, int d, int64_t position) {
    const int64_t begin = position * p.stride[d] - p.padding[d], end = begin + p.kernel[d];
    const int64_t low = p.count_include_pad ? -p.padding[d] : 0;
    const int64_t high = p.count_include_pad ? p.in[d] + p.padding[d] : p.in[d];
    const int64_t length = (end > high ? high : end) - (begin < low ? low : begin);
    return length > 0 ? length : 0;
}

/// The divisor of the average over the window at these indices.
static inline int64_t pool_divisor(const Pool& p, int64_t i, int64_t j, int64_t k) {
    return p.divisor ? p.divisor : pool_span(p, 0, i) * pool_span(p, 1, j) * pool_span(p, 2, k);
}

/// The divisors of a range of results in a row. The factors of the last dimension are reused from row to row.
template <class T>
class RowDivisors {
  public:
    explicit RowDivisors(const Pool& p) : p(p) {}
    /// The divisor of result first + k is of_row * of_column[k].
    void prepare(int64_t i, int64_t j, int64_t first, int64_t count) {
        of_row = T(p.divisor ? p.divisor : pool_span(p, 0, i) * pool_span(p, 1, j));
        if (first == ready) return;
        for (int64_t k = 0; k < count; k++) of_column[k] = T(p.divisor ? 1 : pool_span(p, 2, first + k));
        ready = first;
    }
    T of_row = 1, of_column[pool_row];

  private:
    const Pool& p;
    int64_t ready = -1;
};

/// Whether the sums of windows need more precision than the dtype of the elements has.
static inline bool has_large_windows(const Pool& p) { return p.window() > 64; }

template <class T, class Sum>
static void average_planes(const Pool& p, int64_t begin, int64_t end) {
    RowDivisors<T> divisors(p);
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels, step = p.stride[2] * p.x.step[2];
        const T* x = static_cast<const T*>(p.x.data) + n * p.x.image + c * p.x.channel;
        T* y = static_cast<T*>(p.y.data) + n * p.y.image + c * p.y.channel;
        each_row(p, [&](int64_t i, int64_t j, int64_t first, int64_t count) {
            divisors.prepare(i, j, first, count);
            /// Whether all averages are finite.
            const auto average = [&]<class Total>(Total) {
                Total sum[pool_row];
                for (int64_t k = 0; k < count; k++) sum[k] = 0;
                each_row_tap(p, i, j, first, count, [&](int64_t from, int64_t to, int64_t offset, int64_t) {
                    for (int64_t k = from; k < to; k++) sum[k] += x[offset + (k - from) * step];
                });
                T spoilt = 0;
                for (int64_t k = 0; k < count; k++) {
                    const T result = T(sum[k] / (divisors.of_row * divisors.of_column[k]));
                    y[i * p.y.step[0] + j * p.y.step[1] + (first + k) * p.y.step[2]] = result;
                    spoilt += result - result;
                }
                return spoilt == 0;
            };
            // Sums that overflow are formed again.
            if (!average(Sum()) && !std::is_same_v<Sum, WideSum<T>>) average(WideSum<T>());
        });
    }
}

template <class T>
static void average_pool_planes(const Pool& p, int64_t begin, int64_t end) {
    if (has_large_windows(p)) average_planes<T, WideSum<T>>(p, begin, end);
    else average_planes<T, T>(p, begin, end);
}

template <class T, class Sum>
static void average_channels(const Pool& p, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
        const int64_t j = row % p.out[1], i = row / p.out[1] % p.out[0], n = row / (p.out[1] * p.out[0]);
        for (int64_t k = 0; k < p.out[2]; k++) {
            const T divisor = T(pool_divisor(p, i, j, k));
            T* y = static_cast<T*>(p.y.data) + n * p.y.image + i * p.y.step[0] + j * p.y.step[1] + k * p.y.step[2];
            for (int64_t c = 0; c < p.channels; c += pool_channels) {
                const int64_t count = p.channels - c < pool_channels ? p.channels - c : pool_channels;
                const T* x = static_cast<const T*>(p.x.data) + n * p.x.image + c;
                /// Whether all averages are finite.
                const auto average = [&]<class Total>(Total) {
                    Total sum[pool_channels] = {};
                    each_tap(p, i, j, k, [&](int64_t offset, int64_t) {
                        for (int64_t s = 0; s < count; s++) sum[s] += x[offset + s];
                    });
                    T spoilt = 0;
                    for (int64_t s = 0; s < count; s++) {
                        y[c + s] = T(sum[s] / divisor);
                        spoilt += y[c + s] - y[c + s];
                    }
                    return spoilt == 0;
                };
                // Sums that overflow are formed again.
                if (!average(Sum()) && !std::is_same_v<Sum, WideSum<T>>) average(WideSum<T>());
            }
        }
    }
}

template <class T>
static void average_pool_channels(const Pool& p, int64_t begin, int64_t end) {
    if (has_large_windows(p)) average_channels<T, WideSum<T>>(p, begin, end);
    else average_channels<T, T>(p, begin, end);
}

/// grad_x must be zero.
template <class T>
static void average_pool_backward_planes(const Pool& p, int64_t begin, int64_t end) {
    RowDivisors<T> divisors(p);
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels, step = p.stride[2] * p.x.step[2];
        T* x = static_cast<T*>(p.x.data) + n * p.x.image + c * p.x.channel;
        const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + c * p.y.channel;
        each_row(p, [&](int64_t i, int64_t j, int64_t first, int64_t count) {
            divisors.prepare(i, j, first, count);
            T share[pool_row];
            for (int64_t k = 0; k < count; k++)
                share[k] = y[i * p.y.step[0] + j * p.y.step[1] + (first + k) * p.y.step[2]] /
                           (divisors.of_row * divisors.of_column[k]);
            each_row_tap(p, i, j, first, count, [&](int64_t from, int64_t to, int64_t offset, int64_t) {
                for (int64_t k = from; k < to; k++) x[offset + (k - from) * step] += share[k];
            });
        });
    }
}

/// Channels-last: whole images; grad_x must be zero.
template <class T>
static void average_pool_backward_channels(const Pool& p, int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++)
        each_position(p, [&](int64_t i, int64_t j, int64_t k) {
            T* x = static_cast<T*>(p.x.data) + n * p.x.image;
            const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + i * p.y.step[0] + j * p.y.step[1] +
                         k * p.y.step[2];
            const T divisor = T(pool_divisor(p, i, j, k));
            each_tap(p, i, j, k, [&](int64_t offset, int64_t) {
                for (int64_t c = 0; c < p.channels; c++) x[offset + c] += y[c] / divisor;
            });
        });
}

} // namespace tl::TL_ISA
