// Orthogonal polynomials. The degree is the second argument, truncated to an integer; see Dialect.h.
//
// They are computed by recurrence in double precision, which stops at an overflow: the loops are not vectorised, and
// the time is proportional to the degree. A degree that is negative or outside 64-bit integers gives 0, as in PyTorch.
#ifndef TL_SCALAR_ORTHOGONAL_H
#define TL_SCALAR_ORTHOGONAL_H
#include "Scalar/Dialect.h"

TL_FN int tl_has_no_degree(double n) { return !((n >= 0.0) & (n < 9223372036854775808.0)); }

/// p(n) of the recurrence p(0) = 1, p(1) = first, p(k + 1) = 2 x p(k) - p(k - 1).
TL_FN double tl_chebyshev_recurrence(double x, double first, double n) {
    double before = 1.0, p = first;
    for (double k = 1.0; (k < n) & (p - p == 0.0); k += 1.0) {
        const double next = 2.0 * x * p - before;
        before = p;
        p = next;
    }
    return p;
}
/// For degrees above 64 and x in (-1, 1) by the angle t, x = cos t: T = cos(n t), U = sin((n + 1) t) / sin t, V =
/// cos((n + 1/2) t) / cos(t/2), W = sin((n + 1/2) t) / sin(t/2).
TL_FN double tl_chebyshev_polynomial_t_f64(double x, double degree) {
    const double n = tl_trunc_f64(degree);
    if (tl_has_no_degree(n)) return 0.0;
    if (n == 0.0) return 1.0;
    if (tl_abs_f64(x) == 1.0) return ((x > 0.0) | (n * 0.5 == tl_floor_f64(n * 0.5))) ? 1.0 : -1.0;
    if ((n > 64.0) & (tl_abs_f64(x) < 1.0)) return TL_BUILTIN(cos)(n * TL_BUILTIN(acos)(x));
    return tl_chebyshev_recurrence(x, x, n);
}
TL_FN double tl_chebyshev_polynomial_u_f64(double x, double degree) {
    const double n = tl_trunc_f64(degree);
    if (tl_has_no_degree(n)) return 0.0;
    if (n == 0.0) return 1.0;
    if (tl_abs_f64(x) == 1.0) return ((x > 0.0) | (n * 0.5 == tl_floor_f64(n * 0.5))) ? n + 1.0 : -n - 1.0;
    if ((n > 64.0) & (tl_abs_f64(x) < 1.0)) {
        const double t = TL_BUILTIN(acos)(x);
        return TL_BUILTIN(sin)((n + 1.0) * t) / TL_BUILTIN(sin)(t);
    }
    return tl_chebyshev_recurrence(x, 2.0 * x, n);
}
TL_FN double tl_chebyshev_polynomial_v_f64(double x, double degree) {
    const double n = tl_trunc_f64(degree);
    if (tl_has_no_degree(n)) return 0.0;
    if (n == 0.0) return 1.0;
    if (x == 1.0) return 1.0;
    if (x == -1.0) return n * 0.5 == tl_floor_f64(n * 0.5) ? 2.0 * n + 1.0 : -2.0 * n - 1.0;
    if ((n > 64.0) & (tl_abs_f64(x) < 1.0)) {
        const double t = TL_BUILTIN(acos)(x);
        return TL_BUILTIN(cos)((n + 0.5) * t) / TL_BUILTIN(cos)(0.5 * t);
    }
    return tl_chebyshev_recurrence(x, 2.0 * x - 1.0, n);
}
TL_FN double tl_chebyshev_polynomial_w_f64(double x, double degree) {
    const double n = tl_trunc_f64(degree);
    if (tl_has_no_degree(n)) return 0.0;
    if (n == 0.0) return 1.0;
    if (x == 1.0) return 2.0 * n + 1.0;
    if (x == -1.0) return n * 0.5 == tl_floor_f64(n * 0.5) ? 1.0 : -1.0;
    if ((n > 64.0) & (tl_abs_f64(x) < 1.0)) {
        const double t = TL_BUILTIN(acos)(x);
        return TL_BUILTIN(sin)((n + 0.5) * t) / TL_BUILTIN(sin)(0.5 * t);
    }
    return tl_chebyshev_recurrence(x, 2.0 * x + 1.0, n);
}

