// Stockham's algorithm for lengths with small factors, a matrix of such transforms for long lengths, and Bluestein's
// convolution for lengths with large prime factors.
#include "Fourier/Transform.h"
#include "Support/Convert.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>

namespace tl {
namespace {

constexpr int64_t largest_radix = 31;
/// The length from which the numbers are transformed as a matrix, whose columns and rows fit in the caches.
constexpr int64_t long_transform = 8192;
/// The number of plans that are kept, and the bytes of their tables; the last plan is kept in any case.
constexpr size_t most_plans = 32;
constexpr int64_t most_plan_bytes = 64 << 20;

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
bool Transform<T>::allocate_tables(int64_t count) {
    memory.emplace(size_t(count) * sizeof(T));
    if (memory->is_missing()) return false;
    tables = memory->template get<T>();
    table_size = count;
    return true;
}

template <class T>
void Transform<T>::plan_passes(const std::vector<int64_t>& factors) {
    int64_t rest = length, neighbours = 1;
    int64_t count = 0;
    for (const int64_t radix : factors) rest /= radix, count += 2 * (radix - 1) * rest + 2 * radix;
    if (!allocate_tables(count)) return;
    T* next = tables;
    rest = length;
    for (const int64_t radix : factors) {
        const int64_t groups = rest / radix;
        Pass pass{radix, groups, neighbours, next - tables, 0};
        for (int64_t j = 1; j < radix; ++j)
            for (int part = 0; part < 2; ++part)
                for (int64_t p = 0; p < groups; ++p) {
                    double parts[2];
                    root_of_one(p * j, rest, parts[0], parts[1]);
                    *next++ = T(parts[part]);
                }
        pass.roots = next - tables;
        for (int part = 0; part < 2; ++part)
            for (int64_t k = 0; k < radix; ++k) {
                double parts[2];
                root_of_one(k, radix, parts[0], parts[1]);
                *next++ = T(parts[part]);
            }
        passes.push_back(pass);
        rest = groups;
        neighbours *= radix;
    }
    if (!std::all_of(factors.begin(), factors.end(), [](int64_t radix) { return radix <= 5 || radix == 8; })) return;
    positions.resize(size_t(length));
    for (int64_t i = 0; i < length; ++i) {
        int64_t digits = i, position = 0;
        for (const Pass& pass : passes) position += digits % pass.radix * pass.groups, digits /= pass.radix;
        positions[size_t(i)] = int32_t(position);
    }
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
    const int64_t fine = height * transform_lanes;
    if (!columns || !rows || !allocate_tables(2 * (1024 + length / 1024 + 1) + 2 * fine)) return;
    T* next = tables;
    // Powers of the root of unity: those below 1,024, and those of multiples of 1,024.
    for (const int64_t step : {int64_t(1), int64_t(1024)})
        for (int64_t i = 0; i < (step == 1 ? 1024 : length / 1024 + 1); ++i) {
            double re, im;
            root_of_one(i * step, length, re, im);
            *next++ = T(re);
            *next++ = T(im);
        }
    // The powers of the root of unity by which the numbers of the first columns are multiplied: real parts, then imaginary ones.
    for (int64_t i = 0; i < height; ++i)
        for (int64_t l = 0; l < transform_lanes; ++l) {
            double re, im;
            root_of_one(i * l, length, re, im);
            next[i * transform_lanes + l] = T(re);
            next[fine + i * transform_lanes + l] = T(im);
        }
}

template <class T>
void Transform<T>::plan_convolution() {
    rows = transform_of<T>(good_length(2 * length - 1));
    if (!rows || !allocate_tables(2 * length + 2 * rows->length)) return;
    const Scratch scratch(size_t(rows->scratch_size(1)) * sizeof(T));
    if (scratch.is_missing()) return;
    const int64_t padded = rows->length;
    // The chirp e^(-pi i j^2 / n), and the transform of its conjugate, divided by the padded length.
    std::fill_n(tables, table_size, T(0));
    T *chirp_re = tables, *chirp_im = chirp_re + length;
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
    const Split kernel = rows->run(kernel_re, kernel_im, 1, scratch.template get<T>());
    for (int64_t i = 0; i < padded; ++i)
        kernel_re[i] = kernel.re[i] / T(padded), kernel_im[i] = kernel.im[i] / T(padded);
}

template <class T>
int64_t Transform<T>::scratch_size(int64_t lanes) const {
    if (columns) return 2 * length;
    if (rows) return 2 * rows->length * lanes + rows->scratch_size(lanes);
    return 2 * length * lanes;
}

template <class T>
int64_t Transform<T>::group_scratch_size() const {
    return lanes() == transform_lanes && positions.empty() ? scratch_size(transform_lanes) : scratch_size(1);
}

template <class T>
const T* Transform<T>::real_roots() const {
    const std::lock_guard guard(real_roots_lock);
    if (roots_of_real) return roots_of_real->template get<T>();
    roots_of_real.emplace(size_t(2 * length + 2) * sizeof(T));
    if (roots_of_real->is_missing()) {
        roots_of_real.reset();
        return nullptr;
    }
    T* const roots = roots_of_real->template get<T>();
    for (int64_t k = 0; k <= length; ++k) {
        double re, im;
        root_of_one(k, 2 * length, re, im);
        roots[2 * k] = T(re), roots[2 * k + 1] = T(im);
    }
    return roots;
}

template <class T>
auto Transform<T>::run(T* re, T* im, int64_t lanes, T* scratch) const -> Split {
    if (columns) {
        for (int64_t l = 0; l < lanes; ++l) run_long({re + l, im + l, lanes}, {re + l, im + l, lanes}, 1, scratch);
        return {re, im};
    }
    return rows ? run_convolution(re, im, lanes, scratch) : run_passes(re, im, lanes, scratch);
}

template <class T>
auto Transform<T>::run_passes(T* re, T* im, int64_t lanes, T* other) const -> Split {
    // Several transforms are what the first pass of a longer one would leave to the next pass.
    Split x{re, im}, y{other, other + length * lanes};
    for (const Pass& pass : passes) {
        FourierKernels<T>::pass(pass.radix, x.re, x.im, y.re, y.im, pass.groups, pass.neighbours * lanes,
                                tables + pass.twiddles, tables + pass.roots);
        std::swap(x, y);
    }
    return x;
}

template <class T>
auto Transform<T>::run_lanes(T* re, T* im, T* scratch) const -> Split {
    if (positions.empty()) return run(re, im, transform_lanes, scratch);
    for (const Pass& pass : passes)
        FourierKernels<T>::pass_in_place(pass.radix, re, im, pass.neighbours, pass.groups, tables + pass.twiddles);
    return {re, im, positions.data()};
}

template <class T>
void Transform<T>::run_columns(const T* from, int64_t step, T* to, int64_t to_step, bool exchanged, T factor, T* scratch) const {
    T *re = scratch, *im = re + transform_lanes * length;
    const Pass &first = passes.front(), &last = passes.back();
    FourierKernels<T>::first_pass_of_columns(first.radix, from, step, exchanged, re, im, first.groups, tables + first.twiddles);
    for (size_t i = 1; i + 1 < passes.size(); ++i)
        FourierKernels<T>::pass_in_place(passes[i].radix, re, im, passes[i].neighbours, passes[i].groups,
                                         tables + passes[i].twiddles);
    FourierKernels<T>::last_pass_of_columns(last.radix, re, im, positions.data(), last.neighbours, factor, to, to_step, exchanged);
}

/// Loads the numbers at (i * step + first + l) of lane l.
template <class T>
static void load(Numbers<const T> from, int64_t first, int64_t step, int64_t count, int64_t lanes, T* re, T* im) {
    if (from.step == 2 && from.im == from.re + 1)
        return FourierKernels<T>::load_columns(from.re + 2 * first, step, count, lanes, re, im);
    if (from.step == 2 && from.re == from.im + 1)
        return FourierKernels<T>::load_columns(from.im + 2 * first, step, count, lanes, im, re);
    for (int64_t i = 0; i < count; ++i)
        for (int64_t l = 0; l < transform_lanes; ++l) {
            const int64_t at = (i * step + first + l) * from.step, to = i * transform_lanes + l;
            re[to] = l < lanes ? from.re[at] : 0, im[to] = l < lanes ? from.im[at] : 0;
        }
}

template <class T>
static void store(const typename Transform<T>::Split& from, int64_t count, int64_t lanes, T factor, Numbers<T> to, int64_t first,
                  int64_t step) {
    if (to.step == 2 && to.im == to.re + 1)
        return FourierKernels<T>::store_columns(from.re, from.im, from.positions, count, lanes, factor, to.re + 2 * first, step);
    if (to.step == 2 && to.re == to.im + 1)
        return FourierKernels<T>::store_columns(from.im, from.re, from.positions, count, lanes, factor, to.im + 2 * first, step);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t source = (from.positions ? from.positions[i] : i) * transform_lanes;
        for (int64_t l = 0; l < lanes; ++l) {
            const int64_t at = (i * step + first + l) * to.step;
            to.re[at] = from.re[source + l] * factor, to.im[at] = from.im[source + l] * factor;
        }
    }
}

/// x as a matrix [height, width]: transforms of its columns, a factor per number, transforms of its rows, and the
/// result column by column. Columns and rows are transformed in groups of `transform_lanes`.
template <class T>
void Transform<T>::run_long(Numbers<const T> from, Numbers<T> to, T factor, T* scratch) const {
    constexpr int64_t block = transform_lanes;
    const int64_t height = columns->length, width = rows->length;
    T *middle_re = scratch, *middle_im = scratch + length;
    const T *ones = tables, *thousands = ones + 2048, *fine = thousands + 2 * (length / 1024 + 1);
    parallel_for((width + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(2 * block * height + columns->group_scratch_size() + 2 * height) * sizeof(T));
        if (memory.is_missing()) return;
        T *re = memory.template get<T>(), *im = re + block * height, *coarse = im + block * height, *rest = coarse + 2 * height;
        for (int64_t b = begin; b < end; ++b) {
            const int64_t first = b * block, count = std::min(block, width - first);
            load(from, first, width, height, count, re, im);
            const Split column = columns->run_lanes(re, im, rest);
            // e^(-2 pi i turn / length), as a product of two.
            for (int64_t i = 0, turn = 0; i < height; ++i, turn += first) {
                const T *x = ones + 2 * (turn % 1024), *y = thousands + 2 * (turn / 1024);
                coarse[2 * i] = x[0] * y[0] - x[1] * y[1], coarse[2 * i + 1] = x[0] * y[1] + x[1] * y[0];
            }
            FourierKernels<T>::turn_columns(column.re, column.im, column.positions, height, count, fine, coarse, middle_re + first,
                                            middle_im + first, width);
        }
    });
    parallel_for((height + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(2 * block * width + rows->group_scratch_size()) * sizeof(T));
        if (memory.is_missing()) return;
        T *re = memory.template get<T>(), *im = re + block * width, *rest = im + block * width;
        for (int64_t b = begin; b < end; ++b) {
            const int64_t first = b * block, count = std::min(block, height - first);
            if (count < block) std::fill_n(re, 2 * block * width, T(0));
            transpose_block(sizeof(T), middle_re + first * width, width, re, block, width, count);
            transpose_block(sizeof(T), middle_im + first * width, width, im, block, width, count);
            store(rows->run_lanes(re, im, rest), width, count, factor, to, first, height);
        }
    });
}

