#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t eig(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), numbers(values, 1), to(vectors, 2);
    const int n = static_cast<int>(from.rows()), ld = leading(n), columns = to ? n : 0;
    const char* job = to ? "V" : "N";
    T wanted = number<T>(1);
    int answer = 0;
    const int query = -1;
    // The workspace query also writes the size of the real workspace.
    Part<T> real_wanted{};
    routines->geev(
        "N", job, &n, nullptr, &ld, nullptr, nullptr, &ld, nullptr, &ld, &wanted, &query, &real_wanted, &answer, 1, 1);
    const int work_size = std::max(asked(wanted), 2 * ld);
    return each_matrix(
        from.count(), 25.0 * n * n * n,
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(n) + Arena::bytes<T>(int64_t(ld) * columns) +
            Arena::bytes<T>(work_size) + Arena::bytes<Part<T>>(2 * int64_t(n)),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            T* eigenvalues = arena.take<T>(n);
            T* basis = arena.take<T>(int64_t(ld) * columns);
            T* work = arena.take<T>(work_size);
            Part<T>* parts = arena.take<Part<T>>(2 * int64_t(n));
            from.read(i, matrix, ld);
            // LAPACK may not terminate for infinities and NaN.
            for (int64_t column = 0; column < n; column++)
                for (int64_t row = 0; row < n; row++)
                    if (!is_finite(matrix[row + column * ld])) return TL_LINALG_NOT_CONVERGED;
            int answer = 0;
            if (n > 0)
                routines->geev("N", job, &n, matrix, &ld, eigenvalues, nullptr, &ld, basis, &ld, work, &work_size, parts, &answer,
                               1, 1);
            if (answer != 0) return TL_LINALG_NOT_CONVERGED;
            numbers.write_vector(i, eigenvalues);
            if (to) to.write(i, basis, ld);
            return TL_LINALG_OK;
        });
}

int32_t tl_linalg_eig(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors) {
    TL_FORWARD(a, linalg_eig, (a, values, vectors));
    return a->dtype == TL_COMPLEX128 ? eig<Complex<double>>(a, values, vectors) : eig<Complex<float>>(a, values, vectors);
}
