// The C interface of tl_linalg.h: each function copies a matrix by columns, has LAPACK work on it and copies the result.
#include "Linalg/Matrices.h"
#include "Support/Forward.h"
#include <cmath>
#include <limits>

using namespace tl;

namespace {

/// LAPACK wants leading dimensions of at least 1.
int leading(int64_t rows) { return static_cast<int>(std::max<int64_t>(rows, 1)); }

/// What a routine answers when asked how much memory it wants.
template <class T>
int asked(T answer) {
    return std::max(static_cast<int>(answer), 1);
}

#define TL_BY_TYPE(call, dtype) ((dtype) == TL_FLOAT64 ? call<double> : call<float>)

template <class T>
int32_t lu(const tl_tensor* a, const tl_tensor* lu, const tl_tensor* pivots, const tl_tensor* info) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), to(lu, 2);
    const Batch<int32_t> exchanges(pivots, 1), answers(info, 0);
    const int m = static_cast<int>(from.rows()), n = static_cast<int>(from.columns()), k = std::min(m, n), ld = leading(m);
    return each_matrix(from.count(), double(m) * n * k, Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(k),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           int* rows = arena.take<int>(k);
                           from.read(i, matrix, ld);
                           int answer = 0;
                           if (k > 0) routines->getrf(&m, &n, matrix, &ld, rows, &answer);
                           to.write(i, matrix, ld);
                           exchanges.write_vector(i, rows);
                           *answers.at(i) = answer;
                           return TL_LINALG_OK;
                       });
}

template <class T>
int32_t det(const tl_tensor* a, const tl_tensor* det, const tl_tensor* sign, const tl_tensor* log) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), values(det, 0), signs(sign, 0), logs(log, 0);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    return each_matrix(from.count(), double(n) * n * n, Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(n),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           int* rows = arena.take<int>(n);
                           from.read(i, matrix, ld);
                           int answer = 0;
                           if (n > 0) routines->getrf(&n, &n, matrix, &ld, rows, &answer);
                           double product = 1, turn = 1, sum = 0;
                           for (int64_t j = 0; j < n; j++) {
                               const double entry = static_cast<double>(matrix[j + j * ld]);
                               const double flip = rows[j] != j + 1 ? -1 : 1;
                               product *= flip * entry;
                               turn *= flip * (entry > 0 ? 1 : entry < 0 ? -1 : entry);
                               sum += std::log(std::fabs(entry));
                           }
                           if (values) *values.at(i) = static_cast<T>(product);
                           if (signs) *signs.at(i) = static_cast<T>(turn);
                           if (logs) *logs.at(i) = static_cast<T>(sum);
                           return TL_LINALG_OK;
                       });
}

template <class T>
int32_t inverse(const tl_tensor* a, const tl_tensor* inverse, const tl_tensor* info) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), to(inverse, 2);
    const Batch<int32_t> answers(info, 0);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    T wanted = 1;
    int answer = 0;
    const int query = -1;
    routines->getri(&n, nullptr, &ld, nullptr, &wanted, &query, &answer);
    const int room = std::max(asked(wanted), leading(n));
    return each_matrix(
        from.count(), 2.0 * n * n * n,
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(n) + Arena::bytes<T>(room), [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            int* rows = arena.take<int>(n);
            T* work = arena.take<T>(room);
            from.read(i, matrix, ld);
            int answer = 0;
            if (n > 0) routines->getrf(&n, &n, matrix, &ld, rows, &answer);
            if (n > 0 && answer == 0) routines->getri(&n, matrix, &ld, rows, work, &room, &answer);
            if (answer == 0)
                to.write(i, matrix, ld);
            else
                to.fill(i, std::numeric_limits<T>::quiet_NaN());
            *answers.at(i) = answer;
            return TL_LINALG_OK;
        });
}

