// exp and related functions; see Dialect.h.
//
// exp(x) = 2^n exp(r), n = round(x / log 2), |r| <= log(2)/2, after Cody and Waite: n log 2 is subtracted in two parts,
// the first of which has so few digits that its product is exact. exp(r) = 1 + r + r^2 q(r) with a minimax polynomial
// q. Adding 1.5 * 2^23 (or 2^52) rounds to an integer, which is then in the low bits of the sum. The power of two is
// applied in two factors, so that results overflow, and round to denormal numbers, only once.
#ifndef TL_SCALAR_EXPONENTIAL_H
#define TL_SCALAR_EXPONENTIAL_H
#include "Scalar/Dialect.h"

#define TL_ROUNDER_F32 12582912.0f
#define TL_ROUNDER_F64 6755399441055744.0

/// 2^n for an integer n, |n| < 127 (1023), given n + TL_ROUNDER.
TL_FN float tl_power_of_two_f32(float rounded) { return TL_FROM_BITS_F32((TL_BITS_F32(rounded) + 127u) << 23); }
TL_FN double tl_power_of_two_f64(double rounded) { return TL_FROM_BITS_F64((TL_BITS_F64(rounded) + 1023u) << 52); }

/// y 2^n for an integer n within twice the range of a power of two.
TL_FN float tl_scale_f32(float y, float n) {
    const float half = n * 0.5f + TL_ROUNDER_F32;
    const float rest = n - (half - TL_ROUNDER_F32) + TL_ROUNDER_F32;
    return y * tl_power_of_two_f32(half) * tl_power_of_two_f32(rest);
}
TL_FN double tl_scale_f64(double y, double n) {
    const double half = n * 0.5 + TL_ROUNDER_F64;
    const double rest = n - (half - TL_ROUNDER_F64) + TL_ROUNDER_F64;
    return y * tl_power_of_two_f64(half) * tl_power_of_two_f64(rest);
}

/// exp(x) as mantissa * 2^exponent, before the scaling that may overflow or lose digits.
typedef struct {
    float mantissa, exponent;
    float rest; // rounding error of the mantissa
} tl_split_f32;
/// exp(x + low) for -120 <= x <= 89 and |low| < 0.1: only x is reduced, low is added.
TL_FN tl_split_f32 tl_exp_split_within_f32(float x, float low) {
    const float n = (x * 1.44269504f + TL_ROUNDER_F32) - TL_ROUNDER_F32;
    const float high = x - n * 0.693359375f, rest = n * 2.12194440e-4f + low;
    const float r = high + rest, one = 1.0f + r;
    float q = 1.39517332e-3f;
    q = q * r + 8.36959797e-3f;
    q = q * r + 4.16661870e-2f;
    q = q * r + 1.66665129e-1f;
    q = q * r + 5.00000010e-1f;
    // The rounding errors of r and 1 + r are added with the small terms.
    tl_split_f32 split;
    const float tail = r * r * q + ((1.0f - one) + high + rest);
    split.mantissa = one + tail;
    split.rest = (one - split.mantissa) + tail;
    split.exponent = n;
    return split;
}
/// For all x.
TL_FN tl_split_f32 tl_exp_split_f32(float x, float low) {
    x = x < -120.0f ? -120.0f : x;
    x = x > 89.0f ? 89.0f : x;
    return tl_exp_split_within_f32(x, low);
}
TL_FN float tl_exp_f32(float x) {
    const tl_split_f32 e = tl_exp_split_f32(x, 0.0f);
    return tl_scale_f32(e.mantissa, e.exponent);
}
/// exp(x) for x >= -87, where the power of two is one factor: a third fewer operations.
TL_FN float tl_exp_normal_f32(float x) {
    const tl_split_f32 e = tl_exp_split_f32(x, 0.0f);
    return e.mantissa * tl_power_of_two_f32(e.exponent + TL_ROUNDER_F32);
}
/// exp(x) for x <= 0 (approximately), to 2 ulp in half the time: results below exp(-87) are 0, so that the power of two
/// is one factor, and the polynomial is evaluated in two halves with shorter dependency chains.
TL_FN float tl_falling_exp_f32(float x) {
    const float rounded = x * 1.44269504f + TL_ROUNDER_F32, n = rounded - TL_ROUNDER_F32;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f, r2 = r * r;
    const float low = 1.66665129e-1f * r + 5.00000010e-1f, high = 8.36959797e-3f * r + 4.16661870e-2f;
    const float q = (1.39517332e-3f * r2 + high) * r2 + low;
    const float y = (1.0f + (r + r2 * q)) * tl_power_of_two_f32(rounded);
    return x < -87.0f ? 0.0f : y;
}
TL_FN double tl_exp_f64(double x);
TL_FN double tl_falling_exp_f64(double x) { return tl_exp_f64(x); }
/// m exp(x + low), with full precision also where exp itself is denormal. Rounded once with FMA.
TL_FN float tl_times_exp_f32(float m, float x, float low) {
    const tl_split_f32 e = tl_exp_split_f32(x, low);
    return tl_scale_f32(m * e.mantissa + m * e.rest, e.exponent);
}
/// n / (1 + e) for 0 <= e <= 1, rounded once with FMA: the rounding error of 1 + e and the remainder of the quotient
/// are added as a correction.
TL_FN float tl_over_one_plus_f32(float n, float e) {
    const float t = 1.0f + e, lost = (1.0f - t) + e, inverse = 1.0f / t, q = n * inverse;
    const float remainder = (n - q * t) - q * lost;
    return q + remainder * inverse;
}
TL_FN double tl_over_one_plus_f64(double n, double e) { return n / (1.0 + e); }
TL_FN double tl_times_exp_f64(double m, double x, double low) { return m * tl_exp_f64(x + low); }