/// Shifted to [0, 1]: the polynomials of 2x - 1.
#define TL_SHIFTED(letter)                                                                                             \
    TL_FN double tl_shifted_chebyshev_polynomial_##letter##_f64(double x, double n) {                                  \
        return tl_chebyshev_polynomial_##letter##_f64(x - 1.0 + x, n);                                                 \
    }
TL_SHIFTED(t)
TL_SHIFTED(u)
TL_SHIFTED(v)
TL_SHIFTED(w)
#undef TL_SHIFTED

/// p(n) of the recurrence p(0) = 1, p(1) = step x, p(k + 1) = step (x p(k) - k p(k - 1)): Hermite polynomials, the
/// physicists' H with step 2 and the probabilists' He with step 1.
TL_FN double tl_hermite_recurrence(double x, double degree, double step) {
    const double n = tl_trunc_f64(degree);
    if (tl_has_no_degree(n)) return 0.0;
    if (n == 0.0) return 1.0;
    double before = 1.0, p = step * x;
    for (double k = 1.0; (k < n) & (p - p == 0.0); k += 1.0) {
        const double next = step * (x * p - k * before);
        before = p;
        p = next;
    }
    return p;
}
TL_FN double tl_hermite_polynomial_h_f64(double x, double n) { return tl_hermite_recurrence(x, n, 2.0); }
TL_FN double tl_hermite_polynomial_he_f64(double x, double n) { return tl_hermite_recurrence(x, n, 1.0); }

/// (k + 1) L(k + 1) = (2k + 1 - x) L(k) - k L(k - 1)
TL_FN double tl_laguerre_polynomial_l_f64(double x, double degree) {
    const double n = tl_trunc_f64(degree);
    if (tl_has_no_degree(n)) return 0.0;
    if ((n == 0.0) | (x == 0.0)) return 1.0;
    double before = 1.0, p = 1.0 - x;
    for (double k = 1.0; (k < n) & (p - p == 0.0); k += 1.0) {
        const double next = ((2.0 * k + 1.0 - x) * p - k * before) / (k + 1.0);
        before = p;
        p = next;
    }
    return p;
}
/// (k + 1) P(k + 1) = (2k + 1) x P(k) - k P(k - 1)
TL_FN double tl_legendre_polynomial_p_f64(double x, double degree) {
    const double n = tl_trunc_f64(degree);
    if (tl_has_no_degree(n)) return 0.0;
    if (n == 0.0) return 1.0;
    if (tl_abs_f64(x) == 1.0) return ((x > 0.0) | (n * 0.5 == tl_floor_f64(n * 0.5))) ? 1.0 : -1.0;
    double before = 1.0, p = x;
    for (double k = 1.0; (k < n) & (p - p == 0.0); k += 1.0) {
        const double next = ((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0);
        before = p;
        p = next;
    }
    return p;
}

#define TL_IN_DOUBLE(name)                                                                                             \
    TL_FN float tl_##name##_f32(float x, float n) { return (float)tl_##name##_f64((double)x, (double)n); }
TL_IN_DOUBLE(chebyshev_polynomial_t)
TL_IN_DOUBLE(chebyshev_polynomial_u)
TL_IN_DOUBLE(chebyshev_polynomial_v)
TL_IN_DOUBLE(chebyshev_polynomial_w)
TL_IN_DOUBLE(shifted_chebyshev_polynomial_t)
TL_IN_DOUBLE(shifted_chebyshev_polynomial_u)
TL_IN_DOUBLE(shifted_chebyshev_polynomial_v)
TL_IN_DOUBLE(shifted_chebyshev_polynomial_w)
TL_IN_DOUBLE(hermite_polynomial_h)
TL_IN_DOUBLE(hermite_polynomial_he)
TL_IN_DOUBLE(laguerre_polynomial_l)
TL_IN_DOUBLE(legendre_polynomial_p)
#undef TL_IN_DOUBLE

#endif
