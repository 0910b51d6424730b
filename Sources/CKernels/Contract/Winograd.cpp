#include "Contract/Winograd.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <algorithm>

// The rows of the register tile of the products, which is two vectors wide: its sums, a row of b and an element of a
// fit in the registers.
#define TL_WINOGRAD_ROWS_avx2 6
#define TL_WINOGRAD_ROWS_avx512 12
#if defined(__x86_64__)
#define TL_WINOGRAD_ROWS_baseline 4
#else
#define TL_WINOGRAD_ROWS_baseline 12
#endif
#define TL_WINOGRAD_PASTE(prefix, name) prefix##name
#define TL_WINOGRAD_EXPAND(prefix, name) TL_WINOGRAD_PASTE(prefix, name)
#define TL_WINOGRAD_OF(prefix) TL_WINOGRAD_EXPAND(prefix, TL_ISA)

#define TL_KERNEL_BODY "Contract/Winograd.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

namespace {

constexpr int64_t row_unit = 12;  // a multiple of the rows of every tile

/// The number of tiles with transforms of `bytes` each that fit in `budget`, in whole tiles of the products.
int64_t fitting(int64_t budget, int64_t bytes, int64_t least, int64_t most) {
    return std::clamp(budget / bytes / row_unit * row_unit, least, most);
}

/// Zero floats, one per channel of x or y.
struct Zeros {
    const Scratch memory;
    explicit Zeros(const Winograd& p)
        : memory(size_t(std::max(p.in_channels, p.out_channels)) * sizeof(float)) {
        if (memory.get()) std::fill_n(memory.get<float>(), std::max(p.in_channels, p.out_channels), 0.0f);
    }
};

/// Whether the transforms of all weights do not fit in the last-level cache but those of all tiles do.
bool has_few_tiles(const Winograd& p) {
    const int64_t matrices = 36 * 4;
    return matrices * p.in_channels * p.out_channels > (4 << 20) &&
           matrices * p.tiles() * (p.in_channels + p.out_channels) <= (10 << 20);
}

int64_t whole_rows(int64_t tiles) { return (tiles + row_unit - 1) / row_unit * row_unit; }

/// Computes y channel by channel: all tiles are transformed first, then the weights block by block.
bool forward_by_panels(const Winograd& p) {
    constexpr int64_t block = 64;  // input channels whose weights, for a panel of output channels, fit in the L2 cache
    const int64_t tiles = p.tiles(), room = whole_rows(tiles), columns = TL_DISPATCH(winograd_panel_columns, );
    const int64_t u_size = 36 * winograd_step(block, columns), m_size = 36 * winograd_step(room, columns);
    const Scratch transforms(size_t(36 * winograd_step(room, p.in_channels)) * sizeof(float));
    const Zeros zeros(p);
    if (!transforms.get() || !zeros.memory.get()) return false;
    float* const v = transforms.get<float>();
    for (int i = 0; i < 36; i++)  // rows after the last tile are multiplied too
        std::fill_n(v + i * winograd_step(room, p.in_channels) + tiles * p.in_channels,
                    (room - tiles) * p.in_channels, 0.0f);
    parallel_for(tiles, 4, [&](int64_t begin, int64_t end) {
        TL_DISPATCH(winograd_transform_tiles, p, begin, end, room, zeros.memory.get<float>(), v);
    });
    bool enough_memory = true;
    parallel_for(p.out_channels / columns, 1, [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(u_size + m_size) * sizeof(float));
        float* const u = memory.get<float>();
        if (!u) __atomic_store_n(&enough_memory, false, __ATOMIC_RELAXED);
        else TL_DISPATCH(winograd_panels, p, begin, end, room, v, block, u, u + u_size);
    });
    return enough_memory;
}

} // namespace

