// Trigonometric functions; see Dialect.h.
#ifndef TL_SCALAR_TRIGONOMETRIC_H
#define TL_SCALAR_TRIGONOMETRIC_H
#include "Scalar/Dialect.h"
#include "Scalar/Exponential.h"

/// x = k pi/2 + r, |r| <= pi/4 up to rounding; only the last two bits of k are used.
typedef struct {
    double r;
    tl_u32 k;
} tl_quarter_turns;

/// For |x| < 2^20: pi/2 in two parts, the first with 33 digits (Cody and Waite).
TL_FN tl_quarter_turns tl_reduce_small_f32(float x) {
    const double d = (double)x, rounded = d * 0.63661977236758134308 + TL_ROUNDER_F64, k = rounded - TL_ROUNDER_F64;
    tl_quarter_turns turns;
    turns.r = (d - k * 0x1.921fb544p+0) - k * 0x1.0b4611a626331p-34;
    turns.k = (tl_u32)TL_BITS_F64(rounded);
    return turns;
}

/// One digit of 2/pi in base 2^24: its product with a float is exact in double precision, and so is the subtraction of
/// multiples of 4; the sum, reduced to a fraction each time, keeps full relative precision (Payne and Hanek).
TL_FN void tl_reduce_digit(double x, double digit, double* fraction, double* whole) {
    double t = x * digit;
    t = t - 4.0 * tl_round_f64(t * 0.25);
    const double sum = *fraction + t, k = tl_round_f64(sum);
    *fraction = sum - k;
    *whole = *whole + k;
}
/// For all floats.
TL_FN tl_quarter_turns tl_reduce_f32(float x) {
    const double d = (double)x;
    double fraction = 0.0, whole = 0.0;
    tl_reduce_digit(d, 0xa2f983p-24, &fraction, &whole);
    tl_reduce_digit(d, 0x6e4e44p-48, &fraction, &whole);
    tl_reduce_digit(d, 0x1529fcp-72, &fraction, &whole);
    tl_reduce_digit(d, 0x2757d1p-96, &fraction, &whole);
    tl_reduce_digit(d, 0xf534ddp-120, &fraction, &whole);
    tl_reduce_digit(d, 0xc0db62p-144, &fraction, &whole);
    tl_reduce_digit(d, 0x95993cp-168, &fraction, &whole);
    tl_reduce_digit(d, 0x439041p-192, &fraction, &whole);
    tl_quarter_turns turns;
    turns.r = fraction * 1.57079632679489661923;
    turns.k = (tl_u32)TL_BITS_F64(whole + TL_ROUNDER_F64);
    return turns;
}

/// sin(r + k pi/2)
TL_FN float tl_sine_of_turns_f32(tl_quarter_turns turns, tl_u32 k) {
    const float r = (float)turns.r, z = r * r;
    float s = -1.95108342e-4f;
    s = s * z + 8.33213150e-3f;
    s = s * z - 1.66666542e-1f;
    s = r + r * z * s;
    float c = 2.44312283e-5f;
    c = c * z - 1.38873064e-3f;
    c = c * z + 4.16666457e-2f;
    c = 1.0f - (0.5f * z - z * z * c);
    const float y = (k & 1u) ? c : s;
    return TL_FROM_BITS_F32(TL_BITS_F32(y) ^ ((k & 2u) << 30));
}
/// In double precision, because the rounding error of the quotient is added.
TL_FN float tl_tangent_of_turns_f32(tl_quarter_turns turns) {
    const double r = turns.r, z = r * r;
    double s = 2.7557313356139096e-06;
    s = s * z - 1.9841269828870610e-04;
    s = s * z + 8.3333333333212856e-03;
    s = s * z - 1.6666666666666627e-01;
    s = r + r * z * s;
    double c = -2.7557314058265748e-07;
    c = c * z + 2.4801587288498830e-05;
    c = c * z - 1.3888888888872611e-03;
    c = c * z + 4.1666666666666588e-02;
    c = 1.0 - z * (0.5 - z * c);
    const int odd = (turns.k & 1u) != 0;
    const double numerator = odd ? -c : s, denominator = odd ? s : c;
    return (float)(numerator / denominator);
}

