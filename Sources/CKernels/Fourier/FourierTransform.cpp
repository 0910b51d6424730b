// The C interface of tl_fourier.h.
#include "Fourier/Transform.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <algorithm>
#include <cmath>
#include <vector>

using namespace tl;

namespace {

/// Up to `transform_lanes` rows of x and of out, by the offsets of their first elements.
struct Group {
    int64_t count;
    int64_t from[transform_lanes], to[transform_lanes];

    /// Whether these are as many rows as are transformed at once, which begin at neighbouring elements.
    bool is_columns() const {
        return count == transform_lanes && are_neighbours(from, count) && are_neighbours(to, count);
    }
    /// Whether the rows begin at neighbouring elements.
    static bool are_neighbours(const int64_t* offsets, int64_t count) {
        for (int64_t l = 1; l < count; ++l)
            if (offsets[l] != offsets[0] + l) return false;
        return true;
    }
};

/// The rows of x and of out along their last dimension.
struct Rows {
    const tl_tensor &x, &out;
    const tl_tensor* tensors[2];
    const Iteration outer;
    const int64_t x_step, out_step;

    Rows(const tl_tensor& x, const tl_tensor& out)
        : x(x), out(out), tensors{&x, &out}, outer(tensors, 2, 0, x.rank - 1), x_step(x.strides[x.rank - 1]),
          out_step(out.strides[out.rank - 1]) {}

    /// Calls body(group, scratch) for all rows, in groups of at most `most_lanes`, with scratch memory of `size` numbers of T.
    /// With one lane and fewer rows than threads, each transform uses all threads.
    template <class T, class Body>
    void each(int64_t length, int64_t most_lanes, int64_t size, Body&& body) const {
        const int64_t threads = tl_num_threads();
        int64_t lanes = std::clamp<int64_t>(outer.count / threads, 1, most_lanes);
        // All lanes are computed, so that few rows are faster one by one.
        if (lanes < 4) lanes = 1;
        const auto run = [&](int64_t begin, int64_t end) {
            const Scratch memory(size_t(size) * sizeof(T));
            if (memory.is_missing()) return;
            StridedIterator iterator(outer, 0, begin * lanes);
            for (int64_t i = begin; i < end; ++i) {
                Group group{std::min(lanes, outer.count - i * lanes), {}, {}};
                for (int64_t l = 0; l < group.count; ++l, iterator.step())
                    group.from[l] = iterator.offset[0], group.to[l] = iterator.offset[1];
                body(group, memory.get<T>());
            }
        };
        const int64_t groups = (outer.count + lanes - 1) / lanes, work = length * lanes * 8;
        if (most_lanes == 1 && outer.count < threads) run(0, groups);
        else parallel_for(groups, std::max<int64_t>(1, 65536 / std::max<int64_t>(work, 1)), run);
    }
};

/// Numbers in lanes: number i of row l is at i * width + l of the split arrays, or at positions[i] * width + l.
template <class T>
struct Lanes {
    T *re, *im;
    int64_t width;
    const int32_t* positions = nullptr;

