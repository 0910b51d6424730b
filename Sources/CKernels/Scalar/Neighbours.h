// Functions of the representation of floating-point numbers: mantissa and exponent, and neighbouring numbers; see
// Dialect.h.
#ifndef TL_SCALAR_NEIGHBOURS_H
#define TL_SCALAR_NEIGHBOURS_H
#include "Scalar/Dialect.h"

// x = m 2^e with |m| in [1/2, 1): the exponent field of m is that of 1/2. Denormals are scaled first. For 0, infinities
// and NaN, m is x and e is 0.

TL_FN float tl_frexp_mantissa_f32(float x) {
    const int denormal = tl_abs_f32(x) < 1.17549435e-38f;
    const tl_u32 bits = TL_BITS_F32(denormal ? x * 33554432.0f : x);
    const float m = TL_FROM_BITS_F32((bits & 0x807fffffu) | 0x3f000000u);
    return ((x == 0.0f) | (x - x != 0.0f)) ? x : m;
}
TL_FN float tl_frexp_exponent_f32(float x) {
    const int denormal = tl_abs_f32(x) < 1.17549435e-38f;
    const tl_u32 bits = TL_BITS_F32(denormal ? x * 33554432.0f : x);
    const float e = (float)((tl_i32)((bits >> 23) & 0xffu) - 126) - (denormal ? 25.0f : 0.0f);
    return ((x == 0.0f) | (x - x != 0.0f)) ? 0.0f : e;
}
TL_FN double tl_frexp_mantissa_f64(double x) {
    const int denormal = tl_abs_f64(x) < 2.2250738585072014e-308;
    const tl_u64 bits = TL_BITS_F64(denormal ? x * 18014398509481984.0 : x);
    const double m = TL_FROM_BITS_F64((bits & 0x800fffffffffffffull) | 0x3fe0000000000000ull);
    return ((x == 0.0) | (x - x != 0.0)) ? x : m;
}
TL_FN double tl_frexp_exponent_f64(double x) {
    const int denormal = tl_abs_f64(x) < 2.2250738585072014e-308;
    const tl_u64 bits = TL_BITS_F64(denormal ? x * 18014398509481984.0 : x);
    const double e = (double)((tl_i32)((bits >> 52) & 0x7ffu) - 1022) - (denormal ? 54.0 : 0.0);
    return ((x == 0.0) | (x - x != 0.0)) ? 0.0 : e;
}

// The number next to a in the direction of b. For floating-point numbers of one sign, the order of the bits as integers
// is that of the numbers, so that a step away from 0 adds `unit` to the bits and a step towards 0 subtracts it. From 0
// the result is the smallest number with the sign of b. Equal numbers give b, and NaN is propagated.

TL_FN float tl_neighbour_f32(float a, float b, tl_u32 unit) {
    const tl_u32 bits = TL_BITS_F32(a);
    const int outwards = (a < b) == (a > 0.0f);
    const tl_u32 moved = a == 0.0f ? (TL_BITS_F32(b) & 0x80000000u) | unit : outwards ? bits + unit : bits - unit;
    const float near = a == b ? b : TL_FROM_BITS_F32(moved);
    return ((a != a) | (b != b)) ? a + b : near;
}
TL_FN float tl_nextafter_f32(float a, float b) { return tl_neighbour_f32(a, b, 1u); }
/// bfloat16 has the upper half of the bits.
TL_FN float tl_nextafter_bfloat16_f32(float a, float b) { return tl_neighbour_f32(a, b, 0x10000u); }
/// float16 lacks the lower 13 bits, 65536 is its infinity, and below 2^-14 its numbers are the multiples of 2^-24.
TL_FN float tl_nextafter_float16_f32(float a, float b) {
    const float magnitude = tl_abs_f32(a), smallest = 5.9604644775390625e-8f, normal = 6.103515625e-5f;
    const int outwards = (a < b) == (a > 0.0f);
    const int fixed = (magnitude < normal) | ((magnitude == normal) & !outwards);
    const float step = a < b ? smallest : -smallest;
    const float stepped = tl_copysign_f32(a + step, a == 0.0f ? b : a);
    const float near = tl_neighbour_f32(magnitude > 65536.0f ? tl_copysign_f32(65536.0f, a) : a, b, 0x2000u);
    return (fixed & (a != b) & (b == b)) ? stepped : a == b ? b : near;
}
TL_FN double tl_nextafter_f64(double a, double b) {
    const tl_u64 bits = TL_BITS_F64(a);
    const int outwards = (a < b) == (a > 0.0);
    const tl_u64 moved = a == 0.0 ? (TL_BITS_F64(b) & 0x8000000000000000ull) | 1u : outwards ? bits + 1u : bits - 1u;
    const double near = a == b ? b : TL_FROM_BITS_F64(moved);
    return ((a != a) | (b != b)) ? a + b : near;
}
/// Half types are computed in float; these functions only complete the tables.
TL_FN double tl_nextafter_float16_f64(double a, double b) {
    return (double)tl_nextafter_float16_f32((float)a, (float)b);
}
TL_FN double tl_nextafter_bfloat16_f64(double a, double b) {
    return (double)tl_nextafter_bfloat16_f32((float)a, (float)b);
}

#endif
