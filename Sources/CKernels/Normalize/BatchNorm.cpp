#include "Normalize/Rows.h"
#include "Scalar/Scalar.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/WidestMoments.h"
#include "include/tl_elementwise.h"
#include "include/tl_normalize.h"
#include <algorithm>

namespace tl {

/// The operands: x [N, C, L], in backward passes also g; y is written. All are of type T and contiguous, in the layout
/// given by `channels_last`.
template <class T>
struct BatchNorm {
    int64_t images, channels, length;
    const T* x;
    int64_t x_image, x_channel;
    const T* g = nullptr;
    int64_t g_image = 0, g_channel = 0;
    T* y = nullptr;
    int64_t y_image = 0, y_channel = 0;
    const T *pivot = nullptr, *scale = nullptr, *slope = nullptr, *shift = nullptr;  // per channel
    double* sums = nullptr;
    bool channels_last = false;
    int64_t rows() const { return images * length; }
};

} // namespace tl

#define TL_KERNEL_BODY "Normalize/BatchNorm.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

namespace {

/// Whether the layout of [N, C, L] is rows [N * L, C], or channels with contiguous L.
bool is_channels_last(const tl_tensor& x) {
    return x.strides[1] == 1 && (x.shape[2] == 1 || x.strides[2] == x.shape[1]) &&
           (x.shape[0] == 1 || x.strides[0] == x.shape[1] * x.shape[2]);
}
bool is_planes(const tl_tensor& x) { return x.strides[2] == 1 || x.shape[2] == 1; }

/// An operand in T and in the required layout, copied if necessary.
template <class T>
class Operand {
  public:
    Operand(const tl_tensor& x, bool channels_last, bool written)
        : written(written), is_direct(x.dtype == dtype_of<T> && (channels_last ? is_channels_last(x) : is_planes(x))),
          copy(is_direct ? none(x) : x, dtype_of<T>, channels_last ? Order::channels_last : Order::row_major),
          tensor(is_direct ? x : copy.tensor) {
        if (!is_direct && !written && tensor.data) copy.read();
    }
    ~Operand() {
        if (!is_direct && written && tensor.data) copy.write_back();
    }
    [[nodiscard]] bool is_missing() const { return copy.is_missing(); }
    T* data() const { return static_cast<T*>(tensor.data); }
    int64_t image() const { return tensor.strides[0]; }
    int64_t channel() const { return tensor.strides[1]; }

  private:
    static tl_tensor none(const tl_tensor& x) { return {nullptr, x.shape, x.strides, 0, x.dtype, TL_DEVICE_CPU}; }
    const bool written, is_direct;
    DenseCopy copy;

