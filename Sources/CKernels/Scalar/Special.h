// The error function and related functions, the log-gamma function and its derivative; see Dialect.h.
#ifndef TL_SCALAR_SPECIAL_H
#define TL_SCALAR_SPECIAL_H
#include "Scalar/Dialect.h"
#include "Scalar/Exponential.h"
#include "Scalar/Logarithm.h"

/// erf(a) for |a| < 1, minimax. 2/sqrt(pi) = 1 + 0.128...: adding a itself avoids a rounding error.
TL_FN float tl_erf_series_f32(float a) {
    const float z = a * a;
    float p = 7.88910815e-5f;
    p = p * z - 8.02084212e-4f;
    p = p * z + 5.18953601e-3f;
    p = p * z - 2.68544453e-2f;
    p = p * z + 1.12836002e-1f;
    p = p * z - 3.76126271e-1f;
    return a + a * (p * z + 1.28379167e-1f);
}
/// 1 - exp(-a q(a)) for |x| > 1, q minimax.
TL_FN float tl_erf_f32(float x) {
    float a = tl_abs_f32(x);
    a = a > 4.0f ? 4.0f : a;
    float q = 4.31430374e-6f;
    q = q * a - 3.79312706e-5f;
    q = q * a - 8.88403269e-5f;
    q = q * a + 3.03945009e-3f;
    q = q * a - 2.28525262e-2f;
    q = q * a + 1.05433470e-1f;
    q = q * a + 6.35536441e-1f;
    q = q * a + 1.12857113f;
    const float tail = 1.0f - tl_exp_f32(-a * q);
    return tl_copysign_f32(a < 0.97f ? tl_erf_series_f32(a) : tail, x);
}
TL_FN double tl_erf_f64(double x) { return TL_BUILTIN(erf)(x); }

/// erfc(a) exp(a^2) for a >= 0 to float precision: minimax in t = (a - 3)/(a + 3), divided by 1 + 2a. In double
/// precision, because rounding errors add to those of the factors; both quotients use one division.
TL_FN double tl_erfcx_to_float(double a) {
    const double u = a + 3.0, v = 1.0 + 2.0 * a, r = 1.0 / (u * v), t = (a - 3.0) * v * r;
    double p = -0.0002632074179119855;
    p = p * t - 0.0007654878759324025;
    p = p * t + 0.0020084121768673135;
    p = p * t + 0.0025627609057071224;
    p = p * t - 0.023802105089892066;
    p = p * t + 0.06829595825129445;
    p = p * t - 0.11927014941191519;
    p = p * t + 0.12964647279221045;
    p = p * t - 0.047562445302866636;
    p = p * t - 0.13562114228800773;
    p = p * t + 1.2530080595149855;
    return p * (u * r);
}
/// m exp(-c x^2): x^2 is in two parts, because an error of the exponent is a relative error of the result.
TL_FN float tl_times_exp_minus_square_f32(double m, float x, float c) {
    const float high = TL_FROM_BITS_F32(TL_BITS_F32(x) & 0xfffff000u);
    const tl_split_f32 e = tl_exp_split_f32(-c * (high * high), -c * ((x - high) * (x + high)));
    return tl_scale_f32((float)(m * ((double)e.mantissa + (double)e.rest)), e.exponent);
}
TL_FN float tl_erfc_f32(float x) {
    float a = tl_abs_f32(x);
    a = a > 10.5f ? 10.5f : a;
    const float tail = tl_times_exp_minus_square_f32(tl_erfcx_to_float((double)a), a, 1.0f);
    const float y = a < 0.47f ? 1.0f - tl_erf_series_f32(a) : tail;
    return x < 0.0f ? 2.0f - y : y;
}
TL_FN double tl_erfc_f64(double x) { return TL_BUILTIN(erfc)(x); }

