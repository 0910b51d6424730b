// Discrete Fourier transforms along the last dimensions.
#ifndef TL_FOURIER_H
#define TL_FOURIER_H
#include "tl_types.h"

/// out[..., k] = scale * sum over j of x[..., j] e^(-2 pi i j k / n), or with e^(+2 pi i j k / n) if `inverse`, along each of the
/// last `dims` dimensions, at least one; complex64 or complex128, equal for both. `out` may be the memory of x. The result is not
/// divided by n; use `scale`.
TL_API void tl_fft_complex(const tl_tensor* x, const tl_tensor* out, int32_t dims, bool inverse, double scale);
/// The first n / 2 + 1 numbers of the forward transform of n real numbers: x [..., n] float32 or float64, out [..., n /
/// 2 + 1] complex of the same precision.
TL_API void tl_fft_from_real(const tl_tensor* x, const tl_tensor* out, double scale);
/// The n real numbers of the inverse transform of a Hermitian sequence, given its first half x [..., n / 2 + 1]; out
/// [..., n]. Imaginary parts of frequency 0, and of n / 2 for even n, are treated as 0.
TL_API void tl_fft_to_real(const tl_tensor* x, const tl_tensor* out, double scale);

#endif