  public:
    const tl_tensor tensor;
};

template <class T>
BatchNorm<T> describe(const tl_tensor& shape, const Operand<T>& x, bool channels_last) {
    BatchNorm<T> p{shape.shape[0], shape.shape[1], shape.shape[2], x.data(), x.image(), x.channel()};
    p.channels_last = channels_last;
    return p;
}

/// Computes p.sums [C][2] by channel, or by parts of the rows that depend on the shape only.
template <class T>
void sum_channels(const BatchNorm<T>& p, bool gradient) {
    const int64_t channels = p.channels;
    if (!p.channels_last) {
        const int64_t planes = p.images * channels;
        const Scratch memory(size_t(planes) * sizeof(double[2]));
        if (memory.is_missing()) return;
        auto* const sums = memory.get<double[2]>();
        parallel_for(planes, std::max<int64_t>(1, 16384 / std::max<int64_t>(p.length, 1)),
                     [&](int64_t begin, int64_t end) {
                         if (gradient) TL_DISPATCH(plane_gradient_sums<T>, p, begin, end, sums);
                         else TL_DISPATCH(plane_moments<T>, p, begin, end, sums);
                     });
        std::fill_n(p.sums, 2 * channels, 0.0);
        for (int64_t plane = 0; plane < planes; plane++)
            for (int i = 0; i < 2; i++) p.sums[plane % channels * 2 + i] += sums[plane][i];
        return;
    }
    const int64_t rows = p.rows(), parts = std::clamp<int64_t>(rows / 128, 1, 16);
    const Scratch memory(size_t(parts * channels * 2) * (sizeof(double) + sizeof(T)));
    if (memory.is_missing()) return;
    double* const totals = memory.get<double>();
    T* const runs = reinterpret_cast<T*>(totals + parts * channels * 2);
    std::fill_n(totals, parts * channels * 2, 0.0);
    parallel_for(parts, std::max<int64_t>(1, 16384 * parts / std::max<int64_t>(rows * channels, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; part++) {
            const int64_t first = rows * part / parts, last = rows * (part + 1) / parts, at = part * channels * 2;
            if (gradient) TL_DISPATCH(channels_last_gradient_sums<T>, p, first, last, runs + at, totals + at);
            else TL_DISPATCH(channels_last_moments<T>, p, first, last, runs + at, totals + at);
        }
    });
    for (int64_t c = 0; c < channels; c++)
        for (int i = 0; i < 2; i++) {
            double total = 0;
            for (int64_t part = 0; part < parts; part++) total += totals[(part * 2 + i) * channels + c];
            p.sums[2 * c + i] = total;
        }
}

/// The median of nine elements spread over a channel, as pivot: a typical value even if the first element or a border
/// of zeros is far from the others. 0 for an infinity, whose difference from itself is NaN.
template <class T>
T median_of_sample(const BatchNorm<T>& p, int64_t channel) {
    const int64_t count = p.rows(), step = p.channels_last ? p.channels : 1;
    const int sample = int(std::min<int64_t>(count, 9));
    T values[9] = {};
    for (int k = 0; k < sample; k++) {
        const int64_t row = (2 * k + 1) * count / (2 * sample);
        const T value = p.x[row / p.length * p.x_image + channel * p.x_channel + row % p.length * step];
        int position = k;
        for (; position > 0 && values[position - 1] > value; position--) values[position] = values[position - 1];
        values[position] = value;
    }
    const T middle = values[sample / 2];
    return middle - middle == 0 ? middle : T(0);
}

/// The rounding error of a mean converted to T; 0 for infinities.
template <class T>
double rest_of_mean(double mean) {
    const double rest = mean - double(T(mean));
    return rest - rest == 0 ? rest : 0;
}

template <class T>
void affine(const BatchNorm<T>& p) {
    if (p.channels_last)
        parallel_for(p.rows(), std::max<int64_t>(1, 16384 / p.channels),
                     [&](int64_t begin, int64_t end) { TL_DISPATCH(channels_last_affine<T>, p, begin, end); });
    else
        parallel_for(p.images * p.channels, std::max<int64_t>(1, 16384 / std::max<int64_t>(p.length, 1)),
                     [&](int64_t begin, int64_t end) { TL_DISPATCH(plane_affine<T>, p, begin, end); });
}

} // namespace

} // namespace tl