/// m (h + rest) exp(x + low), without its power of two.
TL_FN tl_split_f32 tl_times_pair_exp_f32(float m, float h, float rest, float x, float low) {
    const float factor = m * h, factor_rest = (m * h - factor) + m * rest;
    const tl_split_f32 e = tl_exp_split_within_f32(x, low);
    tl_split_f32 product;
    product.mantissa = factor * e.mantissa + (factor * e.rest + factor_rest * e.mantissa);
    product.exponent = e.exponent;
    product.rest = 0;
    return product;
}
/// m Phi(-a) for a >= 0, where the normal distribution function is Phi(x) = erfc(-x / sqrt 2) / 2. Phi(-a) = exp(-a^2 /
/// 2) (1/2 + w g) / (1 + a), with g a polynomial in w = a / (a + 5/2): the terms do not cancel. One factor is the sum
/// of two floats, because rounding errors of the factors add.
TL_FN float tl_times_normal_tail_f32(float m, float a) {
    a = a > 14.8f ? 14.8f : a;
    const float w = a / (a + 2.5f);
    float g = -0.0637199953f;
    g = g * w + 0.202994466f;
    g = g * w - 0.196694449f;
    g = g * w + 0.0772164389f;
    g = g * w - 0.106316231f;
    g = g * w + 0.000133391004f;
    g = g * w + 0.191661179f;
    g = g * w + 0.219248801f;
    g = g * w - 0.678237736f;
    g = g * w + 0.252644062f;
    const float top = w * g + 0.5f, top_rest = w * g + (0.5f - top);
    const float base = a + 1.0f, base_rest = a + (1.0f - base);
    const float inverse = 1.0f / base, h = top * inverse;
    const float h_rest = ((top - h * base) + (top_rest - h * base_rest)) * inverse;
    // a^2 in two parts, because an error of the exponent is a relative error of the result.
    const float high = TL_FROM_BITS_F32(TL_BITS_F32(a) & 0xfffff000u), half = -0.5f * high;
    const tl_split_f32 tail = tl_times_pair_exp_f32(m, h, h_rest, half * high, (a - high) * (half - 0.5f * a));
    // The first factor is not denormal, so that only the second one rounds.
    return tail.mantissa * tl_power_of_two_f32(tail.exponent + (64.0f + TL_ROUNDER_F32)) * 0x1p-64f;
}
/// gelu, see Activations.inc, for |x| < 5: a shorter g, and fewer corrections. Slow without FMA.
TL_FN float tl_gelu_small_f32(float x) {
    const float a = tl_abs_f32(x), w = a / (a + 2.5f);
    float g = 0.07391596f;
    g = g * w - 0.11797916f;
    g = g * w - 0.0242422f;
    g = g * w - 0.019940114f;
    g = g * w + 0.19429906f;
    g = g * w + 0.21910883f;
    g = g * w - 0.67823964f;
    g = g * w + 0.25264433f;
    const float top = w * g + 0.5f, top_rest = w * g + (0.5f - top);
    const float base = a + 1.0f, inverse = 1.0f / base, h = top * inverse;
    const float h_rest = ((top - h * base) + top_rest) * inverse;
    const float half = -0.5f * a, z = half * a, z_rest = TL_BUILTIN(fmaf)(half, a, -z);
    const tl_split_f32 tail = tl_times_pair_exp_f32(a, h, h_rest, z, z_rest);
    const float t = tail.mantissa * tl_power_of_two_f32(tail.exponent + TL_ROUNDER_F32);
    return (x < 0.0f ? -0.0f : x) - t;
}
TL_FN double tl_times_normal_tail_f64(double m, double a) {
    a = a > 40.0 ? 40.0 : a;
    return 0.5 * m * TL_BUILTIN(erfc)(a * 0.70710678118654752440);
}

