#include "Linalg/Matrices.h"
#include "Support/Forward.h"

using namespace tl;

template <class T>
static int32_t solve_triangular(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, bool upper, bool left, bool unit) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), sides(b, 2), to(x, 2);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    const int m = static_cast<int>(sides.rows()), k = static_cast<int>(sides.columns()), ldb = leading(m);
    const T one = number<T>(1);
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

int32_t tl_linalg_solve_triangular(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, bool upper, bool left,
                                   bool unit) {
    TL_FORWARD(a, linalg_solve_triangular, (a, b, x, upper, left, unit));
    return TL_BY_TYPE(solve_triangular, a->dtype)(a, b, x, upper, left, unit);
}
