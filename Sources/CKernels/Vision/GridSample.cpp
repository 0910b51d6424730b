// Sampling of an image at grid points (Jaderberg et al. 2015, "Spatial transformer networks"). A coordinate gives up to
// four taps with weights and their derivatives; the taps of a point are the products of those of its coordinates, and
// all channels share them.
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_vision.h"
#include <algorithm>
#include <cmath>

namespace tl {

namespace {

/// One coordinate of a grid point.
template <class T>
struct Axis {
    int count;
    int64_t indices[4];
    T weights[4], slopes[4];  // slopes: derivatives with respect to the grid coordinate
};

template <class T>
struct Coordinate {
    T value, slope;
};

/// Reflects a coordinate between low / 2 and high / 2.
template <class T>
Coordinate<T> reflect(Coordinate<T> c, int64_t twice_low, int64_t twice_high) {
    if (twice_low == twice_high) return {0, 0};
    const T low = T(twice_low) / 2, span = T(twice_high - twice_low) / 2;
    T sign = 1, distance = c.value - low;
    if (distance < 0) sign = -1, distance = -distance;
    const T extra = std::fmod(distance, span);
    const bool is_even = std::fmod(std::floor(distance / span), T(2)) == 0;
    return is_even ? Coordinate<T>{extra + low, c.slope * sign} : Coordinate<T>{span - extra + low, -c.slope * sign};
}

/// Applies the padding mode to a coordinate.
template <class T>
Coordinate<T> bordered(const tl_grid_params& p, Coordinate<T> c, int64_t size) {
    if (p.border == TL_BORDER_ZEROS) return c;
    if (p.border == TL_BORDER_REFLECTION)
        c = p.align_corners ? reflect(c, 0, 2 * (size - 1)) : reflect(c, -1, 2 * size - 1);
    if (c.value <= 0) return {0, 0};
    if (c.value >= T(size - 1)) return {T(size - 1), 0};
    return c;
}

/// Clamps a coordinate to the range of integers; NaN and distant coordinates become outside.
template <class T>
T clamp_to_integers(T value) {
    return value > T(-1e9) && value < T(1e9) ? value : T(-100);
}

template <class T>
Axis<T> axis(const tl_grid_params& p, T at, int64_t size) {
    Coordinate<T> c{p.align_corners ? (at + 1) / 2 * T(size - 1) : ((at + 1) * T(size) - 1) / 2,
                    p.align_corners ? T(size - 1) / 2 : T(size) / 2};
    Axis<T> result{};
    const auto add = [&](T position, T weight, T slope) {
        if (position < 0 || position >= T(size)) return;
        result.indices[result.count] = int64_t(position);
        result.weights[result.count] = weight;
        result.slopes[result.count++] = slope;
    };
    if (p.mode == TL_SAMPLE_BICUBIC) {
        // Keys' cubic with a = -3/4; the padding mode applies to each of its four taps.
        c.value = clamp_to_integers(c.value);
        const T first = std::floor(c.value), t = c.value - first, a = T(-0.75);
        const auto near = [&](T x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
        const auto far = [&](T x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
        const auto near_slope = [&](T x) { return (3 * (a + 2) * x - 2 * (a + 3)) * x; };
        const auto far_slope = [&](T x) { return (3 * a * x - 10 * a) * x + 8 * a; };
        const T weights[4] = {far(t + 1), near(t), near(1 - t), far(2 - t)};
        const T slopes[4] = {far_slope(t + 1), near_slope(t), -near_slope(1 - t), -far_slope(2 - t)};
        for (int k = 0; k < 4; k++)
            add(std::trunc(bordered(p, Coordinate<T>{first - 1 + T(k), 1}, size).value), weights[k],
                slopes[k] * c.slope);
        return result;
    }
    c = bordered(p, c, size);
    c.value = clamp_to_integers(c.value);
    if (p.mode == TL_SAMPLE_NEAREST) {
        add(std::nearbyint(c.value), 1, 0);
        return result;
    }
    const T first = std::floor(c.value), t = c.value - first;
    add(first, 1 - t, -c.slope);
    add(first + 1, t, c.slope);
    return result;
}

/// The shapes of a call, always with three spatial dimensions, and the taps of one point.
template <class T>
struct Sampler {
    const tl_grid_params& p;
    int spatial;
    int64_t images, channels, points = 1, size[3] = {1, 1, 1}, area;

    Sampler(const tl_grid_params& p, const tl_tensor& x, const tl_tensor& grid)
        : p(p), spatial(x.rank - 2), images(x.shape[0]), channels(x.shape[1]) {
        for (int i = 0; i < spatial; i++) size[3 - spatial + i] = x.shape[i + 2], points *= grid.shape[i + 1];
        area = size[0] * size[1] * size[2];
    }

    static constexpr int most = 64;  // 4 x 4 x 4 of a cubic in three dimensions
    struct Taps {
        int count = 0;
        int64_t indices[most];
        T weights[most], slopes[3][most];  // slopes: with respect to the grid coordinates
    };

    Taps taps(const T* at) const {
        Axis<T> axes[3];
        axes[0] = {1, {0}, {1}, {0}};
        for (int i = 0; i < spatial; i++) axes[2 - i] = axis(p, at[i], size[2 - i]);
        Taps result;
        for (int a = 0; a < axes[0].count; a++)
            for (int b = 0; b < axes[1].count; b++)
                for (int c = 0; c < axes[2].count; c++) {
                    const int n = result.count++;
                    const T u = axes[0].weights[a], v = axes[1].weights[b], w = axes[2].weights[c];
                    result.indices[n] = (axes[0].indices[a] * size[1] + axes[1].indices[b]) * size[2] + axes[2].indices[c];
                    result.weights[n] = u * v * w;
                    result.slopes[0][n] = u * v * axes[2].slopes[c];
                    result.slopes[1][n] = u * axes[1].slopes[b] * w;
                    result.slopes[2][n] = axes[0].slopes[a] * v * w;
                }
        return result;
    }
};

template <class T>
void sample(const tl_grid_params* p, const tl_tensor* x, const tl_tensor* grid, const tl_tensor* out) {
    const Sampler<T> s(*p, *x, *grid);
    const T *image = static_cast<const T*>(x->data), *at = static_cast<const T*>(grid->data);
    T* result = static_cast<T*>(out->data);
    const int64_t work = 16 * (s.channels + 4);
    parallel_for(s.images * s.points, std::max<int64_t>(1, 16384 / work), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
            const int64_t n = i / s.points, point = i % s.points;
            const auto taps = s.taps(at + i * s.spatial);
            const T* plane = image + n * s.channels * s.area;
            T* to = result + n * s.channels * s.points + point;
            for (int64_t c = 0; c < s.channels; c++, plane += s.area) {
                T sum = 0;
                for (int t = 0; t < taps.count; t++) sum += taps.weights[t] * plane[taps.indices[t]];
                to[c * s.points] = sum;
            }
        }
    });
}

template <class T>
void sample_backward(const tl_grid_params* p, const tl_tensor* grad_out, const tl_tensor* x, const tl_tensor* grid,
                     const tl_tensor* grad_x, const tl_tensor* grad_grid) {
    const Sampler<T> s(*p, *x, *grid);
    const T *image = static_cast<const T*>(x->data), *at = static_cast<const T*>(grid->data);
    const T* gradient = static_cast<const T*>(grad_out->data);
    T* to_image = grad_x ? static_cast<T*>(grad_x->data) : nullptr;
    T* to_grid = grad_grid ? static_cast<T*>(grad_grid->data) : nullptr;
    if (to_image) std::fill(to_image, to_image + s.images * s.channels * s.area, T(0));
    // Points of one image may have the same taps, so that an image is the smallest unit of parallel work.
    parallel_for(s.images, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin * s.points; i < end * s.points; i++) {
            const int64_t n = i / s.points, point = i % s.points;
            const auto taps = s.taps(at + i * s.spatial);
            const T* g = gradient + n * s.channels * s.points + point;
            T slopes[3] = {0, 0, 0};
            for (int64_t c = 0; c < s.channels; c++) {
                const int64_t plane = (n * s.channels + c) * s.area;
                const T share = g[c * s.points];
                if (to_image)
                    for (int t = 0; t < taps.count; t++) to_image[plane + taps.indices[t]] += taps.weights[t] * share;
                if (to_grid)
                    for (int d = 0; d < s.spatial; d++)
                        for (int t = 0; t < taps.count; t++)
                            slopes[d] += taps.slopes[d][t] * image[plane + taps.indices[t]] * share;
            }
            if (to_grid) std::copy(slopes, slopes + s.spatial, to_grid + i * s.spatial);
        }
    });
}

