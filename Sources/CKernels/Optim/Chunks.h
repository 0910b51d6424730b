// The division of an optimiser step over all parameters into chunks, which threads share.
#ifndef TL_OPTIM_CHUNKS_H
#define TL_OPTIM_CHUNKS_H
#include "Support/Convert.h"
#include "Support/Parallel.h"
#include "include/tl_optim.h"
#include <algorithm>

namespace tl {

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }

constexpr int64_t chunk = 4096, converted = 512;

inline int64_t chunks_of(const tl_optim_entry& entry) { return (entry.count + chunk - 1) / chunk; }

/// Calls body(entry, first, count, number) for chunks of all entries, numbered consecutively; threads share the chunks.
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

/// Calls body(pointers, count) block by block, with arrays of half types converted to float32; arrays that are not
/// const are converted back. Arrays of float32 and float64 are passed without a copy.
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

/// Runs a kernel over all chunks. The arrays are the parameter, its gradient and `states` state arrays.
template <int states, class Kernel>
void for_arrays(const tl_optim_entry* entries, int64_t count, Kernel&& kernel) {
    for_chunks(entries, count, [&](const tl_optim_entry& entry, int64_t first, int64_t n, int64_t) {
        void* arrays[5] = {entry.parameter, const_cast<void*>(entry.gradient)};
        for (int k = 0; k < states; ++k) arrays[2 + k] = entry.state[k];
        static constexpr bool writes[] = {true, false, true, true, true};
        with_arrays(entry.dtype, arrays, writes, 2 + states, first, n,
                    [&](void** at, int64_t elements) { kernel(entry, at, elements); });
    });
}

inline double* single(const tl_optim_entry& entry, int state) { return static_cast<double*>(entry.state[state]); }

} // namespace tl

/// Runs the kernel in the compute type of the entry.
#define TL_OPTIM_RUN(kernel, step)                                                                                     \
    (entry.dtype == TL_FLOAT64 ? TL_DISPATCH(kernel<double>, step, at, elements)                                       \
                               : TL_DISPATCH(kernel<float>, step, at, elements))

#endif
