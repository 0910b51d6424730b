// Element-wise kernels. Inputs are already broadcast (equal shapes, zero strides). Each operand may have another dtype:
// elements are converted to `compute` (TL_FLOAT32, TL_FLOAT64, TL_INT64, TL_COMPLEX64 or TL_COMPLEX128) when read and
// to the dtype of the output when written, so that type promotion needs no temporaries and half types are computed in
// float32.
#ifndef TL_ELEMENTWISE_H
#define TL_ELEMENTWISE_H
#include "tl_types.h"

/// One row per operation: X(enumerator, scalar function). The scalar functions are in Scalar/; their semantics are
/// those of the PyTorch functions of the same names. `p` are the parameters of the kernel.
enum tl_unary_op {
    // any number
    TL_UNARY_NEG, TL_UNARY_ABS, TL_UNARY_SIGN, TL_UNARY_SQUARE, TL_UNARY_RELU, TL_UNARY_CONJ,
    // to bool
    TL_UNARY_LOGICAL_NOT, TL_UNARY_ISNAN, TL_UNARY_ISINF, TL_UNARY_ISFINITE, TL_UNARY_SIGNBIT,
    // integers
    TL_UNARY_BITWISE_NOT,
    // floating point
    TL_UNARY_SQRT, TL_UNARY_RSQRT, TL_UNARY_RECIPROCAL,
    TL_UNARY_EXP, TL_UNARY_EXP2, TL_UNARY_EXPM1, TL_UNARY_LOG, TL_UNARY_LOG2, TL_UNARY_LOG10, TL_UNARY_LOG1P,
    TL_UNARY_SIN, TL_UNARY_COS, TL_UNARY_TAN, TL_UNARY_ASIN, TL_UNARY_ACOS, TL_UNARY_ATAN,
    TL_UNARY_SINH, TL_UNARY_COSH, TL_UNARY_TANH, TL_UNARY_ASINH, TL_UNARY_ACOSH, TL_UNARY_ATANH,
    TL_UNARY_ERF, TL_UNARY_ERFC, TL_UNARY_ERFINV, TL_UNARY_LGAMMA, TL_UNARY_DIGAMMA,
    TL_UNARY_POLYGAMMA,    // p[0] the order, at least 1
    TL_UNARY_ERFCX, TL_UNARY_NDTR, TL_UNARY_LOG_NDTR, TL_UNARY_NDTRI, TL_UNARY_ENTR, TL_UNARY_AIRY_AI,
    TL_UNARY_BESSEL_J0, TL_UNARY_BESSEL_J1, TL_UNARY_BESSEL_Y0, TL_UNARY_BESSEL_Y1,
    TL_UNARY_I0, TL_UNARY_I0E, TL_UNARY_I1, TL_UNARY_I1E, TL_UNARY_MODIFIED_BESSEL_K0, TL_UNARY_MODIFIED_BESSEL_K1,
    TL_UNARY_SCALED_MODIFIED_BESSEL_K0, TL_UNARY_SCALED_MODIFIED_BESSEL_K1,
    TL_UNARY_SIGMOID, TL_UNARY_LOGSIGMOID, TL_UNARY_GELU, TL_UNARY_GELU_TANH, TL_UNARY_SILU, TL_UNARY_MISH,
    TL_UNARY_SOFTPLUS,     // p[0] beta, p[1] threshold
    TL_UNARY_LEAKY_RELU,   // p[0] slope
    TL_UNARY_ELU,          // p[0] alpha times scale, p[1] scale
    TL_UNARY_HARDTANH,     // p[0] min, p[1] max
    TL_UNARY_HARDSIGMOID, TL_UNARY_HARDSWISH, TL_UNARY_TANHSHRINK, TL_UNARY_SINC, TL_UNARY_LOGIT,
    TL_UNARY_FLOOR, TL_UNARY_CEIL, TL_UNARY_ROUND /* half to even */, TL_UNARY_TRUNC, TL_UNARY_FRAC,
    TL_UNARY_ROUND_SCALED,   // p[0] scale, p[1] 1 to round multiples of 1/scale and 0 those of scale
    TL_UNARY_FREXP_MANTISSA, TL_UNARY_FREXP_EXPONENT, TL_UNARY_ANGLE,
    TL_UNARY_COUNT
};

