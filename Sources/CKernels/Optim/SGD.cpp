#include "Optim/Chunks.h"
#include "Support/Forward.h"

namespace tl {
struct SgdStep {
    double lr, momentum, dampening, weight_decay;
    bool nesterov, maximize, first;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/SGD.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

void tl_optim_sgd(const tl_optim_entry* entries, int64_t count, double lr, double momentum, double dampening,
                  double weight_decay, bool nesterov, bool maximize) {
    TL_FORWARD_ENTRIES(optim_sgd, (entries, count, lr, momentum, dampening, weight_decay, nesterov, maximize));
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t) {
        const SgdStep step{lr, momentum, dampening, weight_decay, nesterov, maximize, entry.step <= 1};
        void* const arrays[] = {entry.parameter, const_cast<void*>(entry.gradient), entry.state[0]};
        static constexpr bool writes[] = {true, false, true};
        with_arrays(entry.dtype, arrays, writes, 3, first, n, [&](void** at, int64_t elements) {
            if (entry.dtype == TL_FLOAT64)
                TL_DISPATCH(sgd<double>, step, at[0], at[1], at[2], elements);
            else
                TL_DISPATCH(sgd<float>, step, at[0], at[1], at[2], elements);
        });
    });
}
