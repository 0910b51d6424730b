// The C interface of tl_optim.h: each function is one pass over all parameters, cut into chunks that threads share.
#include "include/tl_optim.h"
#include "Support/Convert.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <cmath>
#include <cstring>

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
static inline float square_root(float x) { return __builtin_sqrtf(x); }
static inline double square_root(double x) { return __builtin_sqrt(x); }
} // namespace tl

#define TL_KERNEL_BODY "Optim/Optim.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

namespace {

constexpr int64_t chunk = 4096, converted = 512;

int64_t chunks_of(const tl_optim_entry& entry) { return (entry.count + chunk - 1) / chunk; }

/// Calls body(entry, first, count, number) for chunks of all entries, numbered across them; threads share the chunks.
template <class Body>
void for_chunks(const tl_optim_entry* entries, int64_t count, Body&& body) {
    int64_t total = 0;
    for (int64_t e = 0; e < count; ++e) total += chunks_of(entries[e]);
    parallel_for(total, 4, [&](int64_t begin, int64_t end) {
        int64_t entry = 0, before = 0;
        while (begin - before >= chunks_of(entries[entry])) before += chunks_of(entries[entry++]);
        for (int64_t number = begin; number < end; ++number) {
            while (number - before >= chunks_of(entries[entry])) before += chunks_of(entries[entry++]);
            const int64_t first = (number - before) * chunk;
            body(entries[entry], first, std::min(chunk, entries[entry].count - first), number);
        }
    });
}

/// Hands arrays of half types to body(pointers, count) as float32, block by block, and writes those back that are not
/// const; arrays of float32 and float64 are handed over as they lie.
template <class Body>
void with_arrays(int32_t dtype, void* const* arrays, const bool* writes, int number, int64_t first, int64_t count,
                 Body&& body) {
    const int64_t size = size_of_dtype(dtype);
    void* at[5];
    if (compute_dtype(dtype) == dtype) {
        for (int k = 0; k < number; ++k) at[k] = arrays[k] ? static_cast<char*>(arrays[k]) + first * size : nullptr;
        return body(at, count);
    }
    float buffers[5][converted];
    const ConvertBlock load = convert_block(dtype, TL_FLOAT32), store = convert_block(TL_FLOAT32, dtype);
    for (int64_t start = first; start < first + count; start += converted) {
        const int64_t n = std::min(converted, first + count - start);
        for (int k = 0; k < number; ++k) {
            at[k] = arrays[k] ? buffers[k] : nullptr;
            if (arrays[k]) load(static_cast<char*>(arrays[k]) + start * size, 1, buffers[k], 1, n);
        }
        body(at, n);
        for (int k = 0; k < number; ++k)
            if (arrays[k] && writes[k]) store(buffers[k], 1, static_cast<char*>(arrays[k]) + start * size, 1, n);
    }
}

} // namespace

void tl_optim_sgd(const tl_optim_entry* entries, int64_t count, double lr, double momentum, double dampening,
                  double weight_decay, bool nesterov, bool maximize) {
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

double tl_optim_squared_norm(const tl_optim_entry* entries, int64_t count) {
    int64_t total = 0;
    for (int64_t e = 0; e < count; ++e) total += chunks_of(entries[e]);
    if (total == 0) return 0;
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
    return sums[0];
}

void tl_optim_scale_gradients(const tl_optim_entry* entries, int64_t count, double factor) {
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
