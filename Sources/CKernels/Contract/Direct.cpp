#include "Contract/Direct.h"
#include "Support/Convert.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <algorithm>

// The rows of the register tile, which is two vectors wide: its sums, a row of b and an element of a fit in the
// registers.
#define TL_DIRECT_ROWS_avx2 6
#define TL_DIRECT_ROWS_avx512 12
#define TL_DIRECT_ROWS_baseline 4
#define TL_DIRECT_PASTE(prefix, name) prefix##name
#define TL_DIRECT_EXPAND(prefix, name) TL_DIRECT_PASTE(prefix, name)
#define TL_DIRECT_OF(prefix) TL_DIRECT_EXPAND(prefix, TL_ISA)

namespace tl {

/// A kernel element (tap) of a result: the index of the pixel of x (or of the source), and that of the weight; for the
/// gradient of the weights, the index of the pixel of y.
struct BatchTap {
    int64_t pixel, tap;
};

/// A convolution, forward or backward, on images in panels: [panel][channel][pixel][image].
struct Batch {
    int64_t images, in_channels, in_pixels, out_channels, out_pixels, taps;
    const float *x, *w, *bias;  // w [out][in][taps]
    float* y;
    const BatchTap* entries;
    const int64_t* starts;  // of the list of each result
};

} // namespace tl

#define TL_KERNEL_BODY "Contract/Direct.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

namespace {

constexpr int64_t group = baseline::direct_group;
constexpr int64_t block_bytes = 320 << 10;  // of unfolded windows, which fit in the L2 cache

/// A zero-padded copy of x; empty if the allocation failed.
struct Padded {
    const Scratch memory;
    explicit Padded(const Direct& p)
        : memory(size_t(p.images * p.in_channels * p.padded_plane()) * sizeof(float)) {
        if (!memory.get()) return;
        parallel_for(p.images * p.in_channels, std::max<int64_t>(1, 16384 / p.padded_plane()),
                     [&](int64_t begin, int64_t end) { TL_DISPATCH(direct_pad, p, begin, end, memory.get<float>()); });
    }
};

/// Lists of taps by pixel of y, by pixel of x, or by kernel element.
class TapLists {
  public:
    enum By { result, source, tap };
    TapLists(const Direct& p, By by)
        : lists(by == tap ? p.taps() : by == result ? p.pixels() : p.in_height * p.in_width),
          memory(size_t(p.pixels() * p.taps()) * sizeof(BatchTap) + size_t(lists + 1) * sizeof(int64_t)) {
        if (!memory.get()) return;
        BatchTap* next = const_cast<BatchTap*>(entries());
        int64_t* const starts = reinterpret_cast<int64_t*>(next + p.pixels() * p.taps());
        for (int64_t list = 0; list < lists; list++) {
            starts[list] = next - entries();
            for (int64_t i = 0; i < (by == tap ? p.pixels() : p.taps()); i++) {
                const int64_t number = by == tap ? list : i;
                const int64_t row = number / p.kernel_width * p.dilation[0] - p.padding[0];
                const int64_t column = number % p.kernel_width * p.dilation[1] - p.padding[1];
                if (by == source) {
                    const int64_t y = list / p.in_width - row, x = list % p.in_width - column;
                    if (y < 0 || x < 0 || y % p.stride[0] || x % p.stride[1]) continue;
                    if (y / p.stride[0] >= p.out_height || x / p.stride[1] >= p.out_width) continue;
                    *next++ = {y / p.stride[0] * p.out_width + x / p.stride[1], number};
                    continue;
                }
                const int64_t pixel = by == tap ? i : list;
                const int64_t y = pixel / p.out_width * p.stride[0] + row, x = pixel % p.out_width * p.stride[1] + column;
                if (y < 0 || x < 0 || y >= p.in_height || x >= p.in_width) continue;
                *next++ = {y * p.in_width + x, by == tap ? pixel : number};
            }
        }
        starts[lists] = next - entries();
        count = p.pixels() * p.taps();
    }
    const BatchTap* entries() const { return memory.get<BatchTap>(); }
    const int64_t* starts() const { return reinterpret_cast<const int64_t*>(entries() + count); }

