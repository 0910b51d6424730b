#include "Optim/Chunks.h"
#include "Support/Forward.h"

namespace tl {
struct AdagradStep {
    double step_size, epsilon, decay;
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/Adagrad.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_adagrad(const tl_optim_entry* entries, int64_t count, double lr, double lr_decay, double epsilon,
                      double weight_decay, bool maximize) {
    TL_FORWARD_ENTRIES(optim_adagrad, (entries, count, lr, lr_decay, epsilon, weight_decay, maximize));
    for_arrays<1>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        const double size = lr / (1 + static_cast<double>(entry.step - 1) * lr_decay);
        const AdagradStep step{size, epsilon, weight_decay, maximize};
        TL_OPTIM_RUN(adagrad, step);
    });
}