/// r^2 q(r), so that exp(r) = 1 + r + this.
TL_FN double tl_exp_tail_f64(double r) {
    double q = 2.0924576193833391e-09;
    q = q * r + 2.5109147282917995e-08;
    q = q * r + 2.7557242304616735e-07;
    q = q * r + 2.7557243911999745e-06;
    q = q * r + 2.4801587361124892e-05;
    q = q * r + 1.9841269886400751e-04;
    q = q * r + 1.3888888888866527e-03;
    q = q * r + 8.3333333333215319e-03;
    q = q * r + 4.1666666666666699e-02;
    q = q * r + 1.6666666666666677e-01;
    q = q * r + 0.5;
    return r * r * q;
}
TL_FN double tl_exp_f64(double x) {
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    const double n = (x * 0x1.71547652b82fep+0 + TL_ROUNDER_F64) - TL_ROUNDER_F64;
    const double high = x - n * 0x1.62e42feep-1, low = n * 0x1.a39ef35793c76p-33;
    const double r = high - low;
    // The rounding error of r is added with the small terms.
    const double tail = tl_exp_tail_f64(r) + ((high - r) - low);
    return tl_scale_f64(1.0 + (r + tail), n);
}

TL_FN float tl_exp2_f32(float x) {
    float z = x < -152.0f ? -152.0f : x;
    z = z > 129.0f ? 129.0f : z;
    const float n = (z + TL_ROUNDER_F32) - TL_ROUNDER_F32;
    const float r = z - n;
    float q = 1.54763967e-4f;
    q = q * r + 1.34002760e-3f;
    q = q * r + 9.61800340e-3f;
    q = q * r + 5.55032778e-2f;
    q = q * r + 2.40226514e-1f;
    q = q * r + 6.93147206e-1f;
    return tl_scale_f32(1.0f + r * q, n);
}
TL_FN double tl_exp2_f64(double x) { return TL_BUILTIN(exp2)(x); }

