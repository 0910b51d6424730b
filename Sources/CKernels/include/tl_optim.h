// Optimiser steps: one fused pass over all parameters of a group. Arrays are contiguous and of the given dtype
// (float32, float64, float16 or bfloat16; states have the dtype of the parameter). The entries are in host memory; all
// entries of a call have the same device.
#ifndef TL_OPTIM_H
#define TL_OPTIM_H
#include "tl_types.h"

/// One parameter: its values, its gradient and up to three state arrays, all contiguous with `count` elements, unless a
/// step has a single double as state.
typedef struct {
    void* parameter;
    const void* gradient;
    void* state[3];
    int64_t count;
    int32_t dtype;
    int32_t device; // of all arrays of the entry
    int64_t step;   // the number of this step for this parameter, from 1
} tl_optim_entry;

/// g += weight_decay * p; b = momentum * b + (1 - dampening) * g (b = g on the first step); p -= lr * (nesterov ? g +
/// momentum * b : b). state[0] is b, NULL when momentum is 0. `maximize` flips the sign of g.
TL_API void tl_optim_sgd(const tl_optim_entry* entries, int64_t count, double lr, double momentum, double dampening,
                         double weight_decay, bool nesterov, bool maximize);
/// Adam (Kingma and Ba 2015) and, with `decoupled`, AdamW (Loshchilov and Hutter 2019). state[0] is m, state[1] is v,
/// state[2] the running maximum of v for AMSGrad or NULL.
/// p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
TL_API void tl_optim_adam(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2,
                          double epsilon, double weight_decay, bool decoupled, bool maximize);
/// NAdam (Dozat 2016). state: m, v and mu_product, a single double, which the call multiplies by this step's mu.
/// mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2); M = mu_1 ... mu_t; d = sqrt(v / (1 - beta2^t)) + epsilon
/// p -= lr (1 - mu_t) / (1 - M) * g / d + lr mu_(t+1) / (1 - M mu_(t+1)) * m / d
TL_API void tl_optim_nadam(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2,
                           double epsilon, double weight_decay, double momentum_decay, bool decoupled, bool maximize);
/// RAdam (Liu et al. 2020). state: m, v. While the variance of the adaptive learning rate is undefined (rho <= 5) the
/// step is lr * m.
TL_API void tl_optim_radam(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2,
                           double epsilon, double weight_decay, bool decoupled, bool maximize);
/// Adamax (Kingma and Ba 2015). state: m, u. u = max(beta2 * u, |g| + epsilon); p -= lr / (1 - beta1^t) * m / u
TL_API void tl_optim_adamax(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2,
                            double epsilon, double weight_decay, bool maximize);
/// Adagrad (Duchi et al. 2011). state: s. s += g^2; p -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + epsilon)
TL_API void tl_optim_adagrad(const tl_optim_entry* entries, int64_t count, double lr, double lr_decay, double epsilon,
                             double weight_decay, bool maximize);
/// Adadelta (Zeiler 2012). state: v, a. v = rho v + (1 - rho) g^2; d = sqrt(a + epsilon) / sqrt(v + epsilon) * g;
/// a = rho a + (1 - rho) d^2; p -= lr * d
TL_API void tl_optim_adadelta(const tl_optim_entry* entries, int64_t count, double lr, double rho, double epsilon,
                              double weight_decay, bool maximize);
/// RMSprop (Hinton 2012). state: v, the momentum buffer b or NULL, the mean gradient a (centered) or NULL. v = alpha v
/// + (1 - alpha) g^2; d = g / (sqrt(v - a^2) + epsilon); b = momentum * b + d; p -= lr * b
TL_API void tl_optim_rmsprop(const tl_optim_entry* entries, int64_t count, double lr, double alpha, double epsilon,
                             double weight_decay, double momentum, bool maximize);
/// Rprop (Riedmiller and Braun 1993). state: the previous gradient, the step sizes. A step size is multiplied by
/// eta_plus if the gradient keeps its sign, and by eta_minus if the sign changes; the element is then not updated.
TL_API void tl_optim_rprop(const tl_optim_entry* entries, int64_t count, double eta_minus, double eta_plus,
                           double smallest, double largest, bool maximize);
/// Averaged SGD (Polyak and Juditsky 1992). state: the average x, and eta and mu, single doubles that the call sets for
/// the next step. p = (1 - lambda eta) p - eta g; x += mu (p - x); eta = lr / (1 + lambda lr t)^alpha; mu = 1 / max(1,
/// t - t0)
TL_API void tl_optim_asgd(const tl_optim_entry* entries, int64_t count, double lr, double lambda, double alpha,
                          double t0, double weight_decay, bool maximize);
/// The Euclidean norm of all gradients as one vector, in a 0-dimensional float64 `out` of their device. Squares are
/// accumulated in float64, or in a wider type if they overflow or underflow.
TL_API void tl_optim_joint_norm(const tl_optim_entry* entries, int64_t count, const tl_tensor* out);
/// gradient *= factor, in place; `factor` is 0-dimensional, float64 and on the device of the gradients. A factor of 1
/// writes nothing.
TL_API void tl_optim_scale_gradients(const tl_optim_entry* entries, int64_t count, const tl_tensor* factor);
/// Clamps each element of each gradient to [-limit, limit].
TL_API void tl_optim_clamp_gradients(const tl_optim_entry* entries, int64_t count, double limit);

#endif
