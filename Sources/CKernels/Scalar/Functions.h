#ifndef TL_SCALAR_FUNCTIONS_H
#define TL_SCALAR_FUNCTIONS_H
#include "Scalar/Dialect.h"
TL_FN float tl_exp_f32(float x) { return TL_BUILTIN(expf)(x); }
TL_FN double tl_exp_f64(double x) { return TL_BUILTIN(exp)(x); }
TL_FN float tl_exp2_f32(float x) { return TL_BUILTIN(exp2f)(x); }
TL_FN double tl_exp2_f64(double x) { return TL_BUILTIN(exp2)(x); }
TL_FN float tl_expm1_f32(float x) { return TL_BUILTIN(expm1f)(x); }
TL_FN double tl_expm1_f64(double x) { return TL_BUILTIN(expm1)(x); }
TL_FN float tl_log_f32(float x) { return TL_BUILTIN(logf)(x); }
TL_FN double tl_log_f64(double x) { return TL_BUILTIN(log)(x); }
TL_FN float tl_log2_f32(float x) { return TL_BUILTIN(log2f)(x); }
TL_FN double tl_log2_f64(double x) { return TL_BUILTIN(log2)(x); }
TL_FN float tl_log10_f32(float x) { return TL_BUILTIN(log10f)(x); }
TL_FN double tl_log10_f64(double x) { return TL_BUILTIN(log10)(x); }
TL_FN float tl_log1p_f32(float x) { return TL_BUILTIN(log1pf)(x); }
TL_FN double tl_log1p_f64(double x) { return TL_BUILTIN(log1p)(x); }
TL_FN float tl_sin_f32(float x) { return TL_BUILTIN(sinf)(x); }
TL_FN double tl_sin_f64(double x) { return TL_BUILTIN(sin)(x); }
TL_FN float tl_cos_f32(float x) { return TL_BUILTIN(cosf)(x); }
TL_FN double tl_cos_f64(double x) { return TL_BUILTIN(cos)(x); }
TL_FN float tl_tan_f32(float x) { return TL_BUILTIN(tanf)(x); }
TL_FN double tl_tan_f64(double x) { return TL_BUILTIN(tan)(x); }
TL_FN float tl_asin_f32(float x) { return TL_BUILTIN(asinf)(x); }
TL_FN double tl_asin_f64(double x) { return TL_BUILTIN(asin)(x); }
TL_FN float tl_acos_f32(float x) { return TL_BUILTIN(acosf)(x); }
TL_FN double tl_acos_f64(double x) { return TL_BUILTIN(acos)(x); }
TL_FN float tl_atan_f32(float x) { return TL_BUILTIN(atanf)(x); }
TL_FN double tl_atan_f64(double x) { return TL_BUILTIN(atan)(x); }
TL_FN float tl_sinh_f32(float x) { return TL_BUILTIN(sinhf)(x); }
TL_FN double tl_sinh_f64(double x) { return TL_BUILTIN(sinh)(x); }
TL_FN float tl_cosh_f32(float x) { return TL_BUILTIN(coshf)(x); }
TL_FN double tl_cosh_f64(double x) { return TL_BUILTIN(cosh)(x); }
TL_FN float tl_tanh_f32(float x) { return TL_BUILTIN(tanhf)(x); }
TL_FN double tl_tanh_f64(double x) { return TL_BUILTIN(tanh)(x); }
TL_FN float tl_asinh_f32(float x) { return TL_BUILTIN(asinhf)(x); }
TL_FN double tl_asinh_f64(double x) { return TL_BUILTIN(asinh)(x); }
TL_FN float tl_acosh_f32(float x) { return TL_BUILTIN(acoshf)(x); }
TL_FN double tl_acosh_f64(double x) { return TL_BUILTIN(acosh)(x); }
TL_FN float tl_atanh_f32(float x) { return TL_BUILTIN(atanhf)(x); }
TL_FN double tl_atanh_f64(double x) { return TL_BUILTIN(atanh)(x); }
TL_FN float tl_erf_f32(float x) { return TL_BUILTIN(erff)(x); }
TL_FN double tl_erf_f64(double x) { return TL_BUILTIN(erf)(x); }
TL_FN float tl_erfc_f32(float x) { return TL_BUILTIN(erfcf)(x); }
TL_FN double tl_erfc_f64(double x) { return TL_BUILTIN(erfc)(x); }
TL_FN float tl_lgamma_f32(float x) { return TL_BUILTIN(lgammaf)(x); }
TL_FN double tl_lgamma_f64(double x) { return TL_BUILTIN(lgamma)(x); }
TL_FN float tl_erfinv_f32(float x) { return x; }
TL_FN double tl_erfinv_f64(double x) { return x; }
TL_FN float tl_digamma_f32(float x) { return x; }
TL_FN double tl_digamma_f64(double x) { return x; }
TL_FN float tl_pow_f32(float x, float y) { return TL_BUILTIN(powf)(x, y); }
TL_FN double tl_pow_f64(double x, double y) { return TL_BUILTIN(pow)(x, y); }
TL_FN float tl_atan2_f32(float x, float y) { return TL_BUILTIN(atan2f)(x, y); }
TL_FN double tl_atan2_f64(double x, double y) { return TL_BUILTIN(atan2)(x, y); }
TL_FN float tl_hypot_f32(float x, float y) { return TL_BUILTIN(hypotf)(x, y); }
TL_FN double tl_hypot_f64(double x, double y) { return TL_BUILTIN(hypot)(x, y); }
#endif