void tl_batch_norm_statistics(const tl_tensor* x, double epsilon, double momentum, const tl_tensor* mean,
                              const tl_tensor* rstd, const tl_tensor* running_mean, const tl_tensor* running_var) {
    TL_FORWARD(x, batch_norm_statistics, (x, epsilon, momentum, mean, rstd, running_mean, running_var));
    using namespace tl;
    const int64_t channels = x->shape[1], count = x->shape[0] * x->shape[2];
    if (channels == 0) return;
    with_compute_type(x->dtype, [&]<class T>(T) {
        const bool channels_last = is_channels_last(*x);
        const Operand<T> in(*x, channels_last, false);
        const Vector<double> means(mean, true);
        const Vector<T> rstds(rstd, true), old_mean(running_mean), old_variance(running_var);
        const Scratch memory(size_t(channels) * (2 * sizeof(double) + sizeof(T)));
        if (any_missing(in, means, rstds, old_mean, old_variance, memory)) return;
        BatchNorm<T> p = describe(*x, in, channels_last);
        p.sums = memory.get<double>();
        T* const pivot = reinterpret_cast<T*>(p.sums + 2 * channels);
        for (int64_t c = 0; c < channels; c++)
            pivot[c] = median_of_sample(p, c);
        p.pivot = pivot;
        sum_channels(p, false);
        for (int64_t c = 0; c < channels; c++) {
            const double shift = p.sums[2 * c] / double(count);
            double average = double(pivot[c]) + shift;
            long double spread = p.sums[2 * c + 1] / double(count) - shift * shift;
            // float64 squares that overflowed or underflowed are recomputed.
            if constexpr (sizeof(T) == 8)
                if (!squares_are_in_range(double(spread))) {
                    const T* const x = p.x + c * p.x_channel;
                    const int64_t step = channels_last ? channels : 1;
                    const WidestMoments moments = widest_moments(
                        count, [&](int64_t i) { return x[i / p.length * p.x_image + i % p.length * step]; });
                    average = double(moments.mean), spread = moments.variance;
                }
            // std::max would hide NaN, which infinities also cause.
            if (spread < 0) spread = 0;
            means.get()[c] = average;
            rstds.get()[c] = T(1 / __builtin_sqrtl(spread + epsilon));
            if (running_mean) old_mean.get()[c] += T(momentum * (average - double(old_mean.get()[c])));
            if (running_var) {
                const double unbiased = double(spread * double(count) / double(count > 1 ? count - 1 : 1));
                old_variance.get()[c] += T(momentum * (unbiased - double(old_variance.get()[c])));
            }
        }
        means.done();
        rstds.done();
        if (running_mean) old_mean.done();
        if (running_var) old_variance.done();
    });
}

void tl_batch_norm_evaluation(const tl_tensor* running_mean, const tl_tensor* running_var, double epsilon,
                              const tl_tensor* mean, const tl_tensor* rstd) {
    TL_FORWARD(rstd, batch_norm_evaluation, (running_mean, running_var, epsilon, mean, rstd));
    tl_copy(running_mean, mean);
    tl_copy(running_var, rstd);
    for (int64_t c = 0; c < rstd->shape[0]; ++c)
        if (rstd->dtype == TL_FLOAT64)
            static_cast<double*>(rstd->data)[c] += epsilon;
        else
            static_cast<float*>(rstd->data)[c] += static_cast<float>(epsilon);
    tl_unary(TL_UNARY_RSQRT, rstd->dtype, rstd, rstd, nullptr);
}

void tl_batch_norm_apply(const tl_tensor* x, const tl_tensor* mean, const tl_tensor* rstd, const tl_tensor* weight,
                         const tl_tensor* bias, const tl_tensor* out) {
    TL_FORWARD(out, batch_norm_apply, (x, mean, rstd, weight, bias, out));
    using namespace tl;
    const int64_t channels = x->shape[1];
    if (count_of(*x) == 0) return;
    with_compute_type(x->dtype, [&]<class T>(T) {
        const bool channels_last = is_channels_last(*x);
        const Operand<T> in(*x, channels_last, false), result(*out, channels_last, true);
        const Vector<double> means(mean);
        const Vector<T> rstds(rstd), gain(weight), offset(bias);
        const Scratch memory(size_t(3 * channels) * sizeof(T));
        if (any_missing(in, result, means, rstds, gain, offset, memory)) return;
        T *const scale = memory.get<T>(), *const shift = scale + channels, *const pivot = shift + channels;
        for (int64_t c = 0; c < channels; c++) {
            const double average = means.get()[c];
            scale[c] = rstds.get()[c] * (weight ? gain.get()[c] : T(1));
            shift[c] = (bias ? offset.get()[c] : T(0)) - T(rest_of_mean<T>(average)) * scale[c];
            pivot[c] = T(average);
        }
        BatchNorm<T> p = describe(*x, in, channels_last);
        p.y = result.data(), p.y_image = result.image(), p.y_channel = result.channel();
        p.pivot = pivot, p.scale = scale, p.shift = shift;
        affine(p);
    });
}