bool is_half(const tl_tensor* x) { return compute_dtype(x->dtype) != x->dtype; }

} // namespace

} // namespace tl

void tl_grid_sample(const tl_grid_params* p, const tl_tensor* x, const tl_tensor* grid, const tl_tensor* out) {
    TL_FORWARD(out, grid_sample, (p, x, grid, out));
    using namespace tl;
    if (is_half(x)) {
        DenseCopy image(*x, TL_FLOAT32), points(*grid, TL_FLOAT32), result(*out, TL_FLOAT32);
        if (any_missing(image, points, result)) return;
        image.read();
        points.read();
        sample<float>(p, &image.tensor, &points.tensor, &result.tensor);
        return result.write_back();
    }
    if (x->dtype == TL_FLOAT64) sample<double>(p, x, grid, out);
    else sample<float>(p, x, grid, out);
}

void tl_grid_sample_backward(const tl_grid_params* p, const tl_tensor* grad_out, const tl_tensor* x,
                             const tl_tensor* grid, const tl_tensor* grad_x, const tl_tensor* grad_grid) {
    TL_FORWARD(grad_out, grid_sample_backward, (p, grad_out, x, grid, grad_x, grad_grid));
    using namespace tl;
    if (is_half(x)) {
        DenseCopy gradient(*grad_out, TL_FLOAT32), image(*x, TL_FLOAT32), points(*grid, TL_FLOAT32);
        DenseCopy to_image(grad_x ? *grad_x : *x, TL_FLOAT32), to_grid(grad_grid ? *grad_grid : *grid, TL_FLOAT32);
        if (any_missing(gradient, image, points, to_image, to_grid)) return;
        gradient.read();
        image.read();
        points.read();
        sample_backward<float>(p, &gradient.tensor, &image.tensor, &points.tensor, grad_x ? &to_image.tensor : nullptr,
                               grad_grid ? &to_grid.tensor : nullptr);
        if (grad_x) to_image.write_back();
        if (grad_grid) to_grid.write_back();
        return;
    }
    if (x->dtype == TL_FLOAT64) sample_backward<double>(p, grad_out, x, grid, grad_x, grad_grid);
    else sample_backward<float>(p, grad_out, x, grid, grad_x, grad_grid);
}
