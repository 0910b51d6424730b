#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include <cmath>

namespace tl {
struct NAdamStep {
    double beta1, beta2, epsilon;
    double gradient_size, momentum_size; // factors of the gradient and of its running mean
    double root_scale;                   // 1 / sqrt(1 - beta2^t)
    double shrink, decay;                // as for Adam
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/NAdam.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

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
