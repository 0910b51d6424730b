#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t reflectors(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* tau) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), to(factors, 2), scales(tau, 1);
    const int m = static_cast<int>(from.rows()), n = static_cast<int>(from.columns()), k = std::min(m, n), ld = leading(m);
    T wanted = number<T>(1);
    int answer = 0;
    const int query = -1;
    routines->geqrf(&m, &n, nullptr, &ld, nullptr, &wanted, &query, &answer);
    const int work_size = std::max({asked(wanted), n, 1});
    return each_matrix(
        from.count(), 2.0 * m * n * k, Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<T>(k) + Arena::bytes<T>(work_size),
        [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            T* numbers = arena.take<T>(k);
            T* work = arena.take<T>(work_size);
            from.read(i, matrix, ld);
            int answer = 0;
            if (k > 0) routines->geqrf(&m, &n, matrix, &ld, numbers, work, &work_size, &answer);
            to.write(i, matrix, ld);
            scales.write_vector(i, numbers);
            return TL_LINALG_OK;
        });
}

int32_t tl_linalg_reflectors(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* tau) {
    TL_FORWARD(a, linalg_reflectors, (a, factors, tau));
    return TL_BY_TYPE(reflectors, a->dtype)(a, factors, tau);
}
