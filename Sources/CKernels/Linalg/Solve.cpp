#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t solve(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, const tl_tensor* info) {
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
                to.fill(i, not_a_number<T>());
            *answers.at(i) = answer;
            return TL_LINALG_OK;
        });
}

int32_t tl_linalg_solve(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, const tl_tensor* info) {
    TL_FORWARD(a, linalg_solve, (a, b, x, info));
    return TL_BY_TYPE(solve, a->dtype)(a, b, x, info);
}
