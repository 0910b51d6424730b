#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t svd(const tl_tensor* a, const tl_tensor* u, const tl_tensor* s, const tl_tensor* vh) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), left(u, 2), right(vh, 2);
    const Batch<Part<T>> values(s, 1);
    const int m = static_cast<int>(from.rows()), n = static_cast<int>(from.columns()), k = std::min(m, n), ld = leading(m);
    const int columns = left ? static_cast<int>(left.columns()) : 0, rows = right ? static_cast<int>(right.rows()) : 0;
    const int ldvt = leading(rows);
    const char* job = !left ? "N" : columns == k && rows == k ? "S" : "A";
    // Complex matrices need additional real memory.
    const auto decompose = [&](T* matrix, Part<T>* singular, T* basis, T* rights, T* work, const int* size,
                               Part<T>* parts, int* whole, int* answer) {
        if constexpr (is_complex_type<T>)
            routines->gesdd(job, &m, &n, matrix, &ld, singular, basis, &ld, rights, &ldvt, work, size, parts, whole, answer,
                            1);
        else
            routines->gesdd(job, &m, &n, matrix, &ld, singular, basis, &ld, rights, &ldvt, work, size, whole, answer, 1);
    };
    T wanted = number<T>(1);
    int answer = 0;
    const int query = -1;
    decompose(nullptr, nullptr, nullptr, nullptr, &wanted, &query, nullptr, nullptr, &answer);
    const int work_size = asked(wanted);
    const int64_t least = k, most = std::max(m, n);
    const int64_t for_vectors = least * std::max<int64_t>(5 * least + 7, 2 * most + 2 * least + 1);
    const int64_t real_work_size = is_complex_type<T> ? std::max<int64_t>(7 * least, for_vectors) : 0;
    return each_matrix(
        from.count(), 10.0 * m * n * k,
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(int64_t(ld) * columns) +
            Arena::bytes<T>(int64_t(ldvt) * n) + Arena::bytes<Part<T>>(k) + Arena::bytes<T>(work_size) +
            Arena::bytes<Part<T>>(real_work_size) + Arena::bytes<int>(8 * int64_t(k)),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            T* basis = arena.take<T>(int64_t(ld) * columns);
            T* rights = arena.take<T>(int64_t(ldvt) * n);
            Part<T>* singular = arena.take<Part<T>>(k);
            T* work = arena.take<T>(work_size);
            Part<T>* parts = arena.take<Part<T>>(real_work_size);
            int* whole = arena.take<int>(8 * int64_t(k));
            from.read(i, matrix, ld);
            // LAPACK may not terminate for infinities.
            for (int column = 0; column < n; ++column)
                for (int row = 0; row < m; ++row)
                    if (!is_finite(matrix[row + int64_t(column) * ld])) return TL_LINALG_NOT_CONVERGED;
            int answer = 0;
            if (k > 0) {
                decompose(matrix, singular, basis, rights, work, &work_size, parts, whole, &answer);
            } else if (left) {
                // Without singular values any orthonormal bases are valid: the unit vectors are returned.
                for (int64_t j = 0; j < int64_t(m) * columns; j++) basis[j] = number<T>(j % (m + 1) == 0 ? 1 : 0);
                for (int64_t j = 0; j < int64_t(rows) * n; j++) rights[j] = number<T>(j % (n + 1) == 0 ? 1 : 0);
            }
            if (answer != 0) return TL_LINALG_NOT_CONVERGED;
            values.write_vector(i, singular);
            if (left) left.write(i, basis, ld);
            if (right) right.write(i, rights, ldvt);
            return TL_LINALG_OK;
        });
}

int32_t tl_linalg_svd(const tl_tensor* a, const tl_tensor* u, const tl_tensor* s, const tl_tensor* vh) {
    TL_FORWARD(a, linalg_svd, (a, u, s, vh));
    return TL_BY_TYPE(svd, a->dtype)(a, u, s, vh);
}
