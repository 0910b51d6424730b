#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t cholesky(const tl_tensor* a, const tl_tensor* factor, bool upper, const tl_tensor* info) {
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
                                   matrix[row + column * ld] = number<T>(0);
                           to.write(i, matrix, ld);
                           *answers.at(i) = answer;
                           return TL_LINALG_OK;
                       });
}

int32_t tl_linalg_cholesky(const tl_tensor* a, const tl_tensor* factor, bool upper, const tl_tensor* info) {
    TL_FORWARD(a, linalg_cholesky, (a, factor, upper, info));
    return TL_BY_TYPE(cholesky, a->dtype)(a, factor, upper, info);
}
