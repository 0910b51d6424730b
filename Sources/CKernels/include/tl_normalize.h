// Softmax and normalisation, in one pass over memory if possible. Means are float64, other statistics float32 for half
// types and otherwise of the dtype of x.
#ifndef TL_NORMALIZE_H
#define TL_NORMALIZE_H
#include "tl_types.h"

/// Along the last dimension (any strides; pass a permuted view for other dimensions). Input and output dtypes may
/// differ.
TL_API void tl_softmax(const tl_tensor* x, const tl_tensor* out, bool logarithm);
/// From the output y: softmax g -> y*(g - sum(g*y)); log-softmax g -> g - exp(y)*sum(g).
TL_API void tl_softmax_backward(const tl_tensor* grad_out, const tl_tensor* y, const tl_tensor* grad_x, bool logarithm);

/// The cross entropy of rows, -log softmax(x[i])[target[i]], fused. x [n, classes], target int64 [n]; rows with the
/// target `ignore_index` have no weight. weight [classes] or NULL; smoothing in [0, 1]. losses [n] (unreduced,
/// weighted); weights_out [n] receives the weight of each row (0 for ignored rows), logsumexp [n] is saved for the
/// backward pass. Returns the first row with a target outside [0, classes), or -1.
TL_API int64_t tl_cross_entropy(const tl_tensor* x, const tl_tensor* target, const tl_tensor* weight,
                                int64_t ignore_index, double smoothing, const tl_tensor* losses,
                                const tl_tensor* weights_out, const tl_tensor* logsumexp);
/// grad_x[i, c] = scale[i] * d loss_i / d x[i, c]; scale [n] is the gradient of the loss of each row.
TL_API void tl_cross_entropy_backward(const tl_tensor* scale, const tl_tensor* x, const tl_tensor* target,
                                      const tl_tensor* weight, int64_t ignore_index, double smoothing,
                                      const tl_tensor* logsumexp, const tl_tensor* grad_x);

/// x, out [rows, width], each row normalised; weight and bias [width] or NULL; mean and rstd [rows] are written.
TL_API void tl_layer_norm(const tl_tensor* x, const tl_tensor* weight, const tl_tensor* bias, double epsilon,
                          const tl_tensor* out, const tl_tensor* mean, const tl_tensor* rstd);
/// Any of the three gradients may be NULL. With `add_x` the gradient of x is added to the output, which has the compute
/// dtype.
TL_API void tl_layer_norm_backward(const tl_tensor* grad_out, const tl_tensor* x, const tl_tensor* weight,
                                   const tl_tensor* mean, const tl_tensor* rstd, const tl_tensor* grad_x, bool add_x,
                                   const tl_tensor* grad_weight, const tl_tensor* grad_bias);

/// x, out [N, C, L]. Training: batch statistics (biased variance) are computed into mean and rstd [C] and, where given,
/// running = (1 - momentum) * running + momentum * batch (unbiased variance). Evaluation: mean and rstd are inputs.
TL_API void tl_batch_norm_statistics(const tl_tensor* x, double epsilon, double momentum, const tl_tensor* mean,
                                     const tl_tensor* rstd, const tl_tensor* running_mean,
                                     const tl_tensor* running_var);
/// The statistics of evaluation mode, from the running statistics: the mean, and 1 / sqrt(variance + epsilon). All [C]
/// and contiguous; rstd has the compute dtype.
TL_API void tl_batch_norm_evaluation(const tl_tensor* running_mean, const tl_tensor* running_var, double epsilon,
                                     const tl_tensor* mean, const tl_tensor* rstd);
TL_API void tl_batch_norm_apply(const tl_tensor* x, const tl_tensor* mean, const tl_tensor* rstd,
                                const tl_tensor* weight, const tl_tensor* bias, const tl_tensor* out);
/// Gradients; with `training` through the statistics too. Any of the three results may be NULL.
TL_API void tl_batch_norm_backward(const tl_tensor* grad_out, const tl_tensor* x, const tl_tensor* mean,
                                   const tl_tensor* rstd, const tl_tensor* weight, bool training,
                                   const tl_tensor* grad_x, const tl_tensor* grad_weight, const tl_tensor* grad_bias);

#endif