TL_FN float tl_sin_f32(float x) {
    const tl_quarter_turns turns = tl_reduce_f32(x);
    return x == 0.0f ? x : tl_sine_of_turns_f32(turns, turns.k);
}
TL_FN float tl_cos_f32(float x) {
    const tl_quarter_turns turns = tl_reduce_f32(x);
    return tl_sine_of_turns_f32(turns, turns.k + 1u);
}
TL_FN float tl_tan_f32(float x) {
    const float y = tl_tangent_of_turns_f32(tl_reduce_f32(x));
    return x == 0.0f ? x : y;
}
/// The same only for |x| < 2^20, several times faster, for callers that know the range of their arguments.
TL_FN float tl_sin_small_f32(float x) {
    const tl_quarter_turns turns = tl_reduce_small_f32(x);
    return x == 0.0f ? x : tl_sine_of_turns_f32(turns, turns.k);
}
TL_FN float tl_cos_small_f32(float x) {
    const tl_quarter_turns turns = tl_reduce_small_f32(x);
    return tl_sine_of_turns_f32(turns, turns.k + 1u);
}
TL_FN float tl_tan_small_f32(float x) {
    const float y = tl_tangent_of_turns_f32(tl_reduce_small_f32(x));
    return x == 0.0f ? x : y;
}
/// The r with sin(pi x) = sin(pi r), |r| <= 1/2: exact.
TL_FN double tl_reduce_half_turns_f64(double x) {
    const double r = x - 2.0 * tl_round_f64(x * 0.5);
    return r > 0.5 ? 1.0 - r : r < -0.5 ? -1.0 - r : r;
}
/// sin(pi x) / (pi x), and 1 at 0, by the series of the sine.
TL_FN float tl_sinc_f32(float x) {
    const double d = (double)x, t = 3.14159265358979323846 * tl_reduce_half_turns_f64(d), z = t * t;
    double q = 1.0 / 6227020800;
    q = q * z - 1.0 / 39916800;
    q = q * z + 1.0 / 362880;
    q = q * z - 1.0 / 5040;
    q = q * z + 1.0 / 120;
    q = q * z - 1.0 / 6;
    return x == 0.0f ? 1.0f : (float)((t + t * z * q) / (3.14159265358979323846 * d));
}
TL_FN double tl_sinc_f64(double x) {
    const double s = TL_BUILTIN(sin)(3.14159265358979323846 * tl_reduce_half_turns_f64(x));
    return x == 0.0 ? 1.0 : s / (3.14159265358979323846 * x);
}
TL_FN double tl_sin_f64(double x) { return TL_BUILTIN(sin)(x); }
TL_FN double tl_cos_f64(double x) { return TL_BUILTIN(cos)(x); }
TL_FN double tl_tan_f64(double x) { return TL_BUILTIN(tan)(x); }

/// Reduced to |z| <= tan(pi/8) by atan(a) = pi/2 - atan(1/a) and atan(a) = pi/4 + atan((a - 1)/(a + 1)), then an odd
/// minimax polynomial.
TL_FN double tl_atan_f64(double x) {
    const double a = tl_abs_f64(x);
    const int large = a > 2.414213562373095, middle = a > 0.41421356237309503;
    const double numerator = large ? -1.0 : middle ? a - 1.0 : a;
    const double denominator = large ? a : middle ? a + 1.0 : 1.0;
    const double t = numerator / denominator, z = t * t;
    double q = 0.012881711453534471;
    q = q * z - 0.031123799985026856;
    q = q * z + 0.043992297858883617;
    q = q * z - 0.051918644787228713;
    q = q * z + 0.058727511433340908;
    q = q * z - 0.066657743958170632;
    q = q * z + 0.076922509412698681;
    q = q * z - 0.090909066810007669;
    q = q * z + 0.11111111045934202;
    q = q * z - 0.14285714284681297;
    q = q * z + 0.19999999999991791;
    q = q * z - 0.33333333333333309;
    const double high = large ? 0x1.921fb54442d18p+0 : middle ? 0x1.921fb54442d18p-1 : 0.0;
    const double low = large ? 0x1.1a62633145c07p-54 : middle ? 0x1.1a62633145c07p-55 : 0.0;
    return tl_copysign_f64(high + (t + (t * z * q + low)), x);
}
TL_FN float tl_atan_f32(float x) { return (float)tl_atan_f64((double)x); }
TL_FN float tl_asin_f32(float x) {
    const double d = (double)x;
    return (float)tl_atan_f64(d / tl_sqrt_f64((1.0 - d) * (1.0 + d)));
}
TL_FN float tl_acos_f32(float x) {
    const double d = (double)x;
    return (float)(2.0 * tl_atan_f64(tl_sqrt_f64((1.0 - d) / (1.0 + d))));
}
TL_FN double tl_asin_f64(double x) { return TL_BUILTIN(asin)(x); }
TL_FN double tl_acos_f64(double x) { return TL_BUILTIN(acos)(x); }

TL_FN float tl_atan2_f32(float y, float x) {
    const double up = (double)tl_abs_f32(y), along = (double)tl_abs_f32(x);
    const double ratio = up == 0.0 ? 0.0 : up == along ? 1.0 : up / along;
    const double first = tl_atan_f64(ratio);
    const double angle = (TL_BITS_F32(x) >> 31) ? 3.14159265358979323846 - first : first;
    const float r = tl_copysign_f32((float)angle, y);
    return ((x != x) | (y != y)) ? x + y : r;
}
TL_FN double tl_atan2_f64(double y, double x) { return TL_BUILTIN(atan2)(y, x); }

TL_FN float tl_hypot_f32(float a, float b) {
    const double x = (double)a, y = (double)b;
    const float r = (float)tl_sqrt_f64(x * x + y * y);
    const int infinite = tl_abs_f32(a) == TL_INFINITY_F32, other_infinite = tl_abs_f32(b) == TL_INFINITY_F32;
    return (infinite | other_infinite) ? TL_INFINITY_F32 : r;
}
TL_FN double tl_hypot_f64(double a, double b) { return TL_BUILTIN(hypot)(a, b); }

#endif
