#include "Contract/Gemm.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <type_traits>

// The register tile by instruction set: rows, and vectors per row. Its sums, a row of b and an element of a must fit in
// the registers: 16 vectors on x86-64 without AVX-512, otherwise 32.
#define TL_GEMM_ROWS_avx2 6
#define TL_GEMM_ACROSS_avx2 2
#define TL_GEMM_ROWS_avx512 8
#define TL_GEMM_ACROSS_avx512 3
#if defined(__x86_64__)
#define TL_GEMM_ROWS_baseline 4
#define TL_GEMM_ACROSS_baseline 2
#else
#define TL_GEMM_ROWS_baseline 8
#define TL_GEMM_ACROSS_baseline 3
#endif
#define TL_GEMM_PASTE(prefix, name) prefix##name
#define TL_GEMM_EXPAND(prefix, name) TL_GEMM_PASTE(prefix, name)
#define TL_GEMM_OF(prefix) TL_GEMM_EXPAND(prefix, TL_ISA)

#define TL_KERNEL_BODY "Contract/Gemm.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

bool gemm(const Gemm& g) {
    if (g.m <= 0 || g.n <= 0) return true;
    const int64_t sum_bytes = g.dtype == TL_FLOAT64 || g.dtype == TL_INT64 ? 8 : 4;
    const int64_t tile = TL_DISPATCH(gemm_tile_columns, sum_bytes);
    const auto round_up = [](int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; };

    // Threads share rows or columns, whichever dimension is larger, in whole tiles.
    const int64_t height = baseline::gemm_height, depth = baseline::gemm_depth;
    const bool by_rows = g.m >= g.n;
    const int64_t unit = by_rows ? TL_DISPATCH(gemm_tile_rows) : tile;
    const int64_t units = ((by_rows ? g.m : g.n) + unit - 1) / unit;
    const int64_t work = g.m * g.n * (g.k > 0 ? g.k : 1) / units;
    const int64_t wide = round_up(std::min<int64_t>(g.n, 1536), tile);
    const int64_t used_depth = std::min(std::max<int64_t>(g.k, 1), depth);
    const int64_t used_height = std::min(round_up(g.m, 24), height);
    // Each thread packs all of one operand, which is worth its time only if its range of the other one is large enough.
    const int64_t per_thread = std::clamp<int64_t>(std::max(g.m, g.n) / (tl_num_threads() * 256), 1, 4);
    bool enough_memory = true;
    parallel_for(units, std::max<int64_t>(1, 32768 / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
        const int64_t first = begin * unit, last = std::min(end * unit, by_rows ? g.m : g.n);
        const Scratch pack_a(size_t(used_height * used_depth * sum_bytes));
        const Scratch pack_b(size_t(used_depth * wide * sum_bytes));
        if (!pack_a.get() || !pack_b.get()) {
            __atomic_store_n(&enough_memory, false, __ATOMIC_RELAXED);
            return;
        }
        if (by_rows) TL_DISPATCH(gemm_part, g, first, last, int64_t(0), g.n, wide, pack_a.get(), pack_b.get());
        else TL_DISPATCH(gemm_part, g, int64_t(0), g.m, first, last, wide, pack_a.get(), pack_b.get());
    }, per_thread);
    return enough_memory;
}

} // namespace tl
