#include "Contract/PackedProduct.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"

// The tile: bytes of a vector, and rows. Its sums, two vectors of b and a number of a must fit in the registers.
#define TL_PACKED_BYTES_avx2 32
#define TL_PACKED_ROWS_avx2 6
#define TL_PACKED_BYTES_avx512 64
#define TL_PACKED_ROWS_avx512 12
#define TL_PACKED_BYTES_baseline 16
#define TL_PACKED_ROWS_baseline 6
#define TL_PACKED_PASTE(prefix, name) prefix##name
#define TL_PACKED_EXPAND(prefix, name) TL_PACKED_PASTE(prefix, name)
#define TL_PACKED_OF(prefix) TL_PACKED_EXPAND(prefix, TL_ISA)

#define TL_KERNEL_BODY "Contract/PackedProduct.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

bool packed_multiply(const SmallProduct& p) {
    // A thread's share is a rectangle of c. It packs the operands of its rows and columns, so the rectangles are cut to
    // have the shortest sides. Cuts fall on multiples of every instruction set's tile.
    constexpr int64_t unit_rows = 12, unit_columns = 32;
    const int64_t down = (p.m + unit_rows - 1) / unit_rows, across = (p.n + unit_columns - 1) / unit_columns;
    const int64_t threads = omp_in_parallel() ? 1 : tl_num_threads();
    int64_t best_rows = 1, best_columns = 1, best = INT64_MAX;
    for (int64_t rows = 1; rows <= std::min(threads, down); rows++) {
        const int64_t columns = std::min(threads / rows, across);
        const int64_t height = (down + rows - 1) / rows * unit_rows;
        const int64_t width = (across + columns - 1) / columns * unit_columns;
        // Multiplications at 16 a cycle against elements packed at one a cycle.
        const int64_t cost = height * width / 16 + height + width;
        if (cost < best) best = cost, best_rows = rows, best_columns = columns;
    }
    bool enough_memory = true;
    parallel_for(best_rows * best_columns, 1, [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; part++) {
            const int64_t i = part / best_columns, j = part % best_columns;
            const int64_t top = down * i / best_rows * unit_rows, left = across * j / best_columns * unit_columns;
            const int64_t bottom = std::min(p.m, down * (i + 1) / best_rows * unit_rows);
            const int64_t right = std::min(p.n, across * (j + 1) / best_columns * unit_columns);
            const int64_t elements = baseline::packed_depth * (baseline::packed_height + baseline::packed_width);
            const Scratch memory(size_t(elements) * sizeof(float));
            if (memory.get()) TL_DISPATCH(packed_block, p, top, bottom, left, right, memory.get<float>());
            else __atomic_store_n(&enough_memory, false, __ATOMIC_RELAXED);
        }
    });
    return enough_memory;
}

} // namespace tl
