// Optimiser steps: one fused pass over all parameters of a group. Arrays are dense and float32 unless the dtype says
// otherwise (float64, float16 and bfloat16 parameters keep their state in the dtype given).
#ifndef TL_OPTIM_H
#define TL_OPTIM_H
#include "tl_types.h"

/// One parameter: its values, its gradient and up to three state arrays, all dense with `count` elements.
typedef struct {
    void* parameter;
    const void* gradient;
    void* state[3];
    int64_t count;
    int32_t dtype;
    int64_t step;   // number of this step for this parameter, from 1
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
/// Sum of squares of all gradients, in double. scale: gradient *= factor, in place.
TL_API double tl_optim_squared_norm(const tl_optim_entry* entries, int64_t count);
TL_API void tl_optim_scale_gradients(const tl_optim_entry* entries, int64_t count, double factor);
/// Each element of each gradient held to [-limit, limit].
TL_API void tl_optim_clamp_gradients(const tl_optim_entry* entries, int64_t count, double limit);

#endif