    /// The width for a group: rows one by one are not padded.
    static int64_t width_of(const Group& group) { return group.count == 1 ? 1 : transform_lanes; }
};

/// Rows are transposed in tiles that stay in the L1 cache.
constexpr int64_t tile_width = 32, tile_row = tile_width + 16, tile_size = 2 * transform_lanes * tile_row;

/// Loads `count` pairs of each row, which are `step` pairs apart. Offsets are in units of T.
template <class T>
void load_pairs(const T* base, const Group& group, int64_t unit, int64_t step, int64_t count, Lanes<T> to, T* tile) {
    using Kernels = FourierKernels<T>;
    if (group.count == 1) {
        const T* from = base + group.from[0] * unit;
        if (step == 1) return Kernels::split(from, count, to.re, to.im);
        for (int64_t i = 0; i < count; ++i) to.re[i] = from[2 * i * step], to.im[i] = from[2 * i * step + 1];
        return;
    }
    if (unit == 2 && Group::are_neighbours(group.from, group.count))
        return Kernels::load_columns(base + 2 * group.from[0], step, count, group.count, to.re, to.im);
    if (group.count < transform_lanes) {
        std::fill_n(to.re, count * transform_lanes, T(0));
        std::fill_n(to.im, count * transform_lanes, T(0));
    }
    int64_t done = 0;
    if (step == 1 && group.count == transform_lanes) {
        const T* starts[transform_lanes];
        for (int64_t l = 0; l < transform_lanes; ++l) starts[l] = base + group.from[l] * unit;
        done = Kernels::load_rows(starts, count, to.re, to.im);
    }
    T *re = tile, *im = tile + transform_lanes * tile_row;
    for (int64_t first = done; first < count; first += tile_width) {
        const int64_t n = std::min(tile_width, count - first);
        for (int64_t l = 0; l < group.count; ++l) {
            const T* from = base + group.from[l] * unit + 2 * first * step;
            T *to_r = re + l * tile_row, *to_i = im + l * tile_row;
            if (step == 1) Kernels::split(from, n, to_r, to_i);
            else
                for (int64_t i = 0; i < n; ++i) to_r[i] = from[2 * i * step], to_i[i] = from[2 * i * step + 1];
        }
        const int64_t at = first * transform_lanes;
        transpose_block(sizeof(T), re, tile_row, to.re + at, transform_lanes, n, group.count);
        transpose_block(sizeof(T), im, tile_row, to.im + at, transform_lanes, n, group.count);
    }
}

template <class T>
void store_pairs(Lanes<T> from, const Group& group, int64_t unit, int64_t step, int64_t count, T factor, T* base, T* tile) {
    using Kernels = FourierKernels<T>;
    if (group.count == 1) {
        T* to = base + group.to[0] * unit;
        if (step == 1) return Kernels::join(from.re, from.im, count, factor, to);
        for (int64_t i = 0; i < count; ++i) to[2 * i * step] = from.re[i] * factor, to[2 * i * step + 1] = from.im[i] * factor;
        return;
    }
    if (unit == 2 && Group::are_neighbours(group.to, group.count))
        return Kernels::store_columns(from.re, from.im, from.positions, count, group.count, factor, base + 2 * group.to[0], step);
    int64_t done = 0;
    if (step == 1 && group.count == transform_lanes) {
        T* starts[transform_lanes];
        for (int64_t l = 0; l < transform_lanes; ++l) starts[l] = base + group.to[l] * unit;
        done = Kernels::store_rows(from.re, from.im, from.positions, count, factor, starts);
    }
    T *re = tile, *im = tile + transform_lanes * tile_row;
    for (int64_t first = done; first < count; first += tile_width) {
        const int64_t n = std::min(tile_width, count - first), at = first * transform_lanes;
        const T *numbers_re = from.re + at, *numbers_im = from.im + at;
        T ordered[2][tile_width * transform_lanes];
        if (from.positions) {
            for (int64_t i = 0; i < n; ++i) {
                const int64_t source = from.positions[first + i] * transform_lanes;
                std::copy_n(from.re + source, transform_lanes, ordered[0] + i * transform_lanes);
                std::copy_n(from.im + source, transform_lanes, ordered[1] + i * transform_lanes);
            }
            numbers_re = ordered[0], numbers_im = ordered[1];
        }
        transpose_block(sizeof(T), numbers_re, transform_lanes, re, tile_row, group.count, n);
        transpose_block(sizeof(T), numbers_im, transform_lanes, im, tile_row, group.count, n);
        for (int64_t l = 0; l < group.count; ++l) {
            const T *from_r = re + l * tile_row, *from_i = im + l * tile_row;
            T* to = base + group.to[l] * unit + 2 * first * step;
            if (step == 1) Kernels::join(from_r, from_i, n, factor, to);
            else
                for (int64_t i = 0; i < n; ++i) to[2 * i * step] = from_r[i] * factor, to[2 * i * step + 1] = from_i[i] * factor;
        }
    }
}

/// Transforms one row, or `transform_lanes` rows.
template <class T>
typename Transform<T>::Split run(const Transform<T>& plan, T* re, T* im, int64_t lanes, T* scratch) {
    return lanes == transform_lanes ? plan.run_lanes(re, im, scratch) : plan.run(re, im, lanes, scratch);
}

template <class T>
void complex_to_complex(const tl_tensor& x, const tl_tensor& out, bool inverse, double scale) {
    const int64_t n = x.shape[x.rank - 1];
    const auto plan = transform_of<T>(n);
    if (!plan) return;
    const Rows rows(x, out);
    const T* const source = static_cast<const T*>(x.data);
    T* const target = static_cast<T*>(out.data);
    const int64_t width = plan->lanes(), tile_count = width == 1 ? 0 : tile_size;
    const int64_t size = (plan->is_long() ? 0 : 2 * n * width + tile_count) + plan->group_scratch_size();
    rows.each<T>(n, width, size, [&](const Group& group, T* scratch) {
        // The inverse transform is the forward transform with exchanged real and imaginary parts.
        if (plan->is_long())
            return plan->run_long(Numbers<const T>::pairs(source + 2 * group.from[0], rows.x_step, inverse),
                                  Numbers<T>::pairs(target + 2 * group.to[0], rows.out_step, inverse), T(scale), scratch);
        if (group.is_columns() && plan->runs_columns())
            return plan->run_columns(source + 2 * group.from[0], rows.x_step, target + 2 * group.to[0], rows.out_step, inverse, T(scale),
                                     scratch);
        const int64_t lanes = Lanes<T>::width_of(group);
        T *re = scratch, *im = re + n * lanes, *tile = im + n * lanes, *rest = tile + tile_count;
        load_pairs(source, group, 2, rows.x_step, n, Lanes<T>{re, im, lanes}, tile);
        const auto result = run(*plan, inverse ? im : re, inverse ? re : im, lanes, rest);
        const Lanes<T> numbers{inverse ? result.im : result.re, inverse ? result.re : result.im, lanes, result.positions};
        store_pairs(numbers, group, 2, rows.out_step, n, T(scale), target, tile);
    });
}

/// A tensor with one dimension moved to the end.
struct Moved {
    int64_t shape[TL_MAX_RANK], strides[TL_MAX_RANK];
    tl_tensor tensor;

