// Logarithms, related functions, and powers; see Dialect.h.
//
// log(x) = e log 2 + log(m), m in [sqrt(1/2), sqrt(2)); the first part of log 2 has so few digits that its product with
// e is exact. float functions with cancellation are computed in double precision.
#ifndef TL_SCALAR_LOGARITHM_H
#define TL_SCALAR_LOGARITHM_H
#include "Scalar/Dialect.h"
#include "Scalar/Exponential.h"

/// log(1 + f) = f - f^2/2 + f^3 q(f), q minimax.
TL_FN float tl_log_f32(float x) {
    const int denormal = x < 1.17549435e-38f;
    const float scaled = denormal ? x * 8388608.0f : x;
    const tl_u32 shifted = TL_BITS_F32(scaled) - 0x3f3504f3u;
    const float e = (float)((tl_i32)shifted >> 23) - (denormal ? 23.0f : 0.0f);
    const float f = TL_FROM_BITS_F32((shifted & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
    float q = 6.91695413e-2f;
    q = q * f - 1.17893763e-1f;
    q = q * f + 1.18719396e-1f;
    q = q * f - 1.23843598e-1f;
    q = q * f + 1.42188211e-1f;
    q = q * f - 1.66692556e-1f;
    q = q * f + 2.00022171e-1f;
    q = q * f - 2.49999864e-1f;
    q = q * f + 3.33333106e-1f;
    const float square = f * f;
    const float tail = f * square * q - e * 2.12194440e-4f;
    float y = e * 0.693359375f + (f - (0.5f * square - tail));
    y = x < TL_INFINITY_F32 ? y : x;
    y = x < 0.0f ? TL_NAN_F32 : y;
    return x == 0.0f ? -TL_INFINITY_F32 : y;
}

/// With s = f / (2 + f): log(1 + f) = 2 atanh(s) = f - (f^2/2 - s (f^2/2 + R)), R = 2/3 s^2 + 2/5 s^4 + ...
TL_FN double tl_log_f64(double x) {
    const int denormal = x < 2.2250738585072014e-308;
    const double scaled = denormal ? x * 4503599627370496.0 : x;
    const tl_u64 shifted = TL_BITS_F64(scaled) - 0x3fe6a09e667f3bcdull;
    const double e = (double)((tl_i32)(shifted >> 32) >> 20) - (denormal ? 52.0 : 0.0);
    const double f = TL_FROM_BITS_F64((shifted & 0xfffffffffffffull) + 0x3fe6a09e667f3bcdull) - 1.0;
    const double s = f / (2.0 + f), z = s * s;
    double q = 0.14886563758199567;
    q = q * z + 0.15305254539997259;
    q = q * z + 0.18183896256262561;
    q = q * z + 0.22222192454047285;
    q = q * z + 0.28571428798937648;
    q = q * z + 0.39999999999176977;
    q = q * z + 0.66666666666667673;
    const double half = 0.5 * f * f;
    double y = e * 0x1.62e42feep-1 + (f - (half - (s * (half + z * q) + e * 0x1.a39ef35793c76p-33)));
    y = x < TL_INFINITY_F64 ? y : x;
    y = x < 0.0 ? TL_NAN_F64 : y;
    return x == 0.0 ? -TL_INFINITY_F64 : y;
}

TL_FN float tl_log2_f32(float x) { return (float)(tl_log_f64((double)x) * 1.44269504088896340736); }
TL_FN float tl_log10_f32(float x) { return (float)(tl_log_f64((double)x) * 0.43429448190325182765); }
TL_FN double tl_log2_f64(double x) { return TL_BUILTIN(log2)(x); }
TL_FN double tl_log10_f64(double x) { return TL_BUILTIN(log10)(x); }

/// log(1 + x) from the logarithm of the rounded sum and the rounding error of the sum: log(u) + (x - (u - 1)) / u.
TL_FN float tl_log1p_f32(float x) {
    const float u = 1.0f + x, y = tl_log_f32(u), lost = x - (u - 1.0f);
    return ((u == 0.0f) | (u == TL_INFINITY_F32)) ? y : x == 0.0f ? x : y + lost / u;
}
/// log(1 + e) for e >= 0 in double precision, accurate for tiny e, as sums that cancel require.
TL_FN double tl_log_one_plus(double e) {
    const double series = e * (1.0 - e * (0.5 - e * (1.0 / 3 - e * (0.25 - e * (0.2 - e * (1.0 / 6))))));
    return e < 0.00390625 ? series : tl_log_f64(1.0 + e);
}
TL_FN double tl_log1p_f64(double x) { return TL_BUILTIN(log1p)(x); }

/// log(exp(a) + exp(b)), NaN if either is NaN; equal infinities give themselves. In double precision because the two
/// terms cancel if the result is near 0.
TL_FN float tl_logaddexp_f32(float a, float b) {
    const float high = ((a > b) | (a != a)) ? a : b;
    const double d = tl_abs_f64((double)a - (double)b);
    const float sum = (float)((double)high + tl_log_one_plus(tl_exp_f64(-d)));
    return ((a == b) & (high - high != 0.0f)) ? high : sum;
}
TL_FN double tl_logaddexp_f64(double a, double b) {
    const double high = ((a > b) | (a != a)) ? a : b;
    const double sum = high + tl_log1p_f64(tl_exp_f64(-tl_abs_f64(a - b)));
    return ((a == b) & (high - high != 0.0)) ? high : sum;
}

/// log2(2^a + 2^b), as tl_logaddexp.
TL_FN float tl_logaddexp2_f32(float a, float b) {
    const float high = ((a > b) | (a != a)) ? a : b;
    const double d = tl_abs_f64((double)a - (double)b);
    const double tail = tl_log_one_plus(tl_exp_f64(-d * 0.693147180559945309417)) * 1.44269504088896340736;
    return ((a == b) & (high - high != 0.0f)) ? high : (float)((double)high + tail);
}
TL_FN double tl_logaddexp2_f64(double a, double b) {
    const double high = ((a > b) | (a != a)) ? a : b;
    const double sum = high + tl_log1p_f64(tl_exp2_f64(-tl_abs_f64(a - b))) * 1.44269504088896340736;
    return ((a == b) & (high - high != 0.0)) ? high : sum;
}

TL_FN float tl_asinh_f32(float x) {
    const double a = (double)tl_abs_f32(x), z = a * a;
    const double series = a * (1.0 - z * (1.0 / 6 - z * (3.0 / 40)));
    const double y = tl_log_f64(a + tl_sqrt_f64(z + 1.0));
    return tl_copysign_f32((float)(a < 0.00390625 ? series : y), x);
}
TL_FN float tl_acosh_f32(float x) {
    const double d = (double)x;
    const float y = (float)tl_log_f64(d + tl_sqrt_f64((d - 1.0) * (d + 1.0)));
    return x < 1.0f ? TL_NAN_F32 : y;
}
TL_FN float tl_atanh_f32(float x) {
    const double d = (double)x, z = d * d;
    const double series = d * (1.0 + z * (1.0 / 3 + z * (1.0 / 5)));
    const double y = 0.5 * tl_log_f64((1.0 + d) / (1.0 - d));
    return (float)(tl_abs_f64(d) < 0.00390625 ? series : y);
}
/// log(x / (1 - x)), the inverse of sigmoid: infinite at 0 and 1, NaN outside [0, 1].
TL_FN float tl_logit_f32(float x) {
    const double d = (double)x, y = tl_log_f64(d / (1.0 - d));
    return x > 1.0f ? TL_NAN_F32 : (float)y;
}
/// 2 atanh(2x - 1) where the logarithms cancel.
TL_FN double tl_logit_f64(double x) {
    const double near = 2.0 * TL_BUILTIN(atanh)(2.0 * x - 1.0), far = TL_BUILTIN(log)(x) - TL_BUILTIN(log1p)(-x);
    return ((x > 0.25) & (x < 0.75)) ? near : far;
}
TL_FN double tl_asinh_f64(double x) { return TL_BUILTIN(asinh)(x); }
TL_FN double tl_acosh_f64(double x) { return TL_BUILTIN(acosh)(x); }
TL_FN double tl_atanh_f64(double x) { return TL_BUILTIN(atanh)(x); }

/// exp(b log|a|) in double precision, then the special cases of IEEE 754's pow.
TL_FN float tl_pow_f32(float a, float b) {
    const float magnitude = tl_abs_f32(a);
    const float y = (float)tl_exp_f64((double)b * tl_log_f64((double)magnitude));
    const int whole = b == tl_trunc_f32(b), odd = whole & (b * 0.5f != tl_trunc_f32(b * 0.5f));
    const int negative = (TL_BITS_F32(a) >> 31) != 0;
    float r = (negative & odd) ? -y : y;
    r = ((a < 0.0f) & (magnitude < TL_INFINITY_F32) & !whole) ? TL_NAN_F32 : r;
    r = ((magnitude == 1.0f) & (tl_abs_f32(b) == TL_INFINITY_F32)) ? 1.0f : r;
    r = b != b ? b : r;
    return ((a == 1.0f) | (b == 0.0f)) ? 1.0f : r;
}
TL_FN double tl_pow_f64(double a, double b) { return TL_BUILTIN(pow)(a, b); }

#endif