enum tl_binary_op {
    TL_BINARY_ADD, TL_BINARY_SUB, TL_BINARY_MUL, TL_BINARY_DIV /* floating point */,
    TL_BINARY_POW, TL_BINARY_FMOD, TL_BINARY_REMAINDER, TL_BINARY_FLOOR_DIVIDE, TL_BINARY_TRUNC_DIVIDE,
    TL_BINARY_MAXIMUM, TL_BINARY_MINIMUM /* both propagate NaN */, TL_BINARY_FMAX, TL_BINARY_FMIN,
    TL_BINARY_ATAN2, TL_BINARY_HYPOT, TL_BINARY_COPYSIGN, TL_BINARY_XLOGY, TL_BINARY_LOGADDEXP2,
    TL_BINARY_LDEXP, TL_BINARY_GCD, TL_BINARY_LCM, TL_BINARY_LOGADDEXP,
    TL_BINARY_XLOG1PY, TL_BINARY_ZETA, TL_BINARY_IGAMMA, TL_BINARY_IGAMMAC,
    // orthogonal polynomials, b the degree
    TL_BINARY_CHEBYSHEV_T, TL_BINARY_CHEBYSHEV_U, TL_BINARY_CHEBYSHEV_V, TL_BINARY_CHEBYSHEV_W,
    TL_BINARY_SHIFTED_CHEBYSHEV_T, TL_BINARY_SHIFTED_CHEBYSHEV_U,
    TL_BINARY_SHIFTED_CHEBYSHEV_V, TL_BINARY_SHIFTED_CHEBYSHEV_W,
    TL_BINARY_HERMITE_H, TL_BINARY_HERMITE_HE, TL_BINARY_LAGUERRE_L, TL_BINARY_LEGENDRE_P,
    // the next number towards the other operand, in the compute dtype, in float16 and in bfloat16
    TL_BINARY_NEXTAFTER, TL_BINARY_NEXTAFTER_FLOAT16, TL_BINARY_NEXTAFTER_BFLOAT16,
    TL_BINARY_BITWISE_AND, TL_BINARY_BITWISE_OR, TL_BINARY_BITWISE_XOR, TL_BINARY_SHIFT_LEFT, TL_BINARY_SHIFT_RIGHT,
    TL_BINARY_EQ, TL_BINARY_NE, TL_BINARY_LT, TL_BINARY_LE, TL_BINARY_GT, TL_BINARY_GE,
    TL_BINARY_LOGICAL_AND, TL_BINARY_LOGICAL_OR, TL_BINARY_LOGICAL_XOR,
    // fused gradients: a is the incoming gradient, b what the forward saved
    TL_BINARY_RELU_GRAD /* g where b > 0 */, TL_BINARY_SIGMOID_GRAD /* g*b*(1-b), b the output */,
    TL_BINARY_TANH_GRAD /* g*(1-b*b), b the output */, TL_BINARY_GELU_GRAD, TL_BINARY_GELU_TANH_GRAD,
    TL_BINARY_SILU_GRAD /* b the input */,
    TL_BINARY_COUNT
};

enum tl_ternary_op {
    TL_TERNARY_WHERE /* a is bool: a ? b : c */, TL_TERNARY_CLAMP /* min(max(a, b), c), NaN propagates */,
    TL_TERNARY_ADDCMUL /* a + p[0]*b*c */, TL_TERNARY_ADDCDIV /* a + p[0]*b/c */, TL_TERNARY_LERP /* a + c*(b-a) */,
    TL_TERNARY_COUNT
};

// An operation that does not exist for a compute dtype traps. Integer division by zero gives 0, integer overflow wraps,
// and shift counts outside 0 ..< 64 shift all bits out.

/// `params` may be NULL if the operation has none. An output may be the memory of an input (in place), but must not
/// overlap it otherwise.
TL_API void tl_unary(int32_t op, int32_t compute, const tl_tensor* x, const tl_tensor* out, const double* params);
TL_API void tl_binary(int32_t op, int32_t compute, const tl_tensor* a, const tl_tensor* b, const tl_tensor* out);
TL_API void tl_ternary(int32_t op, int32_t compute, const tl_tensor* a, const tl_tensor* b, const tl_tensor* c,
                       const tl_tensor* out, const double* params);
/// The fast path of small operations: `count` contiguous elements, all of dtype `compute` (float32, float64 or int64),
/// or bool output for comparisons. CPU memory only: it is not forwarded to other devices.
TL_API void tl_binary_contiguous(int32_t op, int32_t compute, const void* a, const void* b, void* out,
                                 int32_t out_dtype, int64_t count);

/// Converts and copies: shapes must be equal, dtypes and strides may differ. Floating point to integer truncates
/// towards zero; the conversion to bool is `!= 0`.
TL_API void tl_copy(const tl_tensor* x, const tl_tensor* out);
/// The index of the first of `count` contiguous numbers in host memory that another dtype cannot represent; -1 if it
/// can represent all. A floating-point dtype represents numbers that round to a finite number, infinities and NaN; an
/// integer dtype the numbers between its smallest and its largest number; bool all numbers.
///
/// With `wraps`, uint8 also represents negative integers down to -255, which wrap around.
TL_API int64_t tl_first_out_of_range(const void* numbers, int32_t dtype, int64_t count, int32_t target, bool wraps);

#endif
