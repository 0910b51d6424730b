// Discrete Fourier transforms along the last dimension of batches.
#ifndef TL_FOURIER_H
#define TL_FOURIER_H
#include "tl_types.h"

/// out[..., k] = scale * sum over j of x[..., j] e^(-2 pi i j k / n), or with e^(+2 pi i j k / n) where `inverse`; complex64 or
/// complex128, both the same. `out` may be the very memory of x. Nothing is divided by n: that is what `scale` is for.
TL_API void tl_fft_complex(const tl_tensor* x, const tl_tensor* out, bool inverse, double scale);
/// The first n / 2 + 1 numbers of the forward transform of n real ones: x [..., n] float32 or float64, out [..., n / 2 + 1]
/// complex of the same parts.
TL_API void tl_fft_from_real(const tl_tensor* x, const tl_tensor* out, double scale);
/// The n real numbers of the inverse transform of numbers that are conjugate to those of the negative frequencies, of which x
/// [..., n / 2 + 1] has the others; out [..., n]. Imaginary parts of the frequency 0, and of n / 2 where n is even, are taken
/// as 0.
TL_API void tl_fft_to_real(const tl_tensor* x, const tl_tensor* out, double scale);

#endif
