#include "Support/Sums.kernels.h"

// There are two layouts: `plane` kernels read x [N, C, L] with contiguous L, channel by channel; `side` kernels read
// channels-last x as rows [N * L, C], part by part.
namespace tl::TL_ISA {

/// The float64 sum by add(total, x[i], g[i]), for squares and products that overflow in float32.
template <class T, class Add>
static double wide_sum_of(int64_t n, Add&& add, const T* x, const T* g) {
    double total = 0;
    for (int64_t i = 0; i < n; i++) add(total, double(x[i]), double(g[i]));
    return total;
}

/// Two sums over each of the channels begin ..< end of N * C, by `first` and `second`, into sums[channel]. Short runs
/// are summed in T, the runs in double.
template <class T, class First, class Second>
static inline void plane_sums(const BatchNorm<T>& p, int64_t begin, int64_t end, double (*sums)[2], First first,
                              Second second) {
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels;
        const T* x = p.x + n * p.x_image + c * p.x_channel;
        const T* g = p.g ? p.g + n * p.g_image + c * p.g_channel : x;
        const T pivot = p.pivot[c];
        sums[plane][0] = sums[plane][1] = 0;
        for (int64_t i = 0; i < p.length; i += 1024) {
            const int64_t count = p.length - i < 1024 ? p.length - i : 1024;
            sums[plane][0] += double(sum_of<T>(count, first(pivot), x + i, g + i));
            T other = sum_of<T>(count, second(pivot), x + i, g + i);
            double wide = double(other);
            if (!(other - other == 0)) wide = wide_sum_of(count, second(double(pivot)), x + i, g + i);
            sums[plane][1] += wide;
        }
    }
}

/// Sums of x - pivot and its square; the pivot avoids the cancellation of a mean far from zero.
template <class T>
static void plane_moments(const BatchNorm<T>& p, int64_t begin, int64_t end, double (*sums)[2]) {
    plane_sums(
        p, begin, end, sums,
        [](auto pivot) { return [pivot](auto& total, const auto& x, const auto&) { total += x - pivot; }; },
        [](auto pivot) {
            return [pivot](auto& total, const auto& x, const auto&) { total += (x - pivot) * (x - pivot); };
        });
}

/// Sums of g and g (x - mean), with the mean as pivot.
template <class T>
static void plane_gradient_sums(const BatchNorm<T>& p, int64_t begin, int64_t end, double (*sums)[2]) {
    plane_sums(
        p, begin, end, sums,
        [](T) { return [](auto& total, const auto&, const auto& g) { total += g; }; },
        [](auto mean) { return [mean](auto& total, const auto& x, const auto& g) { total += g * (x - mean); }; });
}

/// out = (x - pivot) * scale + shift, or in backward passes out = (g + (x - pivot) * slope + shift) * scale, for the
/// channels begin ..< end of N * C. The pivot avoids the cancellation of a mean far from zero.
template <class T>
static void plane_affine(const BatchNorm<T>& p, int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels;
        const T* __restrict x = p.x + n * p.x_image + c * p.x_channel;
        T* __restrict y = p.y + n * p.y_image + c * p.y_channel;
        const T scale = p.scale[c], shift = p.shift[c], pivot = p.pivot[c];
        if (p.g) {
            const T* __restrict g = p.g + n * p.g_image + c * p.g_channel;
            const T slope = p.slope[c];
            for (int64_t i = 0; i < p.length; i++) y[i] = (g[i] + ((x[i] - pivot) * slope + shift)) * scale;
        } else {
            for (int64_t i = 0; i < p.length; i++) y[i] = (x[i] - pivot) * scale + shift;
        }
    }
}

/// For rows begin ..< end and all channels: adds to sums[channel] and sums[channels + channel].
template <class T, bool gradient>
static inline void channels_last_sums(const BatchNorm<T>& p, int64_t begin, int64_t end, T* run, double* sums) {
    const int64_t channels = p.channels;
    T *__restrict first = run, *__restrict second = run + channels;
    const T* __restrict pivot = p.pivot;
    for (int64_t block = begin; block < end; block += 32) {
        const int64_t stop = block + 32 < end ? block + 32 : end;
        for (int64_t c = 0; c < 2 * channels; c++) run[c] = 0;
        for (int64_t row = block; row < stop; row++) {
            const T* __restrict x = p.x + row * channels;
            if constexpr (gradient) {
                const T* __restrict g = p.g + row * channels;
                for (int64_t c = 0; c < channels; c++) {
                    first[c] += g[c];
                    second[c] += g[c] * (x[c] - pivot[c]);
                }
            } else {
                for (int64_t c = 0; c < channels; c++) {
                    const T d = x[c] - pivot[c];
                    first[c] += d;
                    second[c] += d * d;
                }
            }
        }
        for (int64_t c = 0; c < channels; c++) {
            sums[c] += double(first[c]);
            double wide = double(second[c]);
            if (!(wide - wide == 0)) {
                // Squares and products overflowed in float32.
                wide = 0;
                for (int64_t row = block; row < stop; row++) {
                    const double d = double(p.x[row * channels + c]) - double(pivot[c]);
                    wide += gradient ? double(p.g[row * channels + c]) * d : d * d;
                }
            }
            sums[channels + c] += wide;
        }
    }
}

template <class T>
static void channels_last_moments(const BatchNorm<T>& p, int64_t begin, int64_t end, T* run, double* sums) {
    channels_last_sums<T, false>(p, begin, end, run, sums);
}

template <class T>
static void channels_last_gradient_sums(const BatchNorm<T>& p, int64_t begin, int64_t end, T* run, double* sums) {
    channels_last_sums<T, true>(p, begin, end, run, sums);
}

template <class T>
static void channels_last_affine(const BatchNorm<T>& p, int64_t begin, int64_t end) {
    const int64_t channels = p.channels;
    const T *__restrict scale = p.scale, *__restrict shift = p.shift, *__restrict slope = p.slope,
               *__restrict pivot = p.pivot;
    for (int64_t row = begin; row < end; row++) {
        const T* __restrict x = p.x + row * channels;
        T* __restrict y = p.y + row * channels;
        if (p.g) {
            const T* __restrict g = p.g + row * channels;
            for (int64_t c = 0; c < channels; c++) y[c] = (g[c] + ((x[c] - pivot[c]) * slope[c] + shift[c])) * scale[c];
        } else {
            for (int64_t c = 0; c < channels; c++) y[c] = (x[c] - pivot[c]) * scale[c] + shift[c];
        }
    }
}

} // namespace tl::TL_ISA
