// The element-wise operations with one and two operands: the enumerator without its prefix, and the scalar function
// without prefix and type. A static assertion compares the counts with those of tl_elementwise.h. The groups are the
// compute types for which a kernel exists.
//   N  any number      F  floating point      I  integers      P  any number, to bool
#ifndef TL_OPERATIONS_H
#define TL_OPERATIONS_H

#define TL_UNARY_OPERATIONS(N, F, I, P)                                                                                \
    N(NEG, neg) N(ABS, abs) N(SIGN, sign) N(SQUARE, square) N(RELU, relu)                                              \
    N(CONJ, conj) P(LOGICAL_NOT, logical_not) P(ISNAN, isnan) P(ISINF, isinf) P(ISFINITE, isfinite) P(SIGNBIT, signbit)              \
    I(BITWISE_NOT, bitwise_not)                                                                                        \
    F(SQRT, sqrt) F(RSQRT, rsqrt) F(RECIPROCAL, reciprocal)                                                            \
    F(EXP, exp) F(EXP2, exp2) F(EXPM1, expm1) F(LOG, log) F(LOG2, log2) F(LOG10, log10) F(LOG1P, log1p)                \
    F(ASIN, asin) F(ACOS, acos) F(ATAN, atan)                                                                          \
    F(SINH, sinh) F(COSH, cosh) F(TANH, tanh) F(ASINH, asinh) F(ACOSH, acosh) F(ATANH, atanh)                          \
    F(ERF, erf) F(ERFC, erfc) F(ERFINV, erfinv) F(LGAMMA, lgamma) F(DIGAMMA, digamma)                                  \
    F(ERFCX, erfcx) F(NDTR, ndtr) F(LOG_NDTR, log_ndtr) F(NDTRI, ndtri) F(ENTR, entr) F(AIRY_AI, airy_ai)              \
    F(BESSEL_J0, bessel_j0) F(BESSEL_J1, bessel_j1) F(BESSEL_Y0, bessel_y0) F(BESSEL_Y1, bessel_y1)                    \
    F(I0, i0) F(I0E, i0e) F(I1, i1) F(I1E, i1e)                                                                        \
    F(MODIFIED_BESSEL_K0, modified_bessel_k0) F(MODIFIED_BESSEL_K1, modified_bessel_k1)                                \
    F(SCALED_MODIFIED_BESSEL_K0, scaled_modified_bessel_k0)                                                            \
    F(SCALED_MODIFIED_BESSEL_K1, scaled_modified_bessel_k1)                                                            \
    F(SIGMOID, sigmoid) F(LOGSIGMOID, logsigmoid) F(GELU_TANH, gelu_tanh) F(SILU, silu) F(MISH, mish)                  \
    F(HARDSIGMOID, hardsigmoid) F(HARDSWISH, hardswish) F(TANHSHRINK, tanhshrink) F(SINC, sinc) F(LOGIT, logit)        \
    F(FLOOR, floor) F(CEIL, ceil) F(ROUND, round) F(TRUNC, trunc) F(FRAC, frac)                                        \
    F(FREXP_MANTISSA, frexp_mantissa) F(FREXP_EXPONENT, frexp_exponent) F(ANGLE, angle)

/// Unary floating-point operations with a faster function, name_small, for float arguments below a limit.
#define TL_UNARY_OPERATIONS_SMALL(F)                                                                                   \
    F(SIN, sin, 1048576.0f) F(COS, cos, 1048576.0f) F(TAN, tan, 1048576.0f) F(GELU, gelu, TL_HAS_FMA ? 5.0f : 0.0f)

/// Unary floating-point operations with one and with two parameters.
#define TL_UNARY_OPERATIONS_1(F) F(LEAKY_RELU, leaky_relu) F(POLYGAMMA, polygamma)
#define TL_UNARY_OPERATIONS_2(F) F(SOFTPLUS, softplus) F(ELU, elu) F(HARDTANH, hardtanh) F(ROUND_SCALED, round_scaled)

#define TL_BINARY_OPERATIONS(N, F, I, P)                                                                               \
    N(ADD, add) N(SUB, sub) N(MUL, mul) F(DIV, div)                                                                    \
    N(POW, pow) N(FMOD, fmod) N(REMAINDER, remainder) N(FLOOR_DIVIDE, floor_divide) N(TRUNC_DIVIDE, trunc_divide)      \
    N(MAXIMUM, maximum) N(MINIMUM, minimum) N(FMAX, fmax) N(FMIN, fmin)                                                \
    F(ATAN2, atan2) F(HYPOT, hypot) F(COPYSIGN, copysign) F(XLOGY, xlogy) F(LOGADDEXP, logaddexp)                      \
    F(XLOG1PY, xlog1py) F(ZETA, zeta) F(IGAMMA, igamma) F(IGAMMAC, igammac)                                            \
    F(CHEBYSHEV_T, chebyshev_polynomial_t) F(CHEBYSHEV_U, chebyshev_polynomial_u)                                      \
    F(CHEBYSHEV_V, chebyshev_polynomial_v) F(CHEBYSHEV_W, chebyshev_polynomial_w)                                      \
    F(SHIFTED_CHEBYSHEV_T, shifted_chebyshev_polynomial_t)                                                             \
    F(SHIFTED_CHEBYSHEV_U, shifted_chebyshev_polynomial_u)                                                             \
    F(SHIFTED_CHEBYSHEV_V, shifted_chebyshev_polynomial_v)                                                             \
    F(SHIFTED_CHEBYSHEV_W, shifted_chebyshev_polynomial_w)                                                             \
    F(HERMITE_H, hermite_polynomial_h) F(HERMITE_HE, hermite_polynomial_he)                                            \
    F(LAGUERRE_L, laguerre_polynomial_l) F(LEGENDRE_P, legendre_polynomial_p)                                          \
    F(LOGADDEXP2, logaddexp2) F(LDEXP, ldexp) I(GCD, gcd) I(LCM, lcm) F(NEXTAFTER, nextafter)                          \
    F(NEXTAFTER_FLOAT16, nextafter_float16) F(NEXTAFTER_BFLOAT16, nextafter_bfloat16)                                  \
    I(BITWISE_AND, bitwise_and) I(BITWISE_OR, bitwise_or) I(BITWISE_XOR, bitwise_xor)                                  \
    I(SHIFT_LEFT, shift_left) I(SHIFT_RIGHT, shift_right)                                                              \
    P(EQ, eq) P(NE, ne) P(LT, lt) P(LE, le) P(GT, gt) P(GE, ge)                                                        \
    P(LOGICAL_AND, logical_and) P(LOGICAL_OR, logical_or) P(LOGICAL_XOR, logical_xor)                                  \
    F(RELU_GRAD, relu_grad) F(SIGMOID_GRAD, sigmoid_grad) F(TANH_GRAD, tanh_grad)                                      \
    F(GELU_GRAD, gelu_grad) F(GELU_TANH_GRAD, gelu_tanh_grad) F(SILU_GRAD, silu_grad)

#endif