/// 2^n (exp(r) - 1) + (2^n - 1), halved in between so that 2^n may overflow.
TL_FN float tl_expm1_f32(float x) {
    float z = x < -60.0f ? -60.0f : x;
    z = z > 89.0f ? 89.0f : z;
    const float n = (z * 1.44269504f + TL_ROUNDER_F32) - TL_ROUNDER_F32;
    const float r = (z - n * 0.693359375f) + n * 2.12194440e-4f;
    float q = 1.99157626e-4f;
    q = q * r + 1.39420503e-3f;
    q = q * r + 8.33327027e-3f;
    q = q * r + 4.16663421e-2f;
    q = q * r + 1.66666668e-1f;
    q = q * r + 5.00000005e-1f;
    const float half = tl_power_of_two_f32(n - 1.0f + TL_ROUNDER_F32);
    const float y = (half * (r + r * r * q) + (half - 0.5f)) * 2.0f;
    // The half of the smallest arguments would be denormal.
    return tl_abs_f32(x) < 0x1p-25f ? x : y;
}
TL_FN double tl_expm1_f64(double x) {
    double z = x < -60.0 ? -60.0 : x;
    z = z > 710.0 ? 710.0 : z;
    const double n = (z * 0x1.71547652b82fep+0 + TL_ROUNDER_F64) - TL_ROUNDER_F64;
    const double high = z - n * 0x1.62e42feep-1, low = n * 0x1.a39ef35793c76p-33;
    const double r = high - low;
    const double tail = tl_exp_tail_f64(r) + ((high - r) - low);
    const double half = tl_power_of_two_f64(n - 1.0 + TL_ROUNDER_F64);
    const double y = (half * (r + tail) + (half - 0.5)) * 2.0;
    return x == 0.0 ? x : y;
}

/// In double precision e^|x| does not overflow for float x. A series is used where the difference would cancel.
TL_FN float tl_sinh_f32(float x) {
    double a = (double)tl_abs_f32(x);
    a = a > 100.0 ? 100.0 : a;
    const double e = tl_exp_f64(a), z = a * a;
    const double series = a * (1.0 + z * (1.0 / 6 + z * (1.0 / 120)));
    return tl_copysign_f32((float)(a < 0.1 ? series : 0.5 * (e - 1.0 / e)), x);
}
TL_FN float tl_cosh_f32(float x) {
    double a = (double)tl_abs_f32(x);
    a = a > 100.0 ? 100.0 : a;
    const double e = tl_exp_f64(a);
    return (float)(0.5 * (e + 1.0 / e));
}
TL_FN double tl_sinh_f64(double x) { return TL_BUILTIN(sinh)(x); }
TL_FN double tl_cosh_f64(double x) { return TL_BUILTIN(cosh)(x); }

/// An odd polynomial for |x| < 0.6, otherwise 1 - 2 / (exp(2|x|) + 1).
TL_FN float tl_tanh_f32(float x) {
    const float a = tl_abs_f32(x), z = x * x;
    float q = -5.90602280e-3f;
    q = q * z + 2.08055764e-2f;
    q = q * z - 5.37867621e-2f;
    q = q * z + 1.33319595e-1f;
    q = q * z - 3.33332993e-1f;
    const float small = a + a * z * q;
    const float large = 1.0f - 2.0f / (tl_exp_normal_f32(2.0f * a) + 1.0f);
    return tl_copysign_f32(a < 0.6f ? small : large, x);
}
/// With e = exp(-2|x|) - 1: -e / (e + 2).
TL_FN double tl_tanh_f64(double x) {
    const double e = tl_expm1_f64(-2.0 * tl_abs_f64(x));
    return tl_copysign_f64(-e / (e + 2.0), x);
}

/// x - tanh(x) = x^3/3 - 2 x^5/15 + ...: the series is used where the difference cancels.
TL_FN float tl_tanhshrink_f32(float x) {
    const double d = (double)x, z = d * d;
    const double series = d * z * (1.0 / 3 - z * (2.0 / 15 - z * (17.0 / 315)));
    return (float)(tl_abs_f64(d) < 0.015625 ? series : d - tl_tanh_f64(d));
}
TL_FN double tl_tanhshrink_f64(double x) {
    const double z = x * x;
    double q = 443861162.0 / 1856156927625;
    q = q * -z + 6404582.0 / 10854718875;
    q = q * -z + 929569.0 / 638512875;
    q = q * -z + 21844.0 / 6081075;
    q = q * -z + 1382.0 / 155925;
    q = q * -z + 62.0 / 2835;
    q = q * -z + 17.0 / 315;
    q = q * -z + 2.0 / 15;
    q = q * -z + 1.0 / 3;
    return tl_abs_f64(x) < 0.25 ? x * z * q : x - tl_tanh_f64(x);
}

#endif
