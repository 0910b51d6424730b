// The scaled error function, the normal distribution and its quantile, and entropies; see Dialect.h.
#ifndef TL_SCALAR_NORMAL_H
#define TL_SCALAR_NORMAL_H
#include "Scalar/Dialect.h"
#include "Scalar/Exponential.h"
#include "Scalar/Logarithm.h"
#include "Scalar/Polynomial.h"
#include "Scalar/Special.h"

/// erfc(a) exp(a^2) for a >= 0: 1/(1 + 2a) times a polynomial in t = (a - 3)/(a + 3).
TL_FN double tl_erfcx_positive_f64(double a) {
    static const double erfcx[] = {
        8.864219016427092e-10, 9.885798831139365e-10, -8.500397929772615e-09, -1.3326364813003834e-08,
        4.180784698845582e-08, 1.0187000600072885e-07, -1.4160064940265987e-07, -6.166496077604353e-07,
        3.5683839153992204e-07, 3.472414602875686e-06, -7.315105164159062e-07, -2.0100567931289227e-05,
        4.949484992570595e-06, 0.00012509935235563107, -0.00010515979981501177, -0.0007798322721083991,
        0.0018886903591561553, 0.002529391816066239, -0.023770514918645888, 0.06830802734397848, -0.11927366341530699,
        0.1296451587027606, -0.04756229435345087, -0.13562110612458117, 1.2530080582697296};
    const double t = 1.0 - 6.0 / (a + 3.0);
    return TL_POLYNOMIAL(erfcx, t) / (1.0 + 2.0 * a);
}
/// 2 exp(x^2) - erfcx(-x) for x < 0; x^2 is in two parts, because an error of the exponent is a relative error of the
/// result.
TL_FN double tl_erfcx_f64(double x) {
    const double right = tl_erfcx_positive_f64(tl_abs_f64(x));
    const double c = x < -30.0 ? -30.0 : x, high = (double)(float)c;
    const double left = 2.0 * tl_exp_f64(high * high) * tl_exp_f64((c - high) * (c + high)) - right;
    return x < 0.0 ? left : right;
}
TL_FN float tl_erfcx_f32(float x) { return (float)tl_erfcx_f64((double)x); }

/// Phi(-a) = erfcx(a / sqrt 2) exp(-a^2 / 2) / 2 for a >= 0, exact for float.
TL_FN double tl_normal_tail_wide(double a) {
    a = a > 40.0 ? 40.0 : a;
    return 0.5 * tl_erfcx_positive_f64(a * 0.70710678118654752440) * tl_exp_f64(-0.5 * a * a);
}
/// The normal distribution function Phi(x) = erfc(-x / sqrt 2) / 2.
TL_FN float tl_ndtr_f32(float x) {
    const double tail = tl_normal_tail_wide(tl_abs_f64((double)x));
    return (float)(x > 0.0f ? 1.0 - tail : tail);
}
TL_FN double tl_ndtr_f64(double x) { return 0.5 * TL_BUILTIN(erfc)(-x * 0.70710678118654752440); }

/// log Phi(x): for x < -1 by erfcx, which does not underflow; otherwise log(1 - Phi(-x)), by a series if Phi(-x) is
/// small.
TL_FN float tl_log_ndtr_f32(float x) {
    const double d = (double)x, a = tl_abs_f64(d);
    const double left = tl_log_f64(0.5 * tl_erfcx_positive_f64(a * 0.70710678118654752440)) - 0.5 * d * d;
    const double tail = tl_normal_tail_wide(a), q = d > 0.0 ? tail : 1.0 - tail;
    const double near = tl_log_f64(1.0 - q), series = -q * (1.0 + q * (0.5 + q * (1.0 / 3)));
    const double y = d < -1.0 ? left : q < 1e-4 ? series : near;
    return x == -TL_INFINITY_F32 ? x : (float)y;
}
TL_FN double tl_log_ndtr_f64(double x) {
    const double a = tl_abs_f64(x);
    const double left = TL_BUILTIN(log)(0.5 * tl_erfcx_positive_f64(a * 0.70710678118654752440)) - 0.5 * x * x;
    const double right = TL_BUILTIN(log1p)(-0.5 * TL_BUILTIN(erfc)(x * 0.70710678118654752440));
    return x == -TL_INFINITY_F64 ? x : x < -1.0 ? left : right;
}

