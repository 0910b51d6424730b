#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t inverse(const tl_tensor* a, const tl_tensor* inverse, const tl_tensor* info) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), to(inverse, 2);
    const Batch<int32_t> answers(info, 0);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    T wanted = number<T>(1);
    int answer = 0;
    const int query = -1;
    routines->getri(&n, nullptr, &ld, nullptr, &wanted, &query, &answer);
    const int work_size = std::max(asked(wanted), leading(n));
    return each_matrix(
        from.count(), 2.0 * n * n * n,
        Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(n) + Arena::bytes<T>(work_size), [&](int64_t i, Arena arena) {
            T* matrix = arena.take<T>(int64_t(ld) * n);
            int* rows = arena.take<int>(n);
            T* work = arena.take<T>(work_size);
            from.read(i, matrix, ld);
            int answer = 0;
            if (n > 0) routines->getrf(&n, &n, matrix, &ld, rows, &answer);
            if (n > 0 && answer == 0) routines->getri(&n, matrix, &ld, rows, work, &work_size, &answer);
            if (answer == 0)
                to.write(i, matrix, ld);
            else
                to.fill(i, not_a_number<T>());
            *answers.at(i) = answer;
            return TL_LINALG_OK;
        });
}

int32_t tl_linalg_inverse(const tl_tensor* a, const tl_tensor* inverse_, const tl_tensor* info) {
    TL_FORWARD(a, linalg_inverse, (a, inverse_, info));
    return TL_BY_TYPE(inverse, a->dtype)(a, inverse_, info);
}
