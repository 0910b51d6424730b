#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t qr(const tl_tensor* a, const tl_tensor* q, const tl_tensor* r) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), bases(q, 2), to(r, 2);
    const int m = static_cast<int>(from.rows()), n = static_cast<int>(from.columns()), k = std::min(m, n), ld = leading(m);
    const int columns = bases ? static_cast<int>(bases.columns()) : k, wide = std::max(n, columns);
    T wanted = number<T>(1), wanted_basis = number<T>(1);
    int answer = 0;
    const int query = -1;
    routines->geqrf(&m, &n, nullptr, &ld, nullptr, &wanted, &query, &answer);
    if (bases) routines->orgqr(&m, &columns, &k, nullptr, &ld, nullptr, &wanted_basis, &query, &answer);
    const int work_size = std::max({asked(wanted), asked(wanted_basis), wide, 1});
    return each_matrix(
        from.count(), 2.0 * m * n * k,
        Arena::bytes<T>(int64_t(ld) * wide) + Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(k) +
            Arena::bytes<T>(work_size),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * wide);
            T* triangle = arena.take<T>(int64_t(ld) * n);
            T* tau = arena.take<T>(k);
            T* work = arena.take<T>(work_size);
            from.read(i, matrix, ld);
            int answer = 0;
            if (k > 0) routines->geqrf(&m, &n, matrix, &ld, tau, work, &work_size, &answer);
            for (int64_t column = 0; column < n; column++)
                for (int64_t row = 0; row < m; row++)
                    triangle[row + column * ld] = row <= column ? matrix[row + column * ld] : number<T>(0);
            to.write(i, triangle, ld);
            if (!bases) return TL_LINALG_OK;
            if (m > 0 && columns > 0) routines->orgqr(&m, &columns, &k, matrix, &ld, tau, work, &work_size, &answer);
            bases.write(i, matrix, ld);
            return TL_LINALG_OK;
        });
}

int32_t tl_linalg_qr(const tl_tensor* a, const tl_tensor* q, const tl_tensor* r) {
    TL_FORWARD(a, linalg_qr, (a, q, r));
    return TL_BY_TYPE(qr, a->dtype)(a, q, r);
}
