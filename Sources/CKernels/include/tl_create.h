// Tensors that are made of numbers.
#ifndef TL_CREATE_H
#define TL_CREATE_H
#include "tl_types.h"

/// Fills with a value: `as_double` for floating-point outputs, `as_int` for integer and bool ones.
TL_API void tl_fill(const tl_tensor* out, double as_double, int64_t as_int);
/// Fills a complex output.
TL_API void tl_fill_complex(const tl_tensor* out, double real, double imaginary);
/// out[i] = start + i * step over a contiguous or strided 1-d output, computed in double or int64 as its dtype asks.
TL_API void tl_arange(const tl_tensor* out, double start, double step, int64_t int_start, int64_t int_step);
/// out[i] = start + i * (end - start) / (count - 1) over a 1-d output, computed in double, from the nearer end; with a
/// base that to the power of this.
TL_API void tl_linspace(const tl_tensor* out, double start, double end);
TL_API void tl_logspace(const tl_tensor* out, double start, double end, double base);

#endif
