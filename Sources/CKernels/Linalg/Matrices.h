// Batches of strided matrices, and column-major copies of single matrices for LAPACK.
#ifndef TL_MATRICES_H
#define TL_MATRICES_H
#include "Support/Lapack.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_linalg.h"
#include <atomic>
#include <cmath>
#include <limits>

namespace tl {

/// The matrices (or vectors, or numbers) in the last dimensions of a tensor.
template <class T>
class Batch {
  public:
    /// `inner` is the number of dimensions of a matrix.
    Batch(const tl_tensor* x, int inner) : x(x), lead(x ? x->rank - inner : 0) {}

    explicit operator bool() const { return x != nullptr; }
    int64_t rows() const { return x->shape[lead]; }
    int64_t columns() const { return x->shape[lead + 1]; }
    int64_t count() const {
        int64_t count = 1;
        for (int i = 0; i < lead; i++) count *= x->shape[i];
        return count;
    }
    T* at(int64_t number) const {
        int64_t offset = 0;
        for (int i = lead - 1; i >= 0; i--) {
            offset += number % x->shape[i] * x->strides[i];
            number /= x->shape[i];
        }
        return static_cast<T*>(x->data) + offset;
    }

    /// Copies matrix `number` to column-major memory with a leading dimension.
    void read(int64_t number, T* to, int64_t leading) const {
        const T* from = at(number);
        const int64_t m = rows(), n = columns(), down = x->strides[lead], across = x->strides[lead + 1];
        tiles(m, n, [&](int64_t i, int64_t j) { to[i + j * leading] = from[i * down + j * across]; });
    }
    void write(int64_t number, const T* from, int64_t leading) const {
        T* to = at(number);
        const int64_t m = rows(), n = columns(), down = x->strides[lead], across = x->strides[lead + 1];
        tiles(m, n, [&](int64_t i, int64_t j) { to[i * down + j * across] = from[i + j * leading]; });
    }
    void fill(int64_t number, T value) const {
        T* to = at(number);
        const int64_t m = rows(), n = columns(), down = x->strides[lead], across = x->strides[lead + 1];
        tiles(m, n, [&](int64_t i, int64_t j) { to[i * down + j * across] = value; });
    }
    void read_vector(int64_t number, T* to) const {
        const T* from = at(number);
        for (int64_t i = 0; i < x->shape[lead]; i++) to[i] = from[i * x->strides[lead]];
    }
    void write_vector(int64_t number, const T* from) const {
        T* to = at(number);
        for (int64_t i = 0; i < x->shape[lead]; i++) to[i * x->strides[lead]] = from[i];
    }

  private:
    /// Source and destination of a copy usually have different orders: tiles keep the cache lines of both in the cache.
    template <class Copy>
    static void tiles(int64_t m, int64_t n, Copy copy) {
        constexpr int64_t side = 16;
        for (int64_t top = 0; top < m; top += side)
            for (int64_t left = 0; left < n; left += side)
                for (int64_t i = top; i < std::min(m, top + side); i++)
                    for (int64_t j = left; j < std::min(n, left + side); j++) copy(i, j);
    }

    const tl_tensor* x;
    int lead;
};

/// An arena: arrays are allocated one after the other from one block.
class Arena {
  public:
    template <class T>
    static size_t bytes(int64_t count) {
        return (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    }
    explicit Arena(void* block) : next(static_cast<char*>(block)) {}
    template <class T>
    T* take(int64_t count) {
        T* array = reinterpret_cast<T*>(next);
        next += bytes<T>(count);
        return array;
    }

  private:
    char* next;
};

/// The number of threads of a factorisation. OpenBLAS starts them itself and ends the process if the system refuses, so
/// that a calling thread first checks whether this number can be started.
int factorisation_threads();

/// Calls body(number, arena) for each matrix, with `bytes` of memory. The threads of the pool share the matrices. For a
/// single large matrix OpenBLAS uses its own threads, through OpenMP: its factorisations can only be split internally,
/// and would take twice as long on one of two CPUs.
template <class Body>
int32_t each_matrix(int64_t batch, double operations, size_t bytes, Body&& body) {
    constexpr double worthwhile = 1e5, large = 1e7;
    std::atomic<int32_t> status{TL_LINALG_OK};
    const int64_t grain = operations >= worthwhile ? 1 : static_cast<int64_t>(worthwhile / (operations + 1)) + 1;
    const int threads = batch == 1 && operations >= large && !runs_inline() ? factorisation_threads() : 1;
    parallel_for(batch, grain, [&](int64_t begin, int64_t end) {
        const LibraryThreads limit(threads);
        const Scratch memory(bytes);
        if (!memory.get()) {
            status = TL_LINALG_NO_MEMORY;
            return;
        }
        for (int64_t i = begin; i < end; i++) {
            const int32_t result = body(i, Arena(memory.get()));
            if (result != TL_LINALG_OK) status = result;
        }
    });
    return status;
}

/// LAPACK requires leading dimensions of at least 1.
inline int leading(int64_t rows) { return static_cast<int>(std::max<int64_t>(rows, 1)); }

/// The type of the parts of a complex type; a real type itself.
template <class T>
struct PartOf {
    using Type = T;
};
template <class T>
struct PartOf<Complex<T>> {
    using Type = T;
};
template <class T>
using Part = typename PartOf<T>::Type;

/// A real number converted to T.
template <class T>
T number(Part<T> value) {
    if constexpr (is_complex_type<T>) return {value, 0};
    else return value;
}

/// The result of a workspace query.
template <class T>
int asked(T answer) {
    if constexpr (is_complex_type<T>) return asked(answer.re);
    else return std::max(static_cast<int>(answer), 1);
}

template <class T>
bool is_finite(T value) {
    if constexpr (is_complex_type<T>) return std::isfinite(value.re) && std::isfinite(value.im);
    else return std::isfinite(value);
}

template <class T>
T not_a_number() {
    constexpr Part<T> nan = std::numeric_limits<Part<T>>::quiet_NaN();
    if constexpr (is_complex_type<T>) return {nan, nan};
    else return nan;
}

} // namespace tl

/// Calls a template with the type of a dtype.
#define TL_BY_TYPE(call, dtype)                                                                                        \
    ((dtype) == TL_FLOAT64      ? call<double>                                                                         \
     : (dtype) == TL_COMPLEX64  ? call<Complex<float>>                                                                 \
     : (dtype) == TL_COMPLEX128 ? call<Complex<double>>                                                                \
                                : call<float>)

#endif