    Moved(const tl_tensor& x, int dimension) : tensor(x) {
        for (int i = 0, to = 0; i < x.rank; ++i) {
            const int at = i == dimension ? x.rank - 1 : to++;
            shape[at] = x.shape[i], strides[at] = x.strides[i];
        }
        tensor.shape = shape;
        tensor.strides = strides;
    }
};

/// Transforms the last `dims` dimensions, the last one first.
template <class T>
void along_each(const tl_tensor& x, const tl_tensor& out, int dims, bool inverse, double scale) {
    for (int i = 1; i <= dims; ++i)
        complex_to_complex<T>(Moved(i == 1 ? x : out, x.rank - i).tensor, Moved(out, x.rank - i).tensor, inverse,
                              i == 1 ? scale : 1);
}

/// Transforms the last `dims` dimensions. Small images are transformed one by one, so that those after the first dimension are
/// read from the cache.
template <class T>
void along_dimensions(const tl_tensor& x, const tl_tensor& out, int dims, bool inverse, double scale) {
    constexpr int64_t cached = 1 << 20;  // bytes
    const int batch = x.rank - dims;
    const tl_tensor* const tensors[2] = {&x, &out};
    const Iteration images(tensors, 2, 0, batch);
    const int64_t bytes = element_count(x) / images.count * size_of_dtype(x.dtype);
    if (dims == 1 || images.count < tl_num_threads() || bytes > cached)
        return along_each<T>(x, out, dims, inverse, scale);
    parallel_for(images.count, 1, [&](int64_t begin, int64_t end) {
        StridedIterator iterator(images, 0, begin);
        const auto image = [&](const tl_tensor& tensor, int64_t offset) {
            return tl_tensor{static_cast<char*>(tensor.data) + offset * size_of_dtype(tensor.dtype), tensor.shape + batch,
                             tensor.strides + batch, dims, tensor.dtype, tensor.device};
        };
        for (int64_t i = begin; i < end; ++i, iterator.step())
            along_each<T>(image(x, iterator.offset[0]), image(out, iterator.offset[1]), dims, inverse, scale);
    });
}

/// Calls body(begin, end) for the numbers of a transform on all threads, or in one call.
template <class Body>
void each_number(int64_t count, bool on_all_threads, Body&& body) {
    if (on_all_threads) parallel_for(count, 8192, body);
    else body(int64_t(0), count);
}

/// How n real numbers are transformed: as n / 2 complex numbers where n is even.
template <class T>
struct RealTransform {
    const int64_t n, numbers, kept;  // real numbers; complex numbers that are transformed; numbers of the half that is kept
    const bool is_even;
    const std::shared_ptr<const Transform<T>> plan;
    const T* const roots;  // the factors that combine the halves; NULL for odd n
    const bool is_missing;  // whether memory for the plan could not be allocated, which is noted
    const int64_t width, tile_count, scratch_count;

