// The C interface of tl_fourier.h.
#include "Fourier/Transform.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include <cmath>
#include <vector>

using namespace tl;

namespace {

/// The rows of x and of out along their last dimension, visited in parallel.
struct Rows {
    const tl_tensor &x, &out;
    const tl_tensor* tensors[2];
    const Iteration outer;
    const int64_t x_step, out_step;

    Rows(const tl_tensor& x, const tl_tensor& out)
        : x(x), out(out), tensors{&x, &out}, outer(tensors, 2, 0, x.rank - 1), x_step(x.strides[x.rank - 1]),
          out_step(out.strides[out.rank - 1]) {}

    /// Calls body(first element of the row of x, of out, scratch) for all rows, with scratch memory of `size` numbers
    /// of T. For a single long transform, the transform itself uses all threads.
    template <class T, class Body>
    void each(int64_t length, int64_t size, Body&& body) const {
        const int64_t work = length * 32, grain = std::max<int64_t>(1, 65536 / std::max<int64_t>(work, 1));
        const auto run = [&](int64_t begin, int64_t end) {
            std::vector<T> memory(static_cast<size_t>(size));
            StridedIterator iterator(outer, 0, begin);
            for (int64_t i = begin; i < end; ++i, iterator.step())
                body(static_cast<char*>(x.data) + iterator.offset[0] * size_of_dtype(x.dtype),
                     static_cast<char*>(out.data) + iterator.offset[1] * size_of_dtype(out.dtype), memory.data());
        };
        if (outer.count < tl_num_threads() && length >= 32768) run(0, outer.count);
        else parallel_for(outer.count, grain, [&](int64_t begin, int64_t end) { run(begin, end); });
    }
};

/// Copies `count` pairs at a distance of `step` pairs to split arrays, and the reverse.
template <class T>
void load_pairs(const T* from, int64_t step, int64_t count, T* re, T* im) {
    if (step == 1) return FourierKernels<T>::split(from, count, re, im);
    for (int64_t i = 0; i < count; ++i) re[i] = from[2 * i * step], im[i] = from[2 * i * step + 1];
}
template <class T>
void store_pairs(const T* re, const T* im, int64_t count, T factor, T* to, int64_t step) {
    if (step == 1) return FourierKernels<T>::join(re, im, count, factor, to);
    for (int64_t i = 0; i < count; ++i) to[2 * i * step] = re[i] * factor, to[2 * i * step + 1] = im[i] * factor;
}

template <class T>
void complex_to_complex(const tl_tensor& x, const tl_tensor& out, bool inverse, double scale) {
    const int64_t n = x.shape[x.rank - 1];
    const auto plan = transform_of<T>(n);
    const Rows rows(x, out);
    rows.each<T>(n, 2 * n + plan->scratch_size(), [&](char* from, char* to, T* scratch) {
        T *re = scratch, *im = scratch + n;
        load_pairs(reinterpret_cast<const T*>(from), rows.x_step, n, re, im);
        // The inverse transform is the forward transform with exchanged real and imaginary parts.
        plan->run(inverse ? im : re, inverse ? re : im, scratch + 2 * n);
        store_pairs(re, im, n, T(scale), reinterpret_cast<T*>(to), rows.out_step);
    });
}

/// e^(-2 pi i k / n) for k = 0 ... n / 2, the factors that combine the halves of real transforms.
template <class T>
std::vector<T> half_roots(int64_t n) {
    std::vector<T> roots;
    for (int64_t k = 0; k <= n / 2; ++k) {
        const double angle = -2 * 3.14159265358979323846 * (double(k) / double(n));
        roots.push_back(T(std::cos(angle)));
        roots.push_back(T(std::sin(angle)));
    }
    return roots;
}

/// An even number of real numbers is transformed as half as many complex numbers.
template <class T>
void real_to_complex(const tl_tensor& x, const tl_tensor& out, double scale) {
    const int64_t n = x.shape[x.rank - 1], h = n % 2 == 0 ? n / 2 : n, kept = n / 2 + 1;
    const bool is_even = n % 2 == 0;
    const auto plan = transform_of<T>(h);
    const std::vector<T> roots = is_even ? half_roots<T>(n) : std::vector<T>();
    const Rows rows(x, out);
    rows.each<T>(n, 4 * (h + 1) + plan->scratch_size(), [&](char* from, char* to, T* scratch) {
        T *re = scratch, *im = re + h + 1, *yr = im + h + 1, *yi = yr + h + 1, *rest = yi + h + 1;
        const T* source = reinterpret_cast<const T*>(from);
        if (!is_even) {
            for (int64_t i = 0; i < n; ++i) re[i] = source[i * rows.x_step], im[i] = 0;
            plan->run(re, im, rest);
            return store_pairs(re, im, kept, T(scale), reinterpret_cast<T*>(to), rows.out_step);
        }
        for (int64_t i = 0; i < h; ++i) re[i] = source[2 * i * rows.x_step], im[i] = source[(2 * i + 1) * rows.x_step];
        plan->run(re, im, rest);
        re[h] = re[0], im[h] = im[0];
        for (int64_t k = 0; k <= h; ++k) {
            const T sum_re = re[k] + re[h - k], sum_im = im[k] - im[h - k];
            const T difference_re = re[k] - re[h - k], difference_im = im[k] + im[h - k];
            const T wr = roots[size_t(2 * k)], wi = roots[size_t(2 * k + 1)];
            // (sum - i w difference) / 2
            yr[k] = (sum_re + (wr * difference_im + wi * difference_re)) / 2;
            yi[k] = (sum_im - (wr * difference_re - wi * difference_im)) / 2;
        }
        store_pairs(yr, yi, kept, T(scale), reinterpret_cast<T*>(to), rows.out_step);
    });
}

template <class T>
void complex_to_real(const tl_tensor& x, const tl_tensor& out, double scale) {
    const int64_t n = out.shape[out.rank - 1], h = n % 2 == 0 ? n / 2 : n, kept = n / 2 + 1;
    const bool is_even = n % 2 == 0;
    const auto plan = transform_of<T>(h);
    const std::vector<T> roots = is_even ? half_roots<T>(n) : std::vector<T>();
    const Rows rows(x, out);
    rows.each<T>(n, 4 * (h + 1) + plan->scratch_size(), [&](char* from, char* to, T* scratch) {
        T *xr = scratch, *xi = xr + h + 1, *re = xi + h + 1, *im = re + h + 1, *rest = im + h + 1;
        T* target = reinterpret_cast<T*>(to);
        load_pairs(reinterpret_cast<const T*>(from), rows.x_step, kept, xr, xi);
        xi[0] = 0;
        if (!is_even) {
            re[0] = xr[0], im[0] = 0;
            for (int64_t k = 1; k < kept; ++k)
                re[k] = re[n - k] = xr[k], im[k] = xi[k], im[n - k] = -xi[k];
            plan->run(im, re, rest);
            for (int64_t i = 0; i < n; ++i) target[i * rows.out_step] = re[i] * T(scale);
            return;
        }
        xi[h] = 0;
        for (int64_t k = 0; k < h; ++k) {
            const T sum_re = xr[k] + xr[h - k], sum_im = xi[k] - xi[h - k];
            const T difference_re = xr[k] - xr[h - k], difference_im = xi[k] + xi[h - k];
            const T wr = roots[size_t(2 * k)], wi = -roots[size_t(2 * k + 1)];
            // sum + i difference / w
            const T turned_re = wr * difference_re - wi * difference_im, turned_im = wr * difference_im + wi * difference_re;
            re[k] = sum_re - turned_im;
            im[k] = sum_im + turned_re;
        }
        plan->run(im, re, rest);
        for (int64_t i = 0; i < h; ++i) {
            target[2 * i * rows.out_step] = re[i] * T(scale);
            target[(2 * i + 1) * rows.out_step] = im[i] * T(scale);
        }
    });
}

} // namespace

void tl_fft_complex(const tl_tensor* x, const tl_tensor* out, bool inverse, double scale) {
    TL_FORWARD(out, fft_complex, (x, out, inverse, scale));
    if (element_count(*x) == 0) return;
    if (x->dtype == TL_COMPLEX128) complex_to_complex<double>(*x, *out, inverse, scale);
    else complex_to_complex<float>(*x, *out, inverse, scale);
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