bool winograd_forward(const Winograd& p) {
    const int64_t in = p.in_channels, out = p.out_channels, tiles = p.tiles();
    if (has_few_tiles(p)) return forward_by_panels(p);
    const Scratch weights(size_t(36 * winograd_step(in, out)) * sizeof(float));
    const Zeros zeros(p);
    if (!weights.get() || !zeros.memory.get()) return false;
    parallel_for(in, std::max<int64_t>(1, 1024 / out),
                 [&](int64_t begin, int64_t end) { TL_DISPATCH(winograd_weights, p, begin, end, weights.get<float>()); });

    // The transforms of a block fit in the L2 cache; blocks are larger for many channels, so that u is read less often.
    const int64_t block = fitting(448 << 10, 36 * 4 * (in + out), 24, 96);
    const int64_t v_size = 36 * winograd_step(block, in), m_size = 36 * winograd_step(block, out);
    const int64_t blocks = (tiles + block - 1) / block;
    bool enough_memory = true;
    parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(v_size + m_size) * sizeof(float));
        if (!memory.get()) {
            __atomic_store_n(&enough_memory, false, __ATOMIC_RELAXED);
            return;
        }
        float *const v = memory.get<float>(), *const m = v + v_size;
        std::fill_n(v, v_size, 0.0f);  // the last block may be smaller than the tiles of the products
        for (int64_t b = begin; b < end; b++)
            TL_DISPATCH(winograd_tiles, p, weights.get<float>(), b * block, std::min(block, tiles - b * block), block,
                        zeros.memory.get<float>(), v, m);
    });
    return enough_memory;
}

bool winograd_backward_weights(const Winograd& p) {
    const int64_t in = p.in_channels, out = p.out_channels, tiles = p.tiles();
    const int64_t in_room = (in + row_unit - 1) / row_unit * row_unit;
    const int64_t panels = out / TL_DISPATCH(winograd_panel_columns, );
    // Tiles are processed in chunks whose transforms fit in the last-level cache. Within a chunk threads share the
    // tiles, then the products, so that every sum is over the tiles in order, whatever the number of threads.
    const bool together = has_few_tiles(p);
    const int64_t chunk = together ? tiles : std::min(fitting(4 << 20, 36 * 4 * (in + out), 96, 1200), tiles);
    const Scratch sums(p.bias ? size_t(tiles * out) * sizeof(float) : 0);
    const Scratch products(together ? 0 : size_t(36 * winograd_step(in_room, out)) * sizeof(float));
    const int64_t v_size = 36 * winograd_step(chunk, in), g_size = 36 * winograd_step(chunk, out);
    const Scratch transforms(size_t(v_size + g_size) * sizeof(float));
    const Zeros zeros(p);
    if (!sums.get() || !products.get() || !transforms.get() || !zeros.memory.get()) return false;
    float *const v = transforms.get<float>(), *const g = v + v_size;
    float* const tile_sums = p.bias ? sums.get<float>() : nullptr;
    for (int64_t first = 0; first < tiles; first += chunk) {
        const int64_t count = std::min(chunk, tiles - first);
        parallel_for(count, 4, [&](int64_t begin, int64_t end) {
            TL_DISPATCH(winograd_gradients, p, first, begin, end, chunk, zeros.memory.get<float>(), v, g, tile_sums);
        });
        if (together) break;
        parallel_for(36 * panels, 1, [&](int64_t begin, int64_t end) {
            TL_DISPATCH(winograd_weight_products, p, begin, end, count, chunk, in_room, v, g, products.get<float>(),
                        first > 0);
        });
    }
    bool enough_memory = true;
    if (together) {
        constexpr int64_t block = 4 * row_unit;
        const int64_t blocks = (in + block - 1) / block;
        parallel_for(blocks * panels, 1, [&](int64_t begin, int64_t end) {
            const Scratch memory(size_t(36 * winograd_step(block, out / panels)) * sizeof(float));
            if (!memory.get()) __atomic_store_n(&enough_memory, false, __ATOMIC_RELAXED);
            else TL_DISPATCH(winograd_weight_blocks, p, begin, end, chunk, block, v, g, memory.get<float>());
        });
    } else {
        parallel_for(in, std::max<int64_t>(1, 1024 / out), [&](int64_t begin, int64_t end) {
            TL_DISPATCH(winograd_weight_results, p, begin, end, in_room, products.get<float>());
        });
    }
    if (p.bias) {
        std::fill_n(p.bias, out, 0.0f);
        for (int64_t tile = 0; tile < tiles; tile++)
            for (int64_t c = 0; c < out; c++) p.bias[c] += tile_sums[tile * out + c];
    }
    return enough_memory;
}

} // namespace tl
