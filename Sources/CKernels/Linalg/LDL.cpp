#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

/// The LAPACK functions for symmetric or Hermitian matrices; they are equal for real numbers.
template <class T>
static auto factorise(const LapackRoutines<T>* routines, bool hermitian) {
    if constexpr (is_complex_type<T>) return hermitian ? routines->hetrf : routines->sytrf;
    else return routines->sytrf;
}
template <class T>
static auto substitute(const LapackRoutines<T>* routines, bool hermitian) {
    if constexpr (is_complex_type<T>) return hermitian ? routines->hetrs : routines->sytrs;
    else return routines->sytrs;
}

template <class T>
static int32_t ldl(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* pivots, bool hermitian,
                   const tl_tensor* info) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const auto trf = factorise(routines, hermitian);
    const Batch<T> from(a, 2), to(factors, 2);
    const Batch<int32_t> exchanges(pivots, 1), answers(info, 0);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    T wanted = number<T>(1);
    int asking = 0;
    const int query = -1;
    if (n > 0) trf("L", &n, nullptr, &ld, nullptr, &wanted, &query, &asking, 1);
    const int work_size = std::max({asked(wanted), n, 1});
    return each_matrix(from.count(), double(n) * n * n / 3,
                       Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(n) + Arena::bytes<T>(work_size),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           int* swaps = arena.take<int>(n);
                           T* work = arena.take<T>(work_size);
                           from.read(i, matrix, ld);
                           for (int column = 1; column < n; column++)
                               for (int row = 0; row < column; row++) matrix[row + int64_t(column) * ld] = number<T>(0);
                           int answer = 0;
                           if (n > 0) trf("L", &n, matrix, &ld, swaps, work, &work_size, &answer, 1);
                           to.write(i, matrix, ld);
                           exchanges.write_vector(i, swaps);
                           *answers.at(i) = answer;
                           return TL_LINALG_OK;
                       });
}

/// Whether pivots are valid results of a factorisation: a position, or two equal negative ones in succession. LAPACK
/// does not check them.
static bool are_exchanges(const int* swaps, int n) {
    for (int i = 0; i < n; i++) {
        if (swaps[i] > 0 && swaps[i] <= n) continue;
        if (swaps[i] >= 0 || swaps[i] < -n || i + 1 == n || swaps[i + 1] != swaps[i]) return false;
        i++;
    }
    return true;
}

template <class T>
static int32_t ldl_solve(const tl_tensor* factors, const tl_tensor* pivots, const tl_tensor* b, const tl_tensor* x,
                         bool hermitian) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const auto trs = substitute(routines, hermitian);
    const Batch<T> from(factors, 2), sides(b, 2), to(x, 2);
    const Batch<int32_t> exchanges(pivots, 1);
    const int n = static_cast<int>(from.rows()), k = static_cast<int>(sides.columns()), ld = leading(n);
    return each_matrix(from.count(), 2.0 * n * n * k,
                       Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(int64_t(ld) * k) + Arena::bytes<int>(n),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           T* side = arena.take<T>(int64_t(ld) * k);
                           int* swaps = arena.take<int>(n);
                           from.read(i, matrix, ld);
                           sides.read(i, side, ld);
                           exchanges.read_vector(i, swaps);
                           if (!are_exchanges(swaps, n)) return TL_LINALG_BAD_PIVOTS;
                           int answer = 0;
                           if (n > 0 && k > 0) trs("L", &n, &k, matrix, &ld, swaps, side, &ld, &answer, 1);
                           to.write(i, side, ld);
                           return TL_LINALG_OK;
                       });
}

int32_t tl_linalg_ldl(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* pivots, bool hermitian,
                      const tl_tensor* info) {
    TL_FORWARD(a, linalg_ldl, (a, factors, pivots, hermitian, info));
    return TL_BY_TYPE(ldl, a->dtype)(a, factors, pivots, hermitian, info);
}

int32_t tl_linalg_ldl_solve(const tl_tensor* factors, const tl_tensor* pivots, const tl_tensor* b, const tl_tensor* x,
                            bool hermitian) {
    TL_FORWARD(factors, linalg_ldl_solve, (factors, pivots, b, x, hermitian));
    return TL_BY_TYPE(ldl_solve, factors->dtype)(factors, pivots, b, x, hermitian);
}
