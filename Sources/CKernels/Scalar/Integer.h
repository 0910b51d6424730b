// Arithmetic of 64-bit integers. Overflow wraps and nothing traps: division by zero gives 0, and the only overflowing
// quotient, of the smallest integer and -1, wraps. See Dialect.h.
#ifndef TL_SCALAR_INTEGER_H
#define TL_SCALAR_INTEGER_H
#include "Scalar/Dialect.h"

TL_FN tl_i64 tl_add_i64(tl_i64 a, tl_i64 b) { return (tl_i64)((tl_u64)a + (tl_u64)b); }
TL_FN tl_i64 tl_sub_i64(tl_i64 a, tl_i64 b) { return (tl_i64)((tl_u64)a - (tl_u64)b); }
TL_FN tl_i64 tl_mul_i64(tl_i64 a, tl_i64 b) { return (tl_i64)((tl_u64)a * (tl_u64)b); }
TL_FN tl_i64 tl_neg_i64(tl_i64 x) { return (tl_i64)(0 - (tl_u64)x); }
TL_FN tl_i64 tl_conj_i64(tl_i64 x) { return x; }
TL_FN tl_i64 tl_abs_i64(tl_i64 x) { return x < 0 ? tl_neg_i64(x) : x; }
TL_FN tl_i64 tl_sign_i64(tl_i64 x) { return (x > 0) - (x < 0); }
TL_FN tl_i64 tl_square_i64(tl_i64 x) { return tl_mul_i64(x, x); }
TL_FN tl_i64 tl_relu_i64(tl_i64 x) { return x < 0 ? 0 : x; }
TL_FN tl_i64 tl_maximum_i64(tl_i64 a, tl_i64 b) { return a > b ? a : b; }
TL_FN tl_i64 tl_minimum_i64(tl_i64 a, tl_i64 b) { return a < b ? a : b; }
TL_FN tl_i64 tl_fmax_i64(tl_i64 a, tl_i64 b) { return a > b ? a : b; }
TL_FN tl_i64 tl_fmin_i64(tl_i64 a, tl_i64 b) { return a < b ? a : b; }
TL_FN tl_i64 tl_clamp_i64(tl_i64 x, tl_i64 low, tl_i64 high) { return tl_minimum_i64(tl_maximum_i64(x, low), high); }

TL_FN tl_i64 tl_trunc_divide_i64(tl_i64 a, tl_i64 b) {
    const tl_i64 q = a / (((b == 0) | (b == -1)) ? 1 : b);
    return b == 0 ? 0 : b == -1 ? tl_neg_i64(a) : q;
}
TL_FN tl_i64 tl_fmod_i64(tl_i64 a, tl_i64 b) { return a % (((b == 0) | (b == -1)) ? 1 : b); }
TL_FN tl_i64 tl_floor_divide_i64(tl_i64 a, tl_i64 b) {
    const tl_i64 r = tl_fmod_i64(a, b);
    return tl_trunc_divide_i64(a, b) - ((r != 0) & ((r < 0) != (b < 0)));
}
TL_FN tl_i64 tl_remainder_i64(tl_i64 a, tl_i64 b) {
    const tl_i64 r = tl_fmod_i64(a, b);
    return ((r != 0) & ((r < 0) != (b < 0))) ? r + b : r;
}
/// By repeated squaring. A negative exponent gives the fraction rounded towards zero: 0, or 1 and -1 for these bases.
TL_FN tl_i64 tl_pow_i64(tl_i64 base, tl_i64 exponent) {
    tl_u64 result = 1, power = (tl_u64)base;
    tl_u64 left = exponent < 0 ? 0 : (tl_u64)exponent;
    while (left) {
        result *= (left & 1) ? power : 1;
        power *= power;
        left >>= 1;
    }
    const tl_i64 inverse = base == 1 ? 1 : base == -1 ? ((exponent & 1) ? -1 : 1) : 0;
    return exponent < 0 ? inverse : (tl_i64)result;
}

/// Euclid's algorithm on magnitudes; gcd(0, 0) is 0.
TL_FN tl_i64 tl_gcd_i64(tl_i64 a, tl_i64 b) {
    tl_u64 x = (tl_u64)tl_abs_i64(a), y = (tl_u64)tl_abs_i64(b);
    while (y) {
        const tl_u64 rest = x % y;
        x = y;
        y = rest;
    }
    return (tl_i64)x;
}
/// |a / gcd(a, b) b|; 0 if one of them is 0.
TL_FN tl_i64 tl_lcm_i64(tl_i64 a, tl_i64 b) {
    const tl_i64 divisor = tl_gcd_i64(a, b);
    return tl_abs_i64(tl_mul_i64(tl_trunc_divide_i64(a, divisor), b));
}

TL_FN tl_i64 tl_bitwise_and_i64(tl_i64 a, tl_i64 b) { return a & b; }
TL_FN tl_i64 tl_bitwise_or_i64(tl_i64 a, tl_i64 b) { return a | b; }
TL_FN tl_i64 tl_bitwise_xor_i64(tl_i64 a, tl_i64 b) { return a ^ b; }
TL_FN tl_i64 tl_bitwise_not_i64(tl_i64 x) { return ~x; }
/// Counts outside 0 ..< 64 shift all bits out.
TL_FN tl_i64 tl_shift_left_i64(tl_i64 a, tl_i64 b) {
    const int in_range = (tl_u64)b < 64;
    return in_range ? (tl_i64)((tl_u64)a << (b & 63)) : 0;
}
TL_FN tl_i64 tl_shift_right_i64(tl_i64 a, tl_i64 b) { return a >> ((tl_u64)b < 64 ? b : 63); }

TL_FN int tl_eq_i64(tl_i64 a, tl_i64 b) { return a == b; }
TL_FN int tl_ne_i64(tl_i64 a, tl_i64 b) { return a != b; }
TL_FN int tl_lt_i64(tl_i64 a, tl_i64 b) { return a < b; }
TL_FN int tl_le_i64(tl_i64 a, tl_i64 b) { return a <= b; }
TL_FN int tl_gt_i64(tl_i64 a, tl_i64 b) { return a > b; }
TL_FN int tl_ge_i64(tl_i64 a, tl_i64 b) { return a >= b; }
TL_FN int tl_logical_and_i64(tl_i64 a, tl_i64 b) { return (a != 0) & (b != 0); }
TL_FN int tl_logical_or_i64(tl_i64 a, tl_i64 b) { return (a != 0) | (b != 0); }
TL_FN int tl_logical_xor_i64(tl_i64 a, tl_i64 b) { return (a != 0) ^ (b != 0); }
TL_FN int tl_logical_not_i64(tl_i64 x) { return x == 0; }
TL_FN int tl_isnan_i64(tl_i64 x) { return (void)x, 0; }
TL_FN int tl_isinf_i64(tl_i64 x) { return (void)x, 0; }
TL_FN int tl_isfinite_i64(tl_i64 x) { return (void)x, 1; }
TL_FN int tl_signbit_i64(tl_i64 x) { return x < 0; }

TL_FN tl_i64 tl_where_i64(int condition, tl_i64 b, tl_i64 c) { return condition ? b : c; }
TL_FN tl_i64 tl_addcmul_i64(tl_i64 a, tl_i64 b, tl_i64 c, tl_i64 value) {
    return tl_add_i64(a, tl_mul_i64(value, tl_mul_i64(b, c)));
}

#endif
