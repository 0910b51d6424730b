#include "Optim/Chunks.h"
#include "Support/Forward.h"
#include "Support/Scratch.h"
#include "Support/WidestMoments.h"
#include <cmath>
#include <limits>

#define TL_KERNEL_BODY "Optim/GradientUpdates.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

static long double squares_of_doubles(const double* x, int64_t count) {
    const double sum = TL_DISPATCH(sum_squares<double>, x, count);
    if (squares_are_in_range(sum)) return sum;
    long double widest = 0;
    for (int64_t i = 0; i < count; i++) widest += static_cast<long double>(x[i]) * x[i];
    return widest;
}

void tl_optim_joint_norm(const tl_optim_entry* entries, int64_t count, const tl_tensor* out) {
    TL_FORWARD(out, optim_joint_norm, (entries, count, out));
    double& result = *static_cast<double*>(out->data);
    result = 0;
    int64_t total = 0;
    for (int64_t e = 0; e < count; ++e) total += chunks_of(entries[e]);
    if (total == 0) return;
    const Scratch memory(static_cast<size_t>(total) * sizeof(long double));
    if (memory.is_missing()) return;
    long double* sums = memory.get<long double>();
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t number) {
        void* const arrays[] = {const_cast<void*>(entry.gradient)};
        static constexpr bool writes[] = {false};
        long double sum = 0;
        with_arrays(entry.dtype, arrays, writes, 1, first, n, [&](void** at, int64_t elements) {
            sum += entry.dtype == TL_FLOAT64 ? squares_of_doubles(static_cast<double*>(at[0]), elements)
                                             : TL_DISPATCH(sum_squares<float>, at[0], elements);
        });
        sums[number] = sum;
    });
    // Pairwise summation; the order does not depend on the number of threads.
    for (int64_t step = 1; step < total; step *= 2)
        for (int64_t i = 0; i + step < total; i += 2 * step) sums[i] += sums[i + step];
    result = static_cast<double>(std::sqrt(sums[0]));
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
            else if (std::abs(factor) < std::numeric_limits<float>::min())
                TL_DISPATCH(scale<float>, at[0], factor, elements);
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
