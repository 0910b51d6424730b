// Stockham's algorithm for lengths with small factors, a matrix of such transforms for long lengths, and Bluestein's
// convolution for lengths with large prime factors.
#include "Fourier/Transform.h"
#include "Support/Convert.h"
#include "Support/Parallel.h"
#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>

namespace tl {
namespace {

constexpr int64_t largest_radix = 31;
/// The length from which the numbers are transformed as a matrix, whose columns and rows fit in the caches.
constexpr int64_t long_transform = 32768;
constexpr int64_t block = 16;

/// e^(-2 pi i turn / length), reduced to an eighth of the circle so that equal angles give equal numbers.
void root_of_one(int64_t turn, int64_t length, double& re, double& im) {
    const double angle = -2 * 3.14159265358979323846 * (double(turn % length) / double(length));
    re = std::cos(angle);
    im = std::sin(angle);
}

/// The factors of a length, in the order of their passes: as many factors 8 as possible, then 4, 2, 3, 5 and the
/// remaining prime factors.
std::vector<int64_t> factors_of(int64_t n) {
    std::vector<int64_t> factors;
    int twos = 0;
    while (n % 2 == 0) n /= 2, ++twos;
    while (twos >= 3 && twos != 4) factors.push_back(8), twos -= 3;
    while (twos >= 2) factors.push_back(4), twos -= 2;
    if (twos == 1) factors.push_back(2);
    for (int64_t p = 3; p * p <= n; p += 2)
        while (n % p == 0) factors.push_back(p), n /= p;
    if (n > 1) factors.push_back(n);
    return factors;
}

/// The smallest length of at least n without prime factors above 5.
int64_t good_length(int64_t n) {
    int64_t best = 1;
    while (best < n) best *= 2;
    for (int64_t five = 1; five < best; five *= 5)
        for (int64_t three = five; three < best; three *= 3) {
            int64_t length = three;
            while (length < n) length *= 2;
            best = std::min(best, length);
        }
    return best;
}

} // namespace

template <class T>
Transform<T>::Transform(int64_t length) : length(length) {
    const std::vector<int64_t> factors = factors_of(length);
    const int64_t largest = factors.empty() ? 1 : *std::max_element(factors.begin(), factors.end());
    if (largest > largest_radix) plan_convolution();
    else if (length >= long_transform && factors.size() > 1) plan_rows_and_columns(factors);
    else plan_passes(factors);
}

template <class T>
void Transform<T>::plan_passes(const std::vector<int64_t>& factors) {
    int64_t rest = length, neighbours = 1;
    for (const int64_t radix : factors) {
        const int64_t groups = rest / radix;
        Pass pass{radix, groups, neighbours, int64_t(tables.size()), 0};
        for (int64_t j = 1; j < radix; ++j)
            for (int part = 0; part < 2; ++part)
                for (int64_t p = 0; p < groups; ++p) {
                    double parts[2];
                    root_of_one(p * j, rest, parts[0], parts[1]);
                    tables.push_back(T(parts[part]));
                }
        pass.roots = int64_t(tables.size());
        for (int part = 0; part < 2; ++part)
            for (int64_t k = 0; k < radix; ++k) {
                double parts[2];
                root_of_one(k, radix, parts[0], parts[1]);
                tables.push_back(T(parts[part]));
            }
        passes.push_back(pass);
        rest = groups;
        neighbours *= radix;
    }
    scratch_count = 2 * length;
}

template <class T>
void Transform<T>::plan_rows_and_columns(const std::vector<int64_t>& factors) {
    int64_t height = 1;
    for (const int64_t factor : factors)
        if (height * height * factor <= length) height *= factor;
    if (height == 1) height = factors.front();
    const int64_t width = length / height;
    columns = transform_of<T>(height);
    rows = transform_of<T>(width);
    // Powers of the root of unity: those below 1,024, and those of multiples of 1,024.
    for (const int64_t step : {int64_t(1), int64_t(1024)})
        for (int64_t i = 0; i < (step == 1 ? 1024 : length / 1024 + 1); ++i) {
            double re, im;
            root_of_one(i * step, length, re, im);
            tables.push_back(T(re));
            tables.push_back(T(im));
        }
    scratch_count = 2 * length;
}

template <class T>
void Transform<T>::plan_convolution() {
    rows = transform_of<T>(good_length(2 * length - 1));
    const int64_t padded = rows->length;
    // The chirp e^(-pi i j^2 / n), and the transform of its conjugate, divided by the padded length.
    tables.assign(size_t(2 * length + 2 * padded), T(0));
    T *chirp_re = tables.data(), *chirp_im = chirp_re + length;
    T *kernel_re = chirp_im + length, *kernel_im = kernel_re + padded;
    for (int64_t j = 0; j < length; ++j) {
        // j^2 modulo 2 n, without overflow for lengths below 2^31.
        const int64_t square = int64_t(static_cast<unsigned __int128>(j) * uint64_t(j) % uint64_t(2 * length));
        double re, im;
        root_of_one(square, 2 * length, re, im);
        chirp_re[j] = T(re), chirp_im[j] = T(im);
        kernel_re[j] = T(re), kernel_im[j] = T(-im);
        if (j > 0) kernel_re[padded - j] = T(re), kernel_im[padded - j] = T(-im);
    }
    std::vector<T> scratch(static_cast<size_t>(rows->scratch_size()));
    rows->run(kernel_re, kernel_im, scratch.data());
    for (int64_t i = 0; i < 2 * padded; ++i) kernel_re[i] /= T(padded);
    scratch_count = 2 * padded + rows->scratch_size();
}

template <class T>
void Transform<T>::run(T* re, T* im, T* scratch) const {
    if (columns) run_rows_and_columns(re, im, scratch);
    else if (rows) run_convolution(re, im, scratch);
    else run_passes(re, im, scratch);
}

template <class T>
void Transform<T>::run_passes(T* re, T* im, T* other) const {
    T *xr = re, *xi = im, *yr = other, *yi = other + length;
    for (const Pass& pass : passes) {
        FourierKernels<T>::pass(pass.radix, xr, xi, yr, yi, pass.groups, pass.neighbours, tables.data() + pass.twiddles,
                                tables.data() + pass.roots);
        std::swap(xr, yr);
        std::swap(xi, yi);
    }
    if (xr != re) {
        std::copy_n(xr, length, re);
        std::copy_n(xi, length, im);
    }
}

/// x as a matrix [height, width]: transforms of its columns, a factor per number, transforms of its rows, and the
/// result column by column. Blocks of columns and of rows are copied to buffers, whose cache lines do not conflict.
template <class T>
void Transform<T>::run_rows_and_columns(T* re, T* im, T* scratch) const {
    const int64_t height = columns->length, width = rows->length;
    const int64_t column_step = height + block, row_step = width + block;
    T *middle_re = scratch, *middle_im = scratch + length;
    const T *ones = tables.data(), *thousands = ones + 2048;
    // e^(-2 pi i turn / length), as a product of two.
    const auto root = [&](int64_t turn, T& wr, T& wi) {
        const T *a = ones + 2 * (turn % 1024), *b = thousands + 2 * (turn / 1024);
        wr = a[0] * b[0] - a[1] * b[1], wi = a[0] * b[1] + a[1] * b[0];
    };
    parallel_for((width + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
        std::vector<T> buffer(static_cast<size_t>(2 * block * column_step + columns->scratch_size() + 64 + height / 16 + 2));
        T *br = buffer.data(), *bi = br + block * column_step, *rest = bi + block * column_step;
        T *fine = rest + columns->scratch_size(), *coarse = fine + 64;
        for (int64_t b = begin; b < end; ++b) {
            const int64_t first = b * block, count = std::min(block, width - first);
            transpose_block(sizeof(T), re + first, width, br, column_step, count, height);
            transpose_block(sizeof(T), im + first, width, bi, column_step, count, height);
            for (int64_t c = 0; c < count; ++c) {
                columns->run(br + c * column_step, bi + c * column_step, rest);
                for (int64_t i = 0; i < 32; ++i) root(i * (first + c) % length, fine[i], fine[32 + i]);
                for (int64_t i = 0; i < height; i += 32)
                    root(i * (first + c) % length, coarse[i / 16], coarse[i / 16 + 1]);
                FourierKernels<T>::turn(br + c * column_step, bi + c * column_step, height, fine, coarse);
            }
            transpose_block(sizeof(T), br, column_step, middle_re + first, width, height, count);
            transpose_block(sizeof(T), bi, column_step, middle_im + first, width, height, count);
        }
    });
    parallel_for((height + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
        std::vector<T> buffer(static_cast<size_t>(2 * block * row_step + rows->scratch_size()));
        T *br = buffer.data(), *bi = br + block * row_step, *rest = bi + block * row_step;
        for (int64_t b = begin; b < end; ++b) {
            const int64_t first = b * block, count = std::min(block, height - first);
            for (int64_t r = 0; r < count; ++r) {
                std::copy_n(middle_re + (first + r) * width, width, br + r * row_step);
                std::copy_n(middle_im + (first + r) * width, width, bi + r * row_step);
                rows->run(br + r * row_step, bi + r * row_step, rest);
            }
            transpose_block(sizeof(T), br, row_step, re + first, height, width, count);
            transpose_block(sizeof(T), bi, row_step, im + first, height, width, count);
        }
    });
}

/// Bluestein's algorithm: the transform is a convolution with a chirp, computed by transforms of a padded length.
template <class T>
void Transform<T>::run_convolution(T* re, T* im, T* scratch) const {
    const int64_t padded = rows->length;
    const T *chirp_re = tables.data(), *chirp_im = chirp_re + length;
    const T *kernel_re = chirp_im + length, *kernel_im = kernel_re + padded;
    T *ar = scratch, *ai = ar + padded, *rest = ai + padded;
    std::copy_n(re, length, ar);
    std::copy_n(im, length, ai);
    std::fill_n(ar + length, padded - length, T(0));
    std::fill_n(ai + length, padded - length, T(0));
    FourierKernels<T>::multiply(ar, ai, chirp_re, chirp_im, length);
    rows->run(ar, ai, rest);
    FourierKernels<T>::multiply(ar, ai, kernel_re, kernel_im, padded);
    // The inverse transform, by exchanged parts.
    rows->run(ai, ar, rest);
    std::copy_n(ar, length, re);
    std::copy_n(ai, length, im);
    FourierKernels<T>::multiply(re, im, chirp_re, chirp_im, length);
}

template <class T>
std::shared_ptr<const Transform<T>> transform_of(int64_t length) {
    // The most recently used plans first. Plans create plans of other lengths, without holding the lock.
    static std::mutex lock;
    static auto* const kept = new std::list<std::shared_ptr<const Transform<T>>>;
    constexpr size_t most = 32;
    {
        const std::lock_guard guard(lock);
        for (auto it = kept->begin(); it != kept->end(); ++it)
            if ((*it)->length == length) {
                kept->splice(kept->begin(), *kept, it);
                return kept->front();
            }
    }
    auto made = std::make_shared<const Transform<T>>(length);
    const std::lock_guard guard(lock);
    kept->push_front(made);
    if (kept->size() > most) kept->pop_back();
    return made;
}

template class Transform<float>;
template class Transform<double>;
template std::shared_ptr<const Transform<float>> transform_of<float>(int64_t);
template std::shared_ptr<const Transform<double>> transform_of<double>(int64_t);

} // namespace tl
