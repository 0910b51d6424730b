#include "Optim/Chunks.h"
#include "Support/Forward.h"

namespace tl {
struct RpropStep {
    double eta_minus, eta_plus, smallest, largest;
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/Rprop.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_rprop(const tl_optim_entry* entries, int64_t count, double eta_minus, double eta_plus, double smallest,
                    double largest, bool maximize) {
    TL_FORWARD_ENTRIES(optim_rprop, (entries, count, eta_minus, eta_plus, smallest, largest, maximize));
    const RpropStep step{eta_minus, eta_plus, smallest, largest, maximize};
    for_arrays<2>(entries, count, [&](const tl_optim_entry& entry, void** at, int64_t elements) {
        TL_OPTIM_RUN(rprop, step);
    });
}
