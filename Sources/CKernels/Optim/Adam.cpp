#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include <cmath>

namespace tl {
struct AdamStep {
    double beta1, beta2, epsilon;
    double step_size;  // lr / (1 - beta1^t)
    double root_scale; // 1 / sqrt(1 - beta2^t)
    double shrink;     // factor of the parameter: decoupled weight decay
    double decay;      // factor of the parameter in the gradient: L2 penalty
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/Adam.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_adam(const tl_optim_entry* entries, int64_t count, double lr, double beta1, double beta2, double epsilon,
                   double weight_decay, bool decoupled, bool maximize) {
    TL_FORWARD_ENTRIES(optim_adam, (entries, count, lr, beta1, beta2, epsilon, weight_decay, decoupled, maximize));
    if (count == 0) return;
    struct Corrections {
        double step_size, root_scale;
    };
    const auto corrections_of = [&](int64_t step) {
        const double t = static_cast<double>(step);
        return Corrections{lr / (1 - std::pow(beta1, t)), 1 / std::sqrt(1 - std::pow(beta2, t))};
    };
    // Usually all parameters have the same step; the powers cost as much as hundreds of elements.
    const Corrections common = corrections_of(entries[0].step);
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t) {
        const Corrections corrections = entry.step == entries[0].step ? common : corrections_of(entry.step);
        const AdamStep step{beta1,
                            beta2,
                            epsilon,
                            corrections.step_size,
                            corrections.root_scale,
                            decoupled ? 1 - lr * weight_decay : 1,
                            decoupled ? 0 : weight_decay,
                            maximize};
        void* const arrays[] = {entry.parameter, const_cast<void*>(entry.gradient), entry.state[0], entry.state[1],
                                entry.state[2]};
        static constexpr bool writes[] = {true, false, true, true, true};
        with_arrays(entry.dtype, arrays, writes, 5, first, n, [&](void** at, int64_t elements) {
            if (entry.dtype == TL_FLOAT64)
                TL_DISPATCH(adam<double>, step, at[0], at[1], at[2], at[3], at[4], elements);
            else
                TL_DISPATCH(adam<float>, step, at[0], at[1], at[2], at[3], at[4], elements);
        });
    });
}
