#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include <cmath>

namespace tl {
struct ASGDStep {
    double eta, mu, lambda, decay;
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/ASGD.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

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