template <class T>
int32_t solve(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, const tl_tensor* info) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), sides(b, 2), to(x, 2);
    const Batch<int32_t> answers(info, 0);
    const int n = static_cast<int>(from.rows()), k = static_cast<int>(sides.columns()), ld = leading(n);
    return each_matrix(
        from.count(), double(n) * n * (n + k),
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(int64_t(ld) * k) + Arena::bytes<int>(n),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            T* side = arena.take<T>(int64_t(ld) * k);
            int* rows = arena.take<int>(n);
            from.read(i, matrix, ld);
            sides.read(i, side, ld);
            int answer = 0;
            if (n > 0) routines->getrf(&n, &n, matrix, &ld, rows, &answer);
            if (answer == 0 && n > 0 && k > 0) routines->getrs("N", &n, &k, matrix, &ld, rows, side, &ld, &answer, 1);
            if (answer == 0)
                to.write(i, side, ld);
            else
                to.fill(i, std::numeric_limits<T>::quiet_NaN());
            *answers.at(i) = answer;
            return TL_LINALG_OK;
        });
}

template <class T>
int32_t solve_triangular(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, bool upper, bool left, bool unit) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), sides(b, 2), to(x, 2);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    const int m = static_cast<int>(sides.rows()), k = static_cast<int>(sides.columns()), ldb = leading(m);
    const T one = 1;
    return each_matrix(from.count(), double(n) * m * k,
                       Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(int64_t(ldb) * k),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           T* side = arena.take<T>(int64_t(ldb) * k);
                           from.read(i, matrix, ld);
                           sides.read(i, side, ldb);
                           if (m > 0 && k > 0)
                               routines->trsm(left ? "L" : "R", upper ? "U" : "L", "N", unit ? "U" : "N", &m, &k, &one,
                                              matrix, &ld, side, &ldb, 1, 1, 1, 1);
                           to.write(i, side, ldb);
                           return TL_LINALG_OK;
                       });
}

template <class T>
int32_t cholesky(const tl_tensor* a, const tl_tensor* factor, bool upper, const tl_tensor* info) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), to(factor, 2);
    const Batch<int32_t> answers(info, 0);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    return each_matrix(from.count(), double(n) * n * n / 3, Arena::bytes<T>(int64_t(ld) * n),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           from.read(i, matrix, ld);
                           int answer = 0;
                           if (n > 0) routines->potrf(upper ? "U" : "L", &n, matrix, &ld, &answer, 1);
                           for (int64_t column = 0; column < n; column++)
                               for (int64_t row = upper ? column + 1 : 0; row < (upper ? n : column); row++)
                                   matrix[row + column * ld] = 0;
                           to.write(i, matrix, ld);
                           *answers.at(i) = answer;
                           return TL_LINALG_OK;
                       });
}

template <class T>
int32_t qr(const tl_tensor* a, const tl_tensor* q, const tl_tensor* r) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), bases(q, 2), to(r, 2);
    const int m = static_cast<int>(from.rows()), n = static_cast<int>(from.columns()), k = std::min(m, n), ld = leading(m);
    const int columns = bases ? static_cast<int>(bases.columns()) : k, wide = std::max(n, columns);
    T wanted = 1, wanted_basis = 1;
    int answer = 0;
    const int query = -1;
    routines->geqrf(&m, &n, nullptr, &ld, nullptr, &wanted, &query, &answer);
    if (bases) routines->orgqr(&m, &columns, &k, nullptr, &ld, nullptr, &wanted_basis, &query, &answer);
    const int room = std::max({asked(wanted), asked(wanted_basis), wide, 1});
    return each_matrix(
        from.count(), 2.0 * m * n * k,
        Arena::bytes<T>(int64_t(ld) * wide) + Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(k) +
            Arena::bytes<T>(room),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * wide);
            T* triangle = arena.take<T>(int64_t(ld) * n);
            T* tau = arena.take<T>(k);
            T* work = arena.take<T>(room);
            from.read(i, matrix, ld);
            int answer = 0;
            if (k > 0) routines->geqrf(&m, &n, matrix, &ld, tau, work, &room, &answer);
            for (int64_t column = 0; column < n; column++)
                for (int64_t row = 0; row < m; row++)
                    triangle[row + column * ld] = row <= column ? matrix[row + column * ld] : T(0);
            to.write(i, triangle, ld);
            if (!bases) return TL_LINALG_OK;
            if (m > 0 && columns > 0) routines->orgqr(&m, &columns, &k, matrix, &ld, tau, work, &room, &answer);
            bases.write(i, matrix, ld);
            return TL_LINALG_OK;
        });
}