  private:
    const int64_t lists;
    int64_t count = 0;
    const Scratch memory;
};

constexpr int64_t pieces = 8;  // of a panel of images, which threads share when they copy it

/// Images in panels, with neighbouring images in a vector.
struct Panels {
    const int64_t columns, images, size, panels;
    const Scratch memory;
    Panels(int64_t images, int64_t size)
        : columns(TL_DISPATCH(direct_panel_columns, )), images(images), size(size), panels((images + columns - 1) / columns),
          memory(size_t(panels * columns * size) * sizeof(float)) {}
    void gather(const float* from) const {
        parallel_for(panels * pieces, 1, [&](int64_t begin, int64_t end) {
            TL_DISPATCH(batch_gather, images, size, pieces, begin, end, from, memory.get<float>());
        });
    }
    void scatter(float* to) const {
        parallel_for(panels * pieces, 1, [&](int64_t begin, int64_t end) {
            TL_DISPATCH(batch_scatter, images, size, pieces, begin, end, memory.get<float>(), to);
        });
    }
};

/// y from x with images in panels; w is [out][in][taps].
bool run_batch(Batch p, const float* from, float* to) {
    const Panels x(p.images, p.in_channels * p.in_pixels), y(p.images, p.out_channels * p.out_pixels);
    if (!x.memory.get() || !y.memory.get()) return false;
    x.gather(from);
    p.x = x.memory.get<float>(), p.y = y.memory.get<float>();
    const int64_t rows = TL_DISPATCH(direct_tile_rows, ), tiles = (p.out_channels + rows - 1) / rows;
    parallel_for(x.panels * tiles, 1, [&](int64_t begin, int64_t end) {
        while (begin < end) {
            const int64_t panel = begin / tiles, stop = std::min(end, (panel + 1) * tiles);
            TL_DISPATCH(batch_results, p, panel, begin % tiles * rows,
                        std::min((stop - panel * tiles) * rows, p.out_channels));
            begin = stop;
        }
    });
    y.scatter(to);
    return true;
}

bool batch_forward(const Direct& p) {
    const TapLists lists(p, TapLists::result);
    if (!lists.entries()) return false;
    return run_batch({p.images, p.in_channels, p.in_height * p.in_width, p.out_channels, p.pixels(), p.taps(), nullptr, p.w,
                      p.bias, nullptr, lists.entries(), lists.starts()},
                     p.x, p.y);
}

/// w with exchanged channels.
void exchange_channels(const Direct& p, bool turned, float* w) {
    const int64_t taps = p.taps();
    parallel_for(p.in_channels, std::max<int64_t>(1, 16384 / (p.out_channels * taps)), [&](int64_t begin, int64_t end) {
        for (int64_t o = 0; o < p.out_channels; o++)
            for (int64_t c = begin; c < end; c++)
                for (int64_t tap = 0; tap < taps; tap++)
                    w[(c * p.out_channels + o) * taps + tap] =
                        p.w[(o * p.in_channels + c) * taps + (turned ? taps - 1 - tap : tap)];
    });
}

bool batch_backward_data(const Direct& p) {
    const TapLists lists(p, TapLists::source);
    const Scratch exchanged(size_t(p.out_channels * p.depth()) * sizeof(float));
    if (!lists.entries() || !exchanged.get()) return false;
    exchange_channels(p, false, exchanged.get<float>());
    return run_batch({p.images, p.out_channels, p.pixels(), p.in_channels, p.in_height * p.in_width, p.taps(), nullptr,
                      exchanged.get<float>(), nullptr, nullptr, lists.entries(), lists.starts()},
                     p.y, p.x);
}

bool batch_backward_weights(const Direct& p) {
    const int64_t columns = TL_DISPATCH(direct_panel_columns, ), rows = TL_DISPATCH(direct_tile_rows, );
    const int64_t panels = (p.in_channels + columns - 1) / columns, tiles = (p.out_channels + rows - 1) / rows;
    const int64_t image_panels = (p.images + columns - 1) / columns, in_pixels = p.in_height * p.in_width;
    const TapLists lists(p, TapLists::tap);
    const Panels y(p.images, p.out_channels * p.pixels());
    const Scratch x(size_t(image_panels * columns * panels * columns * in_pixels) * sizeof(float));
    const Scratch sums(size_t(panels * columns * tiles * rows * p.taps()) * sizeof(float));
    if (!lists.entries() || !y.memory.get() || !x.get() || !sums.get()) return false;
    y.gather(p.y);
    const Batch batch{p.images, p.in_channels, in_pixels, p.out_channels, p.pixels(), p.taps(), x.get<float>(), nullptr,
                      nullptr, y.memory.get<float>(), lists.entries(), lists.starts()};
    parallel_for(image_panels * columns, 1, [&](int64_t begin, int64_t end) {
        TL_DISPATCH(batch_interleave, batch, begin, end, p.x, x.get<float>());
    });
    parallel_for(panels * tiles, 1, [&](int64_t begin, int64_t end) {
        TL_DISPATCH(batch_weights, batch, begin, end, p.w, sums.get<float>() + begin * p.taps() * rows * columns);
    });
    return true;
}

void sum_bias(const Direct& p) {
    parallel_for(p.out_channels, std::max<int64_t>(1, 65536 / (p.images * p.pixels())), [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; o++) {
            double total = 0;
            for (int64_t n = 0; n < p.images; n++) {
                const float* y = p.y + (n * p.out_channels + o) * p.pixels();
                float lanes[16] = {};
                for (int64_t i = 0; i < p.pixels(); i++) lanes[i % 16] += y[i];
                for (const float lane : lanes) total += double(lane);
            }
            p.bias[o] = float(total);
        }
    });
}

} // namespace

