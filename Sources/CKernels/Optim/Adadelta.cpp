#include "Optim/Chunks.h"
#include "Support/Forward.h"

namespace tl {
struct AdadeltaStep {
    double lr, rho, epsilon, decay;
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/Adadelta.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_adadelta(const tl_optim_entry* entries, int64_t count, double lr, double rho, double epsilon,
                       double weight_decay, bool maximize) {
    TL_FORWARD_ENTRIES(optim_adadelta, (entries, count, lr, rho, epsilon, weight_decay, maximize));
    const AdadeltaStep step{lr, rho, epsilon, weight_decay, maximize};
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        TL_OPTIM_RUN(adadelta, step);
    });
}
