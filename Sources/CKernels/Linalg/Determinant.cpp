#include "Linalg/Matrices.h"
#include "Support/Forward.h"
#include <cmath>

using namespace tl;

template <class T>
static int32_t det(const tl_tensor* a, const tl_tensor* det, const tl_tensor* sign, const tl_tensor* log) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), values(det, 0), signs(sign, 0), logs(log, 0);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    return each_matrix(from.count(), double(n) * n * n, Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(n),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           int* rows = arena.take<int>(n);
                           from.read(i, matrix, ld);
                           int answer = 0;
                           if (n > 0) routines->getrf(&n, &n, matrix, &ld, rows, &answer);
                           double product = 1, turn = 1, sum = 0;
                           for (int64_t j = 0; j < n; j++) {
                               const double entry = static_cast<double>(matrix[j + j * ld]);
                               const double flip = rows[j] != j + 1 ? -1 : 1;
                               product *= flip * entry;
                               turn *= flip * (entry > 0 ? 1 : entry < 0 ? -1 : entry);
                               sum += std::log(std::fabs(entry));
                           }
                           if (values) *values.at(i) = static_cast<T>(product);
                           if (signs) *signs.at(i) = static_cast<T>(turn);
                           if (logs) *logs.at(i) = static_cast<T>(sum);
                           return TL_LINALG_OK;
                       });
}

int32_t tl_linalg_det(const tl_tensor* a, const tl_tensor* det_, const tl_tensor* sign, const tl_tensor* log) {
    TL_FORWARD(a, linalg_det, (a, det_, sign, log));
    return TL_BY_TYPE(det, a->dtype)(a, det_, sign, log);
}
