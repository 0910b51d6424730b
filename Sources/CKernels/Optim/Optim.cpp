// The optimisers of tl_optim.h that nearly everyone uses, and what clips gradients: each function is one pass over all
// parameters, cut into chunks that threads share.
#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include "Support/Scratch.h"
#include "include/tl_optim.h"
#include <cmath>

namespace tl {
struct SgdStep {
    double lr, momentum, dampening, weight_decay;
    bool nesterov, maximize, first;
};
struct AdamStep {
    double beta1, beta2, epsilon;
    double step_size;  // lr / (1 - beta1^t)
    double root_scale; // 1 / sqrt(1 - beta2^t)
    double shrink;     // of the parameter: decoupled weight decay
    double decay;      // added to the gradient, times the parameter: the other kind
    bool maximize;
};
} // namespace tl

#define TL_KERNEL_BODY "Optim/Optim.kernels.h"
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
    // Nearly always all parameters are at the same step; the powers cost as much as hundreds of elements.
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

void tl_optim_squared_norm(const tl_optim_entry* entries, int64_t count, const tl_tensor* out) {
    TL_FORWARD(out, optim_squared_norm, (entries, count, out));
    double& result = *static_cast<double*>(out->data);
    result = 0;
    int64_t total = 0;
    for (int64_t e = 0; e < count; ++e) total += chunks_of(entries[e]);
    if (total == 0) return;
    const Scratch memory(static_cast<size_t>(total) * sizeof(double));
    double* sums = memory.need<double>();
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t number) {
        void* const arrays[] = {const_cast<void*>(entry.gradient)};
        static constexpr bool writes[] = {false};
        double sum = 0;
        with_arrays(entry.dtype, arrays, writes, 1, first, n, [&](void** at, int64_t elements) {
            sum += entry.dtype == TL_FLOAT64 ? TL_DISPATCH(sum_squares<double>, at[0], elements)
                                             : TL_DISPATCH(sum_squares<float>, at[0], elements);
        });
        sums[number] = sum;
    });
    // Pairwise, whatever the number of threads.
    for (int64_t step = 1; step < total; step *= 2)
        for (int64_t i = 0; i + step < total; i += 2 * step) sums[i] += sums[i + step];
    result = sums[0];
}

void tl_optim_scale_gradients(const tl_optim_entry* entries, int64_t count, const tl_tensor* scalar) {
    TL_FORWARD(scalar, optim_scale_gradients, (entries, count, scalar));
    const double factor = *static_cast<const double*>(scalar->data);
    if (factor == 1) return;
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t) {
        void* const arrays[] = {const_cast<void*>(entry.gradient)};
        static constexpr bool writes[] = {true};
        with_arrays(entry.dtype, arrays, writes, 1, first, n, [&](void** at, int64_t elements) {
            if (entry.dtype == TL_FLOAT64)
                TL_DISPATCH(scale<double>, at[0], factor, elements);
            else
                TL_DISPATCH(scale<float>, at[0], static_cast<float>(factor), elements);
        });
    });
}

void tl_optim_clamp_gradients(const tl_optim_entry* entries, int64_t count, double limit) {
    TL_FORWARD_ENTRIES(optim_clamp_gradients, (entries, count, limit));
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t) {
        void* const arrays[] = {const_cast<void*>(entry.gradient)};
        static constexpr bool writes[] = {true};
        with_arrays(entry.dtype, arrays, writes, 1, first, n, [&](void** at, int64_t elements) {
            if (entry.dtype == TL_FLOAT64)
                TL_DISPATCH(clamp<double>, at[0], limit, elements);
            else
                TL_DISPATCH(clamp<float>, at[0], static_cast<float>(limit), elements);
        });
    });
}