/// x/2 (1 + tanh(u)) = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3), computed from exp(-|2u|), which keeps the
/// precision of the left tail. An error of the exponent is a relative error of the result, so that 2u = x (c + d x^2)
/// is stored in two parts: the rounding error of each product is computed by FMA, that of each sum by Knuth's two-sum.
/// In double precision half as many numbers would fit in a vector. Minus infinity gives NaN, as -inf times 0 in
/// PyTorch.
TL_FN float tl_gelu_tanh_f32(float x) {
    float z = x > 12.0f ? 12.0f : x;  // beyond, the result is x or 0 to float precision
    z = z < -12.0f ? (z - z) - 12.0f : z;
    const float a = -tl_abs_f32(z), c = 1.59576917f, d = 7.13548139e-2f, d_rest = 2.398832e-9f, c_rest = -4.534068e-8f;
    const float square = a * a, p = d * square, sum = c + p, back = sum - c;
    const float square_lost = TL_BUILTIN(fmaf)(a, a, -square), p_lost = TL_BUILTIN(fmaf)(d, square, -p);
    const float lost = ((c - (sum - back)) + (p - back)) + (p_lost + (d * square_lost + (d_rest * square + c_rest)));
    const float high = a * sum, low = TL_BUILTIN(fmaf)(a, sum, -high) + a * lost;
    // exp(high + low), as in tl_exp_split_f32.
    const float n = (high * 1.44269504f + TL_ROUNDER_F32) - TL_ROUNDER_F32;
    const float near = high - n * 0.693359375f, rest = n * 2.12194440e-4f + low, r = near + rest, r2 = r * r;
    const float first = 1.66665129e-1f * r + 5.00000010e-1f, second = 8.36959797e-3f * r + 4.16661870e-2f;
    const float q = (1.39517332e-3f * r2 + second) * r2 + first;
    const float one = 1.0f + r, tail = r2 * q + ((1.0f - one) + near + rest), mantissa = one + tail;
    const float half = n * 0.5f + TL_ROUNDER_F32;
    const float power = tl_power_of_two_f32(half);
    const float other = tl_power_of_two_f32(n - (half - TL_ROUNDER_F32) + TL_ROUNDER_F32);
    const float numerator = x < 0.0f ? (z * one + z * tail) * power * other : x;
    const float y = tl_over_one_plus_f32(numerator, mantissa * power * other);
    return x > 12.0f ? x : y;
}
TL_FN double tl_gelu_tanh_f64(double x) {
    double z = x > 100.0 ? 100.0 : x;
    z = z < -100.0 ? (z - z) - 100.0 : z;
    const double e = tl_exp_f64(-tl_abs_f64(z * (1.59576912160573071176 + 0.07135481627260025 * (z * z))));
    return x > 100.0 ? x : tl_over_one_plus_f64(x < 0.0 ? z * e : x, e);
}

/// x tanh(log(1 + e^x)); with n = e^x (e^x + 2) this is x n / (n + 2), and x where e^x would overflow; NaN at minus
/// infinity, as in PyTorch. In double precision from the exponential, because the rounding errors of five operations
/// would add.
TL_FN float tl_mish_f32(float x) {
    const float z = x > 20.0f ? 20.0f : x < -800.0f ? -800.0f : x;
    const tl_split_f32 split = tl_exp_split_f32(z, 0.0f);
    const double e = (double)split.mantissa * tl_power_of_two_f64((double)split.exponent + TL_ROUNDER_F64);
    const double n = e * (e + 2.0);
    const float y = (float)((double)z * n / (n + 2.0));
    return x > 20.0f ? x : x == -TL_INFINITY_F32 ? TL_NAN_F32 : y;
}
TL_FN double tl_mish_f64(double x) {
    const double z = x > 20.0 ? 20.0 : x < -800.0 ? -800.0 : x, e = tl_exp_f64(z);
    return x > 20.0 ? x : x == -TL_INFINITY_F64 ? TL_NAN_F64 : z * e * (e + 2.0) / (e * (e + 2.0) + 2.0);
}