    explicit RealTransform(int64_t n)
        : n(n), numbers(n % 2 == 0 ? n / 2 : n), kept(n / 2 + 1), is_even(n % 2 == 0), plan(transform_of<T>(numbers)),
          roots(is_even && plan ? plan->real_roots() : nullptr), is_missing(!plan || (is_even && !roots)),
          width(is_missing ? 1 : plan->lanes()), tile_count(width == 1 ? 0 : tile_size),
          scratch_count(is_missing ? 0 : 4 * (numbers + 1) * width + tile_count + plan->group_scratch_size()) {}

    /// The parts of the scratch memory for a group of rows. Arrays of complex numbers have one more than are transformed.
    struct Arrays {
        int64_t lanes, count;
        T *re, *im, *half_re, *half_im, *tile, *rest;
    };
    Arrays arrays(const Group& group, T* scratch) const {
        const int64_t lanes = Lanes<T>::width_of(group), count = (numbers + 1) * lanes;
        T* const tile = scratch + 4 * count;
        return {lanes, count, scratch, scratch + count, scratch + 2 * count, scratch + 3 * count, tile, tile + tile_count};
    }
};

template <class T>
void real_to_complex(const tl_tensor& x, const tl_tensor& out, double scale) {
    using Kernels = FourierKernels<T>;
    const RealTransform<T> real(x.shape[x.rank - 1]);
    if (real.is_missing) return;
    const Rows rows(x, out);
    const T* const source = static_cast<const T*>(x.data);
    T* const target = static_cast<T*>(out.data);
    rows.each<T>(real.n, real.width, real.scratch_count, [&](const Group& group, T* scratch) {
        const auto [lanes, count, re, im, half_re, half_im, tile, rest] = real.arrays(group, scratch);
        const bool is_even = real.is_even;
        typename Transform<T>::Split z{re, im};
        if (is_even && rows.x_step == 1) {
            if (real.plan->is_long()) {
                real.plan->run_long(Numbers<const T>::pairs(source + group.from[0], 1, false), {re, im, 1}, 1, rest);
            } else {
                load_pairs(source, group, 1, 1, real.numbers, Lanes<T>{re, im, lanes}, tile);
                z = run(*real.plan, re, im, lanes, rest);
            }
        } else {
            if (group.count < lanes) std::fill_n(re, 2 * count, T(0));
            for (int64_t i = 0; i < real.numbers; ++i)
                for (int64_t l = 0; l < group.count; ++l) {
                    const T* from = source + group.from[l];
                    re[i * lanes + l] = from[(is_even ? 2 * i : i) * rows.x_step];
                    im[i * lanes + l] = is_even ? from[(2 * i + 1) * rows.x_step] : 0;
                }
            z = run(*real.plan, re, im, lanes, rest);
        }
        if (is_even) {
            each_number(real.numbers + 1, real.width == 1, [&](int64_t begin, int64_t end) {
                Kernels::combine_halves(z.re, z.im, z.positions, real.roots, real.numbers, begin, end, lanes, half_re, half_im);
            });
            z = {half_re, half_im};
        }
        store_pairs(Lanes<T>{z.re, z.im, lanes, z.positions}, group, 2, rows.out_step, real.kept, T(scale), target, tile);
    });
}

template <class T>
void complex_to_real(const tl_tensor& x, const tl_tensor& out, double scale) {
    using Kernels = FourierKernels<T>;
    const RealTransform<T> real(out.shape[out.rank - 1]);
    if (real.is_missing) return;
    const Rows rows(x, out);
    const T* const source = static_cast<const T*>(x.data);
    T* const target = static_cast<T*>(out.data);
    rows.each<T>(real.n, real.width, real.scratch_count, [&](const Group& group, T* scratch) {
        const auto [lanes, count, re, im, half_re, half_im, tile, rest] = real.arrays(group, scratch);
        const bool is_even = real.is_even;
        load_pairs(source, group, 2, rows.x_step, real.kept, Lanes<T>{half_re, half_im, lanes}, tile);
        // The imaginary parts of the first number, and of the one in the middle, are not used.
        std::fill_n(half_im, lanes, T(0));
        if (is_even) {
            std::fill_n(half_im + real.numbers * lanes, lanes, T(0));
            each_number(real.numbers, real.width == 1, [&](int64_t begin, int64_t end) {
                Kernels::separate_halves(half_re, half_im, real.roots, real.numbers, begin, end, lanes, re, im);
            });
        } else {
            std::copy_n(half_re, lanes, re);
            std::fill_n(im, lanes, T(0));
            for (int64_t k = 1; k < real.kept; ++k)
                for (int64_t l = 0; l < lanes; ++l) {
                    const int64_t from = k * lanes + l, mirrored = (real.n - k) * lanes + l;
                    re[from] = re[mirrored] = half_re[from];
                    im[from] = half_im[from];
                    im[mirrored] = -half_im[from];
                }
        }
        // The inverse transform, by exchanged parts.
        const auto z = run(*real.plan, im, re, lanes, rest);
        if (is_even && rows.out_step == 1)
            return store_pairs(Lanes<T>{z.im, z.re, lanes, z.positions}, group, 1, 1, real.numbers, T(scale), target, tile);
        for (int64_t i = 0; i < real.numbers; ++i) {
            const int64_t at = (z.positions ? z.positions[i] : i) * lanes;
            for (int64_t l = 0; l < group.count; ++l) {
                T* to = target + group.to[l];
                to[(is_even ? 2 * i : i) * rows.out_step] = z.im[at + l] * T(scale);
                if (is_even) to[(2 * i + 1) * rows.out_step] = z.re[at + l] * T(scale);
            }
        }
    });
}

} // namespace

void tl_fft_complex(const tl_tensor* x, const tl_tensor* out, int32_t dims, bool inverse, double scale) {
    TL_FORWARD(out, fft_complex, (x, out, dims, inverse, scale));
    if (element_count(*x) == 0) return;
    if (x->dtype == TL_COMPLEX128) along_dimensions<double>(*x, *out, dims, inverse, scale);
    else along_dimensions<float>(*x, *out, dims, inverse, scale);
}

void tl_fft_from_real(const tl_tensor* x, const tl_tensor* out, double scale) {
    TL_FORWARD(out, fft_from_real, (x, out, scale));
    if (element_count(*x) == 0) return;
    if (x->dtype == TL_FLOAT64) real_to_complex<double>(*x, *out, scale);
    else real_to_complex<float>(*x, *out, scale);
}

void tl_fft_to_real(const tl_tensor* x, const tl_tensor* out, double scale) {
    TL_FORWARD(out, fft_to_real, (x, out, scale));
    if (element_count(*out) == 0) return;
    if (out->dtype == TL_FLOAT64) complex_to_real<double>(*x, *out, scale);
    else complex_to_real<float>(*x, *out, scale);
}