template <class T>
int32_t svd(const tl_tensor* a, const tl_tensor* u, const tl_tensor* s, const tl_tensor* vh) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), left(u, 2), values(s, 1), right(vh, 2);
    const int m = static_cast<int>(from.rows()), n = static_cast<int>(from.columns()), k = std::min(m, n), ld = leading(m);
    const int columns = left ? static_cast<int>(left.columns()) : 0, rows = right ? static_cast<int>(right.rows()) : 0;
    const int ldvt = leading(rows);
    const char* job = !left ? "N" : columns == k && rows == k ? "S" : "A";
    T wanted = 1;
    int answer = 0;
    const int query = -1;
    routines->gesdd(job, &m, &n, nullptr, &ld, nullptr, nullptr, &ld, nullptr, &ldvt, &wanted, &query, nullptr, &answer,
                    1);
    const int room = asked(wanted);
    return each_matrix(
        from.count(), 10.0 * m * n * k,
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(int64_t(ld) * columns) +
            Arena::bytes<T>(int64_t(ldvt) * n) + Arena::bytes<T>(k) + Arena::bytes<T>(room) +
            Arena::bytes<int>(8 * int64_t(k)),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            T* basis = arena.take<T>(int64_t(ld) * columns);
            T* rights = arena.take<T>(int64_t(ldvt) * n);
            T* singular = arena.take<T>(k);
            T* work = arena.take<T>(room);
            int* whole = arena.take<int>(8 * int64_t(k));
            from.read(i, matrix, ld);
            // The iteration of the library may never end on infinities.
            for (int column = 0; column < n; ++column)
                for (int row = 0; row < m; ++row)
                    if (!std::isfinite(matrix[row + int64_t(column) * ld])) return TL_LINALG_NOT_CONVERGED;
            int answer = 0;
            if (k > 0) {
                routines->gesdd(job, &m, &n, matrix, &ld, singular, basis, &ld, rights, &ldvt, work, &room, whole,
                                &answer, 1);
            } else if (left) {
                // Without singular values any orthonormal bases do: the unit vectors.
                for (int64_t j = 0; j < int64_t(m) * columns; j++) basis[j] = j % (m + 1) == 0 ? 1 : 0;
                for (int64_t j = 0; j < int64_t(rows) * n; j++) rights[j] = j % (n + 1) == 0 ? 1 : 0;
            }
            if (answer != 0) return TL_LINALG_NOT_CONVERGED;
            values.write_vector(i, singular);
            if (left) left.write(i, basis, ld);
            if (right) right.write(i, rights, ldvt);
            return TL_LINALG_OK;
        });
}

template <class T>
int32_t eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), numbers(values, 1), to(vectors, 2);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    const char *job = to ? "V" : "N", *triangle = upper ? "U" : "L";
    T wanted = 1;
    int answer = 0, wanted_whole = 1;
    const int query = -1;
    routines->syevd(job, triangle, &n, nullptr, &ld, nullptr, &wanted, &query, &wanted_whole, &query, &answer, 1, 1);
    const int room = asked(wanted), whole_room = std::max(wanted_whole, 1);
    return each_matrix(
        from.count(), 9.0 * n * n * n,
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(n) + Arena::bytes<T>(room) + Arena::bytes<int>(whole_room),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            T* eigenvalues = arena.take<T>(n);
            T* work = arena.take<T>(room);
            int* whole = arena.take<int>(whole_room);
            from.read(i, matrix, ld);
            // The iteration does not end well on numbers that are not finite.
            for (int64_t column = 0; column < n; column++)
                for (int64_t row = upper ? 0 : column; row < (upper ? column + 1 : n); row++)
                    if (!std::isfinite(matrix[row + column * ld])) return TL_LINALG_NOT_CONVERGED;
            int answer = 0;
            if (n > 0)
                routines->syevd(job, triangle, &n, matrix, &ld, eigenvalues, work, &room, whole, &whole_room, &answer, 1,
                                1);
            if (answer != 0) return TL_LINALG_NOT_CONVERGED;
            numbers.write_vector(i, eigenvalues);
            if (to) to.write(i, matrix, ld);
            return TL_LINALG_OK;
        });
}

} // namespace

