#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), to(vectors, 2);
    const Batch<Part<T>> numbers(values, 1);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    const char *job = to ? "V" : "N", *triangle = upper ? "U" : "L";
    // Complex matrices need additional real memory.
    const auto decompose = [&](T* matrix, Part<T>* eigenvalues, T* work, const int* size, Part<T>* parts, const int* parts_size,
                               int* whole, const int* whole_size, int* answer) {
        if constexpr (is_complex_type<T>)
            routines->syevd(job, triangle, &n, matrix, &ld, eigenvalues, work, size, parts, parts_size, whole, whole_size,
                            answer, 1, 1);
        else
            routines->syevd(job, triangle, &n, matrix, &ld, eigenvalues, work, size, whole, whole_size, answer, 1, 1);
    };
    T wanted = number<T>(1);
    Part<T> wanted_parts = 1;
    int answer = 0, wanted_whole = 1;
    const int query = -1;
    decompose(nullptr, nullptr, &wanted, &query, &wanted_parts, &query, &wanted_whole, &query, &answer);
    const int work_size = asked(wanted), real_work_size = is_complex_type<T> ? asked(wanted_parts) : 0;
    const int integer_work_size = std::max(wanted_whole, 1);
    return each_matrix(
        from.count(), 9.0 * n * n * n,
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<Part<T>>(n) + Arena::bytes<T>(work_size) +
            Arena::bytes<Part<T>>(real_work_size) + Arena::bytes<int>(integer_work_size),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            Part<T>* eigenvalues = arena.take<Part<T>>(n);
            T* work = arena.take<T>(work_size);
            Part<T>* parts = arena.take<Part<T>>(real_work_size);
            int* whole = arena.take<int>(integer_work_size);
            from.read(i, matrix, ld);
            // LAPACK may not terminate for infinities and NaN.
            for (int64_t column = 0; column < n; column++)
                for (int64_t row = upper ? 0 : column; row < (upper ? column + 1 : n); row++)
                    if (!is_finite(matrix[row + column * ld])) return TL_LINALG_NOT_CONVERGED;
            int answer = 0;
            if (n > 0)
                decompose(matrix, eigenvalues, work, &work_size, parts, &real_work_size, whole, &integer_work_size, &answer);
            if (answer != 0) return TL_LINALG_NOT_CONVERGED;
            numbers.write_vector(i, eigenvalues);
            if (to) to.write(i, matrix, ld);
            return TL_LINALG_OK;
        });
}

int32_t tl_linalg_eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper) {
    TL_FORWARD(a, linalg_eigh, (a, values, vectors, upper));
    return TL_BY_TYPE(eigh, a->dtype)(a, values, vectors, upper);
}
