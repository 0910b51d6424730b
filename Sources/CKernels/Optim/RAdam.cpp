#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include <cmath>

namespace tl {
struct RAdamStep {
    double beta1, beta2, epsilon, step_size, shrink, decay;
    bool rectified, maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/RAdam.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_radam(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2, double epsilon,
                    double weight_decay, bool decoupled, bool maximize) {
    TL_FORWARD_ENTRIES(optim_radam, (entries, count, lr, beta1, beta2, epsilon, weight_decay, decoupled, maximize));
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const double t = static_cast<double>(entry.step), power = std::pow(beta2, t), rest = 1 - power;
        // The length of the simple moving average in this step (rho), and its limit.
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