int32_t tl_linalg_lu(const tl_tensor* a, const tl_tensor* lu_, const tl_tensor* pivots, const tl_tensor* info) {
    TL_FORWARD(a, linalg_lu, (a, lu_, pivots, info));
    return TL_BY_TYPE(lu, a->dtype)(a, lu_, pivots, info);
}

int32_t tl_linalg_permutation(const tl_tensor* pivots, const tl_tensor* order) {
    TL_FORWARD(order, linalg_permutation, (pivots, order));
    const Batch<int32_t> exchanges(pivots, 1);
    const Batch<int64_t> orders(order, 1);
    const int64_t m = orders.rows(), k = exchanges.rows();
    const int64_t step = pivots->strides[pivots->rank - 1], stride = order->strides[order->rank - 1];
    for (int64_t i = 0; i < orders.count(); i++) {
        const int32_t* swaps = exchanges.at(i);
        int64_t* rows = orders.at(i);
        for (int64_t row = 0; row < m; row++) rows[row * stride] = row;
        for (int64_t row = 0; row < k; row++) {
            const int64_t other = swaps[row * step] - 1;
            if (other >= 0 && other < m) std::swap(rows[row * stride], rows[other * stride]);
        }
    }
    return TL_LINALG_OK;
}

int32_t tl_linalg_det(const tl_tensor* a, const tl_tensor* det_, const tl_tensor* sign, const tl_tensor* log) {
    TL_FORWARD(a, linalg_det, (a, det_, sign, log));
    return TL_BY_TYPE(det, a->dtype)(a, det_, sign, log);
}

int32_t tl_linalg_inverse(const tl_tensor* a, const tl_tensor* inverse_, const tl_tensor* info) {
    TL_FORWARD(a, linalg_inverse, (a, inverse_, info));
    return TL_BY_TYPE(inverse, a->dtype)(a, inverse_, info);
}

int32_t tl_linalg_solve(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, const tl_tensor* info) {
    TL_FORWARD(a, linalg_solve, (a, b, x, info));
    return TL_BY_TYPE(solve, a->dtype)(a, b, x, info);
}

int32_t tl_linalg_solve_triangular(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, bool upper, bool left,
                                   bool unit) {
    TL_FORWARD(a, linalg_solve_triangular, (a, b, x, upper, left, unit));
    return TL_BY_TYPE(solve_triangular, a->dtype)(a, b, x, upper, left, unit);
}

int32_t tl_linalg_cholesky(const tl_tensor* a, const tl_tensor* factor, bool upper, const tl_tensor* info) {
    TL_FORWARD(a, linalg_cholesky, (a, factor, upper, info));
    return TL_BY_TYPE(cholesky, a->dtype)(a, factor, upper, info);
}

int32_t tl_linalg_qr(const tl_tensor* a, const tl_tensor* q, const tl_tensor* r) {
    TL_FORWARD(a, linalg_qr, (a, q, r));
    return TL_BY_TYPE(qr, a->dtype)(a, q, r);
}

int32_t tl_linalg_svd(const tl_tensor* a, const tl_tensor* u, const tl_tensor* s, const tl_tensor* vh) {
    TL_FORWARD(a, linalg_svd, (a, u, s, vh));
    return TL_BY_TYPE(svd, a->dtype)(a, u, s, vh);
}

int32_t tl_linalg_eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper) {
    TL_FORWARD(a, linalg_eigh, (a, values, vectors, upper));
    return TL_BY_TYPE(eigh, a->dtype)(a, values, vectors, upper);
}

int64_t tl_linalg_first_failure(const tl_tensor* info, int32_t* answer) {
    TL_FORWARD(info, linalg_first_failure, (info, answer));
    int64_t count = 1;
    for (int i = 0; i < info->rank; ++i) count *= info->shape[i];
    const auto* answers = static_cast<const int32_t*>(info->data);
    for (int64_t i = 0; i < count; ++i)
        if (answers[i] != 0) {
            *answer = answers[i];
            return i;
        }
    return -1;
}
