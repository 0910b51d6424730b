#include "Optim/Chunks.h"
#include "Support/Forward.h"

namespace tl {
struct RMSpropStep {
    double lr, alpha, epsilon, momentum, decay;
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/RMSprop.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_rmsprop(const tl_optim_entry* entries, int64_t count, double lr, double alpha, double epsilon,
                      double weight_decay, double momentum, bool maximize) {
    TL_FORWARD_ENTRIES(optim_rmsprop, (entries, count, lr, alpha, epsilon, weight_decay, momentum, maximize));
    const RMSpropStep step{lr, alpha, epsilon, momentum, weight_decay, maximize};
    for_arrays<3>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        TL_OPTIM_RUN(rmsprop, step);
    });
}
