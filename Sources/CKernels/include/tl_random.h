// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// Element i of a call is a function of (seed, call, i) only: equal bits on any number of threads and any device. Philox
// has the seed as its key and (i / 4, call) as its counter, and element i uses word i % 4 (i / 2 and two words for
// float64 and for int64 ranges above 2^32).
#ifndef TL_RANDOM_H
#define TL_RANDOM_H
#include "tl_types.h"

typedef struct {
    uint64_t seed;
    uint64_t call;
} tl_philox;

/// `key` [2], int64 and contiguous, contains the seed and the number of the call: an operand, so that a recorded call
/// can run with another number. Outputs are contiguous in row-major order, of floating-point dtypes unless stated
/// otherwise.
/// Uniform in [low, high).
TL_API void tl_random_uniform(const tl_tensor* key, const tl_tensor* out, double low, double high);
/// Normal numbers by Box-Muller on pairs of words.
TL_API void tl_random_normal(const tl_tensor* key, const tl_tensor* out, double mean, double deviation);
/// Integers in [low, high), any dtype.
TL_API void tl_random_integers(const tl_tensor* key, const tl_tensor* out, int64_t low, int64_t high);
/// 1 with the probability given by each element of p (same shape, any strides), otherwise 0.
TL_API void tl_random_bernoulli(const tl_tensor* key, const tl_tensor* p, const tl_tensor* out);
/// Inverted dropout in one pass: keeps x with probability 1 - p and scales by 1/(1-p). `mask` (uint8 or bool,
/// contiguous) is written; x and out are contiguous.
TL_API void tl_dropout(const tl_tensor* key, double p, const tl_tensor* x, const tl_tensor* out, const tl_tensor* mask);
/// out = x * mask / (1-p).
TL_API void tl_dropout_backward(double p, const tl_tensor* grad_out, const tl_tensor* mask, const tl_tensor* grad_x);
/// A permutation of 0 ..< n in out [n], int64 and contiguous (a stable sort by random keys).
TL_API void tl_random_permutation(const tl_tensor* key, const tl_tensor* out);
/// Distributions that are sampled by rejection.
enum {
    /// Gamma of shape a and scale 1, and its logarithm.
    TL_VARIATE_GAMMA,
    TL_VARIATE_LOG_GAMMA,
    /// Poisson of rate a.
    TL_VARIATE_POISSON,
    /// Binomial of a trials of probability b.
    TL_VARIATE_BINOMIAL,
    /// Von Mises of concentration a around 0.
    TL_VARIATE_VON_MISES,
};
/// Element i is drawn with the parameters a[i] and b[i], in double precision; b is read only for distributions with two
/// parameters. All are contiguous and of the same shape. NaN if a parameter is out of range.
TL_API void tl_random_variates(const tl_tensor* key, int32_t distribution, const tl_tensor* a, const tl_tensor* b,
                               const tl_tensor* out);
/// The derivative of the logarithm of a gamma variate with respect to its shape at a constant value of the distribution
/// function, given the logarithm. All are contiguous and of the same shape.
TL_API void tl_log_gamma_derivative(const tl_tensor* shape, const tl_tensor* log_x, const tl_tensor* out);
/// One 32-bit word for position `index`.
TL_API uint32_t tl_philox_word(tl_philox key, uint64_t index);

#endif
