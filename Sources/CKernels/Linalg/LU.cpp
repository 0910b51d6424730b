#include "Linalg/Matrices.h"
#include "Support/Forward.h"
#include <utility>

using namespace tl;

template <class T>
static int32_t lu(const tl_tensor* a, const tl_tensor* lu, const tl_tensor* pivots, const tl_tensor* info) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), to(lu, 2);
    const Batch<int32_t> exchanges(pivots, 1), answers(info, 0);
    const int m = static_cast<int>(from.rows()), n = static_cast<int>(from.columns()), k = std::min(m, n), ld = leading(m);
    return each_matrix(from.count(), double(m) * n * k, Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(k),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           int* rows = arena.take<int>(k);
                           from.read(i, matrix, ld);
                           int answer = 0;
                           if (k > 0) routines->getrf(&m, &n, matrix, &ld, rows, &answer);
                           to.write(i, matrix, ld);
                           exchanges.write_vector(i, rows);
                           *answers.at(i) = answer;
                           return TL_LINALG_OK;
                       });
}

int32_t tl_linalg_lu(const tl_tensor* a, const tl_tensor* lu_, const tl_tensor* pivots, const tl_tensor* info) {
    TL_FORWARD(a, linalg_lu, (a, lu_, pivots, info));
    return TL_BY_TYPE(lu, a->dtype)(a, lu_, pivots, info);
}

int32_t tl_linalg_permutation(const tl_tensor* pivots, const tl_tensor* order) {
    TL_FORWARD(order, linalg_permutation, (pivots, order));
    const Batch<int32_t> exchanges(pivots, 1);
    const Batch<int64_t> orders(order, 1);
    const int64_t m = orders.rows(), k = exchanges.rows();
    const int64_t step = pivots->strides[pivots->rank - 1], stride = order->strides[order->rank - 1];
    for (int64_t i = 0; i < orders.count(); i++) {
        const int32_t* swaps = exchanges.at(i);
        int64_t* rows = orders.at(i);
        for (int64_t row = 0; row < m; row++) rows[row * stride] = row;
        for (int64_t row = 0; row < k; row++) {
            const int64_t other = swaps[row * step] - 1;
            if (other >= 0 && other < m) std::swap(rows[row * stride], rows[other * stride]);
        }
    }
    return TL_LINALG_OK;
}