bool direct_forward(const Direct& p) {
    if (p.lanes_are_images()) return batch_forward(p);
    const Padded padded(p);
    if (!padded.memory.get()) return false;
    const int64_t columns = TL_DISPATCH(direct_panel_columns, ), rows = TL_DISPATCH(direct_tile_rows, );
    const int64_t panels = p.images * ((p.pixels() + columns - 1) / columns), tiles = (p.out_channels + rows - 1) / rows;
    const int64_t together = std::min(group, panels), window_bytes = together * columns * p.taps() * 4;
    const int64_t channels = std::clamp<int64_t>(block_bytes / window_bytes, 1, p.in_channels);
    bool enough_memory = true;
    const auto run = [&](int64_t begin, int64_t end, int64_t first, int64_t last) {
        const Scratch windows(size_t(channels * window_bytes));
        if (!windows.get()) __atomic_store_n(&enough_memory, false, __ATOMIC_RELAXED);
        else
            TL_DISPATCH(direct_panels, p, padded.memory.get<float>(), begin, end, first, last, channels,
                        windows.get<float>());
    };
    // For few results, threads share the channels, so that each reads only its part of the weights.
    if (panels < 8 * group)
        parallel_for(tiles, std::max<int64_t>(1, 65536 / (panels * rows * p.depth())), [&](int64_t begin, int64_t end) {
            run(0, panels, begin * rows, std::min(end * rows, p.out_channels));
        });
    else
        parallel_for((panels + group - 1) / group, 1, [&](int64_t begin, int64_t end) {
            run(begin * group, std::min(end * group, panels), 0, p.out_channels);
        });
    return enough_memory;
}

bool direct_backward_data(const Direct& p) {
    if (p.lanes_are_images()) return batch_backward_data(p);
    // The convolution of the gradient of y with the rotated kernels and exchanged channels.
    const Scratch turned(size_t(p.out_channels * p.depth()) * sizeof(float));
    if (!turned.get()) return false;
    exchange_channels(p, true, turned.get<float>());
    Direct data = p;
    data.in_channels = p.out_channels, data.in_height = p.out_height, data.in_width = p.out_width;
    data.out_channels = p.in_channels, data.out_height = p.in_height, data.out_width = p.in_width;
    data.padding[0] = (p.kernel_height - 1) * p.dilation[0] - p.padding[0];
    data.padding[1] = (p.kernel_width - 1) * p.dilation[1] - p.padding[1];
    data.x = p.y, data.y = p.x, data.w = turned.get<float>(), data.bias = nullptr;
    return direct_forward(data);
}

bool direct_backward_weights(const Direct& p) {
    if (p.bias) sum_bias(p);
    if (p.lanes_are_images()) return batch_backward_weights(p);
    const int64_t columns = TL_DISPATCH(direct_panel_columns, ), rows = TL_DISPATCH(direct_tile_rows, );
    const int64_t panels = (p.in_channels + columns - 1) / columns, tiles = (p.out_channels + rows - 1) / rows;
    const Scratch side(size_t(p.images * panels * columns * p.padded_plane()) * sizeof(float));
    const Scratch sums(size_t(panels * columns * tiles * rows * p.taps()) * sizeof(float));
    if (!side.get() || !sums.get()) return false;
    {
        const Padded padded(p);
        if (!padded.memory.get()) return false;
        parallel_for(p.images * panels, std::max<int64_t>(1, 16384 / (p.padded_plane() * columns)),
                     [&](int64_t begin, int64_t end) {
                         TL_DISPATCH(direct_interleave, p, begin, end, padded.memory.get<float>(), side.get<float>());
                     });
    }
    // Each sum is over images and pixels in order on one thread; small images are processed together.
    const int64_t image_block = std::clamp<int64_t>(1024 / p.pixels(), 1, 16);
    parallel_for(panels * tiles, 1, [&](int64_t begin, int64_t end) {
        TL_DISPATCH(direct_weights, p, begin, end, side.get<float>(), image_block,
                    sums.get<float>() + begin * p.taps() * rows * columns);
    });
    return true;
}

} // namespace tl