/// After Giles, "Approximating the erfinv function" (2010): with w = -log(1 - x^2), a polynomial in w for w < 5 and one
/// in sqrt(w) otherwise, with new coefficients.
TL_FN double tl_erfinv_from_f64(double x, double w) {
    const double c = w < 5.0 ? w : 5.0;
    double p = -3.8981274638182921e-13;
    p = p * c - 7.8806536685534144e-12;
    p = p * c + 5.5731245457371236e-10;
    p = p * c - 9.5129279384506875e-09;
    p = p * c + 7.3309397268086718e-08;
    p = p * c - 1.9562073017793501e-07;
    p = p * c - 6.7786896650362946e-07;
    p = p * c + 1.5377612487611812e-06;
    p = p * c + 4.7077351370455291e-05;
    p = p * c - 1.2833288932390680e-04;
    p = p * c - 2.3349942588890464e-03;
    p = p * c + 1.1549321310571216e-02;
    p = p * c + 2.3201366810841814e-01;
    p = p * c + 8.8622692543295534e-01;
    const double root = tl_sqrt_f64(w), s = root < 4.01 ? root : 4.01;
    double q = -3.4345189521070591e-06;
    q = q * s + 1.5119984551422561e-04;
    q = q * s - 3.0554160617104389e-03;
    q = q * s + 3.7495044123044476e-02;
    q = q * s - 3.1143263142994626e-01;
    q = q * s + 1.8465389384176953e+00;
    q = q * s - 8.0284398397620418e+00;
    q = q * s + 2.5870522973298229e+01;
    q = q * s - 6.1664539537897454e+01;
    q = q * s + 1.0718956262729789e+02;
    q = q * s - 1.3198788220781444e+02;
    q = q * s + 1.0935125211284858e+02;
    q = q * s - 5.4345730109235987e+01;
    q = q * s + 1.3218308243556963e+01;
    // Above the range of q, which only double precision reaches, the function grows almost as the root.
    q = q + (root - s) * 0.99;
    const double y = (w < 5.0 ? p : q) * x;
    return tl_abs_f64(x) == 1.0 ? x * TL_INFINITY_F64 : y;
}
TL_FN double tl_erfinv_guess_f64(double x) { return tl_erfinv_from_f64(x, -tl_log_f64((1.0 - x) * (1.0 + x))); }
TL_FN float tl_erfinv_f32(float x) { return (float)tl_erfinv_guess_f64((double)x); }
/// Refined by Halley's method, for erfc in the tails.
TL_FN double tl_erfinv_f64(double x) {
    const double a = tl_abs_f64(x);
    double y = tl_erfinv_guess_f64(a);
    for (int i = 0; i < 3; ++i) {
        const double error = a < 0.5 ? TL_BUILTIN(erf)(y) - a : (1.0 - a) - TL_BUILTIN(erfc)(y);
        const double step = error / (1.12837916709551257390 * tl_exp_f64(-y * y));
        const double next = y - step / (1.0 + y * step);
        y = a < 1.0 ? next : y;
    }
    return tl_copysign_f64(y, x);
}