/// The y > 0 with erfc(y) = 2q, 0 < q <= 1/2: erfinv(1 - 2q), and another polynomial for the far tail.
TL_FN double tl_normal_quantile_guess(double q) {
    static const double tail[] = {
        -4.7643412114520976e-08, 7.049990609248825e-08, 1.9331122844026886e-07, -2.849639199917165e-07,
        -3.989402053162948e-07, 5.887638408510685e-07, 4.341939093715509e-07, -6.35284891921835e-07,
        -3.966596546506035e-07, 5.910403987650146e-07, 1.1531729526000785e-08, 2.0491369807750543e-08,
        -5.16935295893928e-07, 9.065959430084541e-07, -1.5134655208099044e-06, 2.9048324175451617e-06,
        -5.884316436350868e-06, 1.2604912080913545e-05, -2.8893229601409248e-05, 7.482957594676642e-05,
        -0.00027891626437324095, 0.00136807946752691, -0.00199387197580264, -0.020430421806587173, 0.9812264416084467};
    const double w = -tl_log_f64(4.0 * q * (1.0 - q)), near = tl_erfinv_from_f64(1.0 - 2.0 * q, w);
    const double root = tl_sqrt_f64(w < 16.0 ? 16.0 : w);
    // Maps 1/s in [1/27.5, 1/4] to [-1, 1].
    const double t = (1.0 / root - 0.14318181818181819) * 9.3617021276595747;
    return w < 16.0 ? near : root * TL_POLYNOMIAL(tail, t);
}
/// The x with Phi(x) = p: infinite at 0 and 1, NaN outside [0, 1].
TL_FN float tl_ndtri_f32(float p) {
    const double d = (double)p, q = d < 0.5 ? d : 1.0 - d;
    const double y = 1.41421356237309504880 * tl_normal_quantile_guess(q);
    const float x = (float)(d < 0.5 ? -y : y);
    return p == 0.0f ? -TL_INFINITY_F32 : p == 1.0f ? TL_INFINITY_F32 : ((p > 0.0f) & (p < 1.0f)) ? x : TL_NAN_F32;
}
/// In the tails refined by Newton's method for erfcx(y) = exp(y^2 + log 2q), whose sides do not underflow.
TL_FN double tl_ndtri_f64(double p) {
    const double q = p < 0.5 ? p : 1.0 - p;
    double y = tl_normal_quantile_guess(q);
    for (int i = 0; i < 2; ++i)
        y += 0.88622692545275801365 * (tl_erfcx_positive_f64(y) - tl_exp_f64(y * y + tl_log_f64(2.0 * q)));
    y = q < 0.25 ? y : tl_erfinv_f64(1.0 - 2.0 * q);
    const double x = 1.41421356237309504880 * (p < 0.5 ? -y : y);
    return p == 0.0 ? -TL_INFINITY_F64 : p == 1.0 ? TL_INFINITY_F64 : ((p > 0.0) & (p < 1.0)) ? x : TL_NAN_F64;
}

/// -x log(x); 0 at 0, minus infinity for negative x.
TL_FN float tl_entr_f32(float x) {
    const float y = -x * tl_log_f32(x);
    return x == 0.0f ? 0.0f : x < 0.0f ? -TL_INFINITY_F32 : y;
}
TL_FN double tl_entr_f64(double x) {
    const double y = -x * tl_log_f64(x);
    return x == 0.0 ? 0.0 : x < 0.0 ? -TL_INFINITY_F64 : y;
}
/// a log(1 + b); 0 if a is 0, unless b is NaN.
TL_FN float tl_xlog1py_f32(float a, float b) {
    const float product = a * tl_log1p_f32(b);
    return ((a == 0.0f) & (b == b)) ? 0.0f : product;
}
TL_FN double tl_xlog1py_f64(double a, double b) {
    const double product = a * tl_log1p_f64(b);
    return ((a == 0.0) & (b == b)) ? 0.0 : product;
}

#endif
