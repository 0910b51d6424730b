// Reductions. The first `x.rank - reduced` dimensions of `x` are kept and the last `reduced` are reduced; `out` has the
// kept dimensions. Half types accumulate in float32, integers in int64, as in PyTorch. The order of summation depends
// on the shape only, not on the number of threads.
#ifndef TL_REDUCE_H
#define TL_REDUCE_H
#include "tl_types.h"

enum tl_reduce_op {
    TL_REDUCE_SUM, TL_REDUCE_PROD, TL_REDUCE_MAX, TL_REDUCE_MIN, TL_REDUCE_ANY, TL_REDUCE_ALL,
    TL_REDUCE_NORM /* sqrt(sum(x^2)) */, TL_REDUCE_LOGSUMEXP, TL_REDUCE_MEAN,
    TL_REDUCE_COUNT
};

/// Each operand may have another dtype; accumulation is in `compute` (float32, float64, int64 or complex) or better:
/// sums of float32 are accumulated in float64. Complex numbers have no extremes and no logsumexp, and their norm is
/// real; mean and logsumexp require floating point. An empty reduction gives 0, 1, -inf (max, logsumexp), inf (min),
/// false, true, or NaN (mean).
TL_API void tl_reduce(int32_t op, int32_t compute, const tl_tensor* x, int32_t reduced, const tl_tensor* out);
/// The index of the first largest or smallest element of the reduced dimensions, row-major; NaN is both largest and
/// smallest. `values` may be NULL. `indices` is int64.
TL_API void tl_argreduce(bool largest, const tl_tensor* x, int32_t reduced, const tl_tensor* values,
                         const tl_tensor* indices);
/// Mean and variance (divided by n - correction) in one pass, Welford; with `root` the standard deviation instead of
/// the variance. `mean` may be NULL.
TL_API void tl_variance(const tl_tensor* x, int32_t reduced, double correction, bool root, const tl_tensor* mean,
                        const tl_tensor* variance);
/// Distances of all pairs of rows, out[n, i, j] = the p-norm of a[n, i] - b[n, j] + shift: a [N, I, D], b [N, J, D]
/// with a contiguous last dimension, out [N, I, J] contiguous; all float32 or all float64; p of at least 0. No memory
/// of size I J D is needed, and intermediate sums neither overflow nor underflow.
TL_API void tl_pair_distance(const tl_tensor* a, const tl_tensor* b, double p, double shift, const tl_tensor* out);
/// The gradient of a [N, I, D], contiguous. `gradient` and `distance` [N, I, J] may have any strides.
TL_API void tl_pair_distance_backward(const tl_tensor* gradient, const tl_tensor* a, const tl_tensor* b,
                                      const tl_tensor* distance, double p, double shift, const tl_tensor* grad_a);
/// The distances of the pairs i < j of the rows of x [1, n, D], in order: out [n (n - 1) / 2], contiguous.
TL_API void tl_condensed_distance(const tl_tensor* x, double p, const tl_tensor* out);
/// The gradient of x; all contiguous.
TL_API void tl_condensed_distance_backward(const tl_tensor* gradient, const tl_tensor* x, const tl_tensor* distance,
                                           double p, const tl_tensor* grad_x);

enum tl_scan_op { TL_SCAN_SUM, TL_SCAN_PROD, TL_SCAN_MAX, TL_SCAN_MIN, TL_SCAN_LOGSUMEXP };
/// Cumulative operations along the last dimension of x. `indices` (int64, may be NULL) for max and min: the index of
/// the latest of equal elements, and of the last NaN. Floating-point sums and products, and log(sum(e^x)), are
/// accumulated in double precision.
TL_API void tl_scan(int32_t op, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices);
/// out[i] = x[i] + factors[i] * out[i - 1] along the last dimension; floating point, accumulated in double precision.
TL_API void tl_linear_scan(const tl_tensor* x, const tl_tensor* factors, const tl_tensor* out);

#endif
