#include "Linalg/Matrices.h"
#include "Support/Forward.h"
#include <cmath>
#include <type_traits>

using namespace tl;

namespace {

/// The product of the diagonal of a factorisation in float64: the product, its sign, and the logarithm of its
/// magnitude.
template <class T>
struct DiagonalProduct {
    using Wide = std::conditional_t<is_complex_type<T>, Complex<double>, double>;
    Wide product = number<Wide>(1), sign = number<Wide>(1);
    double logarithm = 0;

    void take(T entry, bool is_exchanged) {
        Wide wide;
        double size;
        if constexpr (is_complex_type<T>) {
            wide = {entry.re, entry.im};
            size = std::hypot(wide.re, wide.im);
            const Wide turn = size == 0 ? Wide{0, 0} : Wide{wide.re / size, wide.im / size};
            sign = sign * (is_exchanged ? -turn : turn);
        } else {
            wide = static_cast<double>(entry);
            size = std::fabs(wide);
            sign *= (is_exchanged ? -1 : 1) * (wide > 0 ? 1 : wide < 0 ? -1 : wide);
        }
        product = product * (is_exchanged ? -wide : wide);
        logarithm += std::log(size);
    }

    static T narrow(Wide value) {
        if constexpr (is_complex_type<T>) return {static_cast<Part<T>>(value.re), static_cast<Part<T>>(value.im)};
        else return static_cast<T>(value);
    }
};

} // namespace

template <class T>
static int32_t det(const tl_tensor* a, const tl_tensor* det, const tl_tensor* sign, const tl_tensor* log) {
    const auto* routines = lapack<T>();
    if (!routines) return TL_LINALG_NO_LIBRARY;
    const Batch<T> from(a, 2), values(det, 0), signs(sign, 0);
    const Batch<Part<T>> logs(log, 0);
    const int n = static_cast<int>(from.rows()), ld = leading(n);
    return each_matrix(from.count(), double(n) * n * n, Arena::bytes<T>(int64_t(ld) * n) + Arena::bytes<int>(n),
                       [&](int64_t i, Arena arena) {
                           T* matrix = arena.take<T>(int64_t(ld) * n);
                           int* rows = arena.take<int>(n);
                           from.read(i, matrix, ld);
                           int answer = 0;
                           if (n > 0) routines->getrf(&n, &n, matrix, &ld, rows, &answer);
                           DiagonalProduct<T> all;
                           for (int64_t j = 0; j < n; j++) all.take(matrix[j + j * ld], rows[j] != j + 1);
                           if (values) *values.at(i) = all.narrow(all.product);
                           if (signs) *signs.at(i) = all.narrow(all.sign);
                           if (logs) *logs.at(i) = static_cast<Part<T>>(all.logarithm);
                           return TL_LINALG_OK;
                       });
}

int32_t tl_linalg_det(const tl_tensor* a, const tl_tensor* det_, const tl_tensor* sign, const tl_tensor* log) {
    TL_FORWARD(a, linalg_det, (a, det_, sign, log));
    return TL_BY_TYPE(det, a->dtype)(a, det_, sign, log);
}
