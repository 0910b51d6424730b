#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include <cmath>

namespace tl {
struct AdamaxStep {
    double beta1, beta2, epsilon, step_size, decay;
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/Adamax.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_adamax(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2,
                     double epsilon, double weight_decay, bool maximize) {
    TL_FORWARD_ENTRIES(optim_adamax, (entries, count, lr, beta1, beta2, epsilon, weight_decay, maximize));
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const double size = lr / (1 - std::pow(beta1, static_cast<double>(entry.step)));
        const AdamaxStep step{beta1, beta2, epsilon, size, weight_decay, maximize};
        TL_OPTIM_RUN(adamax, step);
    });
}