void tl_batch_norm_backward(const tl_tensor* grad_out, const tl_tensor* x, const tl_tensor* mean, const tl_tensor* rstd,
                            const tl_tensor* weight, bool training, const tl_tensor* grad_x,
                            const tl_tensor* grad_weight, const tl_tensor* grad_bias) {
    TL_FORWARD(grad_out, batch_norm_backward,
               (grad_out, x, mean, rstd, weight, training, grad_x, grad_weight, grad_bias));
    using namespace tl;
    const int64_t channels = x->shape[1];
    const double count = double(x->shape[0] * x->shape[2]);
    if (channels == 0) return;
    with_compute_type(x->dtype, [&]<class T>(T) {
        const bool channels_last = is_channels_last(*x);
        const Operand<T> in(*x, channels_last, false), gradient(*grad_out, channels_last, false);
        const Vector<double> means(mean);
        const Vector<T> rstds(rstd), gain(weight);
        const Scratch memory(size_t(channels) * (2 * sizeof(double) + 4 * sizeof(T)));
        if (any_missing(in, gradient, means, rstds, gain, memory)) return;
        BatchNorm<T> p = describe(*x, in, channels_last);
        p.g = gradient.data(), p.g_image = gradient.image(), p.g_channel = gradient.channel();
        p.sums = memory.get<double>();
        T *const scale = reinterpret_cast<T*>(p.sums + 2 * channels), *const slope = scale + channels,
                 *const shift = slope + channels, *const pivot = shift + channels;
        for (int64_t c = 0; c < channels; c++) pivot[c] = T(means.get()[c]);
        p.pivot = pivot;
        std::fill_n(p.sums, 2 * channels, 0.0);
        if (training || grad_weight || grad_bias) sum_channels(p, true);
        for (int64_t c = 0; c < channels; c++) p.sums[2 * c + 1] -= rest_of_mean<T>(means.get()[c]) * p.sums[2 * c];
        if (grad_weight) {
            const Vector<T> result(grad_weight, true);
            if (result.is_missing()) return;
            for (int64_t c = 0; c < channels; c++) result.get()[c] = T(p.sums[2 * c + 1] * double(rstds.get()[c]));
            result.done();
        }
        if (grad_bias) {
            const Vector<T> result(grad_bias, true);
            if (result.is_missing()) return;
            for (int64_t c = 0; c < channels; c++) result.get()[c] = T(p.sums[2 * c]);
            result.done();
        }
        if (!grad_x || count == 0) return;
        // weight rstd (g - mean(g) - (x - mean) rstd^2 mean(g (x - mean))), computed as (g + (x - mean) slope + shift)
        // scale, whose factors neither overflow nor underflow.
        for (int64_t c = 0; c < channels; c++) {
            const double inverse = double(rstds.get()[c]), factor = inverse * (weight ? double(gain.get()[c]) : 1);
            scale[c] = T(factor);
            const double steepness = training ? -inverse * (inverse * p.sums[2 * c + 1]) / count : 0;
            slope[c] = T(steepness);
            shift[c] = T(training ? -p.sums[2 * c] / count - rest_of_mean<T>(means.get()[c]) * steepness : 0);
        }
        const Operand<T> result(*grad_x, channels_last, true);
        if (result.is_missing()) return;
        p.y = result.data(), p.y_image = result.image(), p.y_channel = result.channel();
        p.scale = scale, p.slope = slope, p.shift = shift;
        if (!training) {
            p.x = p.g, p.x_image = p.g_image, p.x_channel = p.g_channel, p.g = nullptr;
            std::fill_n(pivot, channels, T(0));
        }
        affine(p);
    });
}
