// The optimisers of tl_optim.h besides SGD and Adam: what depends on the step alone is worked out once a chunk, in
// double, and the rest is one pass over the elements.
#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include <cmath>

namespace tl {
struct NAdamStep {
    double beta1, beta2, epsilon;
    double gradient_size, momentum_size; // the factors of the gradient and of its mean
    double root_scale;                   // 1 / sqrt(1 - beta2^t)
    double shrink, decay;                // as for Adam
    bool maximize;
};
struct RAdamStep {
    double beta1, beta2, epsilon, step_size, shrink, decay;
    bool rectified, maximize;
};
struct AdamaxStep {
    double beta1, beta2, epsilon, step_size, decay;
    bool maximize;
};
struct AdagradStep {
    double step_size, epsilon, decay;
    bool maximize;
};
struct AdadeltaStep {
    double lr, rho, epsilon, decay;
    bool maximize;
};
struct RMSpropStep {
    double lr, alpha, epsilon, momentum, decay;
    bool maximize;
};
struct RpropStep {
    double eta_minus, eta_plus, smallest, largest;
    bool maximize;
};
struct ASGDStep {
    double eta, mu, lambda, decay;
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/Adaptive.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

namespace {

/// Runs a kernel over all chunks. The arrays are the parameter, its gradient and as many states as lie densely.
template <int states, class Kernel>
void for_arrays(const tl_optim_entry* entries, int64_t count, Kernel&& kernel) {
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t) {
        void* arrays[5] = {entry.parameter, const_cast<void*>(entry.gradient)};
        for (int k = 0; k < states; ++k) arrays[2 + k] = entry.state[k];
        static constexpr bool writes[] = {true, false, true, true, true};
        with_arrays(entry.dtype, arrays, writes, 2 + states, first, n,
                    [&](void** at, int64_t elements) { kernel(entry, at, elements); });
    });
}

double* single(const tl_optim_entry& entry, int state) { return static_cast<double*>(entry.state[state]); }

} // namespace

/// The kernel in the type that the entry computes in.
#define TL_OPTIM_RUN(kernel, step)                                                                                     \
    (entry.dtype == TL_FLOAT64 ? TL_DISPATCH(kernel<double>, step, at, elements)                                       \
                               : TL_DISPATCH(kernel<float>, step, at, elements))

void tl_optim_nadam(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2, double epsilon,
                    double weight_decay, double momentum_decay, bool decoupled, bool maximize) {
    TL_FORWARD_ENTRIES(optim_nadam, (entries, count, lr, beta1, beta2, epsilon, weight_decay, momentum_decay, decoupled,
                                     maximize));
    const auto mu = [&](double t) { return beta1 * (1 - 0.5 * std::pow(0.96, t * momentum_decay)); };
    for (int64_t e = 0; e < count; ++e) *single(entries[e], 2) *= mu(static_cast<double>(entries[e].step));
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const double t = static_cast<double>(entry.step), product = *single(entry, 2), next = mu(t + 1);
        const NAdamStep step{beta1,
                             beta2,
                             epsilon,
                             lr * (1 - mu(t)) / (1 - product),
                             lr * next / (1 - product * next),
                             1 / std::sqrt(1 - std::pow(beta2, t)),
                             decoupled ? 1 - lr * weight_decay : 1,
                             decoupled ? 0 : weight_decay,
                             maximize};
        TL_OPTIM_RUN(nadam, step);
    });
}

void tl_optim_radam(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2, double epsilon,
                    double weight_decay, bool decoupled, bool maximize) {
    TL_FORWARD_ENTRIES(optim_radam, (entries, count, lr, beta1, beta2, epsilon, weight_decay, decoupled, maximize));
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const double t = static_cast<double>(entry.step), power = std::pow(beta2, t), rest = 1 - power;
        // The length of the moving average as of this step, and at last.
        const double last = 2 / (1 - beta2) - 1, length = last - 2 * t * power / rest;
        double size = lr / (1 - std::pow(beta1, t));
        const bool rectified = length > 5;
        if (rectified)
            size *= std::sqrt(rest * (length - 4) * (length - 2) * last / ((last - 4) * (last - 2) * length));
        const RAdamStep step{beta1,
                             beta2,
                             epsilon,
                             size,
                             decoupled ? 1 - lr * weight_decay : 1,
                             decoupled ? 0 : weight_decay,
                             rectified,
                             maximize};
        TL_OPTIM_RUN(radam, step);
    });
}

void tl_optim_adamax(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2,
                     double epsilon, double weight_decay, bool maximize) {
    TL_FORWARD_ENTRIES(optim_adamax, (entries, count, lr, beta1, beta2, epsilon, weight_decay, maximize));
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const double size = lr / (1 - std::pow(beta1, static_cast<double>(entry.step)));
        const AdamaxStep step{beta1, beta2, epsilon, size, weight_decay, maximize};
        TL_OPTIM_RUN(adamax, step);
    });
}

void tl_optim_adagrad(const tl_optim_entry* entries, int64_t count, double lr, double lr_decay, double epsilon,
                      double weight_decay, bool maximize) {
    TL_FORWARD_ENTRIES(optim_adagrad, (entries, count, lr, lr_decay, epsilon, weight_decay, maximize));
    for_arrays<1>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const double size = lr / (1 + static_cast<double>(entry.step - 1) * lr_decay);
        const AdagradStep step{size, epsilon, weight_decay, maximize};
        TL_OPTIM_RUN(adagrad, step);
    });
}

void tl_optim_adadelta(const tl_optim_entry* entries, int64_t count, double lr, double rho, double epsilon,
                       double weight_decay, bool maximize) {
    TL_FORWARD_ENTRIES(optim_adadelta, (entries, count, lr, rho, epsilon, weight_decay, maximize));
    const AdadeltaStep step{lr, rho, epsilon, weight_decay, maximize};
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        TL_OPTIM_RUN(adadelta, step);
    });
}

void tl_optim_rmsprop(const tl_optim_entry* entries, int64_t count, double lr, double alpha, double epsilon,
                      double weight_decay, double momentum, bool maximize) {
    TL_FORWARD_ENTRIES(optim_rmsprop, (entries, count, lr, alpha, epsilon, weight_decay, momentum, maximize));
    const RMSpropStep step{lr, alpha, epsilon, momentum, weight_decay, maximize};
    for_arrays<3>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        TL_OPTIM_RUN(rmsprop, step);
    });
}

void tl_optim_rprop(const tl_optim_entry* entries, int64_t count, double eta_minus, double eta_plus, double smallest,
                    double largest, bool maximize) {
    TL_FORWARD_ENTRIES(optim_rprop, (entries, count, eta_minus, eta_plus, smallest, largest, maximize));
    const RpropStep step{eta_minus, eta_plus, smallest, largest, maximize};
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        TL_OPTIM_RUN(rprop, step);
    });
}

void tl_optim_asgd(const tl_optim_entry* entries, int64_t count, double lr, double lambda, double alpha, double t0,
                   double weight_decay, bool maximize) {
    TL_FORWARD_ENTRIES(optim_asgd, (entries, count, lr, lambda, alpha, t0, weight_decay, maximize));
    for_arrays<1>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const ASGDStep step{*single(entry, 1), *single(entry, 2), lambda, weight_decay, maximize};
        TL_OPTIM_RUN(asgd, step);
    });
    for (int64_t e = 0; e < count; ++e) {
        const double t = static_cast<double>(entries[e].step);
        *single(entries[e], 1) = lr / std::pow(1 + lambda * lr * t, alpha);
        *single(entries[e], 2) = 1 / std::max(1.0, t - t0);
    }
}
