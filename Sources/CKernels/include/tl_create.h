// Creation of tensors.
#ifndef TL_CREATE_H
#define TL_CREATE_H
#include "tl_types.h"

/// Fills with a value: `as_double` for floating-point outputs, `as_int` for integer and bool outputs.
TL_API void tl_fill(const tl_tensor* out, double as_double, int64_t as_int);
/// Fills a complex output.
TL_API void tl_fill_complex(const tl_tensor* out, double real, double imaginary);
/// out[i] = start + i * step for a 1-d output of any stride, computed in double or int64 depending on its dtype.
TL_API void tl_arange(const tl_tensor* out, double start, double step, int64_t int_start, int64_t int_step);
/// out[i] = start + i * (end - start) / (count - 1) for a 1-d output, computed in double from the nearer end; with a
/// base, the base to this power.
TL_API void tl_linspace(const tl_tensor* out, double start, double end);
TL_API void tl_logspace(const tl_tensor* out, double start, double end, double base);

#endif
