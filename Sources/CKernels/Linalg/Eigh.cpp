#include "Linalg/Matrices.h"
#include "Support/Forward.h"
#include <cmath>

using namespace tl;

template <class T>
static int32_t eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper) {
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

int32_t tl_linalg_eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper) {
    TL_FORWARD(a, linalg_eigh, (a, values, vectors, upper));
    return TL_BY_TYPE(eigh, a->dtype)(a, values, vectors, upper);
}