/// log Gamma(x) for x > 0 by Stirling's series at x + 8, minus the logarithm of the product x (x + 1) ... (x + 7).
TL_FN double tl_lgamma_positive_f64(double x) {
    const int small = x < 8.0;
    const double c = small ? x : 1.0;
    const double product = c * (c + 1) * (c + 2) * (c + 3) * ((c + 4) * (c + 5) * (c + 6) * (c + 7));
    const double z = small ? x + 8.0 : x, i = 1.0 / z, i2 = i * i;
    double series = 1.0 / 156;
    series = -691.0 / 360360 + i2 * series;
    series = 1.0 / 1188 + i2 * series;
    series = -1.0 / 1680 + i2 * series;
    series = 1.0 / 1260 + i2 * series;
    series = -1.0 / 360 + i2 * series;
    series = 1.0 / 12 + i2 * series;
    const double stirling = (z - 0.5) * tl_log_f64(z) - z + 0.91893853320467274178 + i * series;
    const double result = stirling - tl_log_f64(small ? product : 1.0);
    return x < TL_INFINITY_F64 ? result : x;
}
/// sin(pi x) for all x, and cos(pi x): r is the distance to the nearest integer, |r| <= 1/2; `odd` if that integer is
/// odd.
TL_FN double tl_sine_of_half_turns_f64(double r) {
    // By the half angle, |pi r / 2| <= pi/4: sin(2t) = 2 sin t cos t.
    const double t = r * 1.57079632679489661923, z = t * t;
    double s = 1.5893584614278907e-10;
    s = s * z - 2.5050704054697237e-08;
    s = s * z + 2.7557313356139096e-06;
    s = s * z - 1.9841269828870610e-04;
    s = s * z + 8.3333333333212856e-03;
    s = s * z - 1.6666666666666627e-01;
    s = t + t * z * s;
    double c = -1.1357457947354949e-11;
    c = c * z + 2.0875682081513532e-09;
    c = c * z - 2.7557314058265748e-07;
    c = c * z + 2.4801587288498830e-05;
    c = c * z - 1.3888888888872611e-03;
    c = c * z + 4.1666666666666588e-02;
    c = 1.0 - z * (0.5 - z * c);
    return 2.0 * s * c;
}
/// For x < 0.5 by reflection: log(pi / |sin(pi x)|) - log Gamma(1 - x).
TL_FN float tl_lgamma_f32(float x) {
    const double d = (double)x;
    const int reflects = d < 0.5;
    const double r = d - tl_round_f64(d);
    const double sine = tl_abs_f64(tl_sine_of_half_turns_f64(r));
    const double direct = tl_lgamma_positive_f64(reflects ? 1.0 - d : d);
    const double mirrored = 1.14472988584940017414 - tl_log_f64(sine) - direct;
    const float y = (float)(reflects ? mirrored : direct);
    // Exact at the two zeros that are floats.
    const float finite = ((x == 1.0f) | (x == 2.0f)) ? 0.0f : y;
    return tl_abs_f32(x) == TL_INFINITY_F32 ? TL_INFINITY_F32 : finite;
}
TL_FN double tl_lgamma_f64(double x) { return TL_BUILTIN(lgamma)(x); }

/// psi(x) by its asymptotic series at x + 8, minus the sum of 1/(x + k), k < 8; for x < 0.5 by reflection, psi(1 - x) -
/// pi / tan(pi x). Minus infinity at +0, infinity at -0, NaN at the other poles, as in PyTorch.
TL_FN double tl_digamma_f64(double x) {
    const int reflects = x < 0.5;
    const double d = reflects ? 1.0 - x : x;
    const int small = d < 8.0;
    const double c = small ? d : 1.0;
    double sum = 1.0 / c + 1.0 / (c + 1) + 1.0 / (c + 2) + 1.0 / (c + 3) + 1.0 / (c + 4) + 1.0 / (c + 5) +
                 1.0 / (c + 6) + 1.0 / (c + 7);
    sum = small ? sum : 0.0;
    const double z = small ? d + 8.0 : d, i = 1.0 / z, i2 = i * i;
    double series = 1.0 / 12;
    series = -691.0 / 32760 + i2 * series;
    series = 1.0 / 132 + i2 * series;
    series = -1.0 / 240 + i2 * series;
    series = 1.0 / 252 + i2 * series;
    series = -1.0 / 120 + i2 * series;
    series = 1.0 / 12 + i2 * series;
    const double direct = tl_log_f64(z) - 0.5 * i - i2 * series - sum;
    // cot(pi x) from the distance r to the nearest integer: cos(pi r) = sin(pi (1/2 - |r|)).
    const double r = x - tl_round_f64(x);
    const double cotangent =
        tl_sine_of_half_turns_f64(0.5 - tl_abs_f64(r)) / tl_sine_of_half_turns_f64(r);
    double y = reflects ? direct - 3.14159265358979323846 * cotangent : direct;
    y = ((r == 0.0) & (x < 0.0)) ? TL_NAN_F64 : y;
    y = x == -TL_INFINITY_F64 ? TL_NAN_F64 : y;
    return x == 0.0 ? -tl_copysign_f64(TL_INFINITY_F64, x) : y;
}
TL_FN float tl_digamma_f32(float x) { return (float)tl_digamma_f64((double)x); }

#endif