/// Bluestein's algorithm: the transform is a convolution with a chirp, computed by transforms of a padded length.
template <class T>
auto Transform<T>::run_convolution(T* re, T* im, int64_t lanes, T* scratch) const -> Split {
    const int64_t padded = rows->length, numbers = length * lanes, all = padded * lanes;
    const T *chirp_re = tables, *chirp_im = chirp_re + length;
    const T *kernel_re = chirp_im + length, *kernel_im = kernel_re + padded;
    T *ar = scratch, *ai = ar + all, *rest = ai + all;
    std::copy_n(re, numbers, ar);
    std::copy_n(im, numbers, ai);
    std::fill_n(ar + numbers, all - numbers, T(0));
    std::fill_n(ai + numbers, all - numbers, T(0));
    FourierKernels<T>::multiply(ar, ai, chirp_re, chirp_im, length, lanes);
    Split a = rows->run(ar, ai, lanes, rest);
    if (a.re != ar) std::copy_n(a.re, all, ar), std::copy_n(a.im, all, ai);
    FourierKernels<T>::multiply(ar, ai, kernel_re, kernel_im, padded, lanes);
    // The inverse transform, by exchanged parts.
    a = rows->run(ai, ar, lanes, rest);
    std::copy_n(a.im, numbers, re);
    std::copy_n(a.re, numbers, im);
    FourierKernels<T>::multiply(re, im, chirp_re, chirp_im, length, lanes);
    return {re, im};
}

template <class T>
std::shared_ptr<const Transform<T>> transform_of(int64_t length) {
    // The most recently used plans first. Plans create plans of other lengths, without holding the lock.
    static std::mutex lock;
    static auto* const kept = new std::list<std::shared_ptr<const Transform<T>>>;
    static int64_t kept_bytes = 0;
    {
        const std::lock_guard guard(lock);
        for (auto it = kept->begin(); it != kept->end(); ++it)
            if ((*it)->length == length) {
                kept->splice(kept->begin(), *kept, it);
                return kept->front();
            }
    }
    const int64_t failures = failures_noted();
    auto made = std::make_shared<const Transform<T>>(length);
    if (failures_noted() != failures) return nullptr;
    const std::lock_guard guard(lock);
    kept->push_front(made);
    kept_bytes += made->memory_size();
    while (kept->size() > 1 && (kept->size() > most_plans || kept_bytes > most_plan_bytes)) {
        kept_bytes -= kept->back()->memory_size();
        kept->pop_back();
    }
    return made;
}

template class Transform<float>;
template class Transform<double>;
template std::shared_ptr<const Transform<float>> transform_of<float>(int64_t);
template std::shared_ptr<const Transform<double>> transform_of<double>(int64_t);

} // namespace tl
