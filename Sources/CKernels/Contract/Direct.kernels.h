#include "Contract/PairSums.kernels.h"

namespace tl::TL_ISA {

constexpr int direct_lanes = TL_VECTOR_BYTES / 4;
constexpr int direct_rows = TL_DIRECT_OF(TL_DIRECT_ROWS_);
constexpr int direct_panel = 2 * direct_lanes;  // columns of a register tile
constexpr int direct_group = 4;  // panels for which the weights are loaded once
template <int rows>
using DirectSums = PairSums<rows, direct_lanes>;

/// Copies the channels begin ..< end of images * in_channels of x with zero padding, [channel][padded_plane].
static void direct_pad(const Direct& p, int64_t begin, int64_t end, float* padded) {
    const int64_t stride = p.stride[1], phase_width = p.phase_width(), width = p.padded_width();
    for (int64_t plane = begin; plane < end; plane++)
        for (int64_t i = 0; i < p.padded_height(); i++) {
            float* to = padded + (plane * p.padded_height() + i) * width;
            const int64_t row = i - p.padding[0];
            for (int64_t j = 0; j < width; j++) to[j] = 0;
            if (row < 0 || row >= p.in_height) continue;
            const float* from = p.x + (plane * p.in_height + row) * p.in_width;
            for (int64_t phase = 0; phase < stride; phase++, to += phase_width) {
                // Column j of the phase is column j * stride + phase - padding of x.
                const int64_t shift = phase - p.padding[1];
                const int64_t first = shift < 0 ? (stride - 1 - shift) / stride : 0;
                int64_t last = shift < p.in_width ? (p.in_width - 1 - shift) / stride + 1 : 0;
                if (last > phase_width) last = phase_width;
                if (stride == 1)
                    for (int64_t j = first; j < last; j++) to[j] = from[j + shift];
                else
                    for (int64_t j = first; j < last; j++) to[j] = from[j * stride + shift];
            }
        }
}

/// Unfolds one panel of windows of an image, b[channel][tap][panel], for the channels begin ..< end. `run` results are
/// horizontal neighbours.
template <int run>
static void direct_unfold_runs(const Direct& p, const float* image, int64_t panel, int64_t begin, int64_t end, float* b) {
    constexpr int runs = direct_panel / run;
    int64_t starts[runs];
    for (int i = 0; i < runs; i++) {
        // Lanes after the last result repeat it.
        const int64_t pixel = panel * direct_panel + i * run;
        const int64_t position = pixel < p.pixels() ? pixel : p.pixels() - run;
        starts[i] = position / p.out_width * p.row_step() + position % p.out_width;
    }
    for (int64_t c = begin; c < end; c++)
        for (int64_t row = 0; row < p.kernel_height; row++)
            for (int64_t column = 0; column < p.kernel_width; column++, b += direct_panel) {
                const float* from = image + c * p.padded_plane() + p.tap_offset(row, column);
#pragma clang loop unroll(full)
                for (int i = 0; i < runs; i++) __builtin_memcpy(b + i * run, from + starts[i], run * sizeof(float));
            }
}

static void direct_unfold(const Direct& p, const float* image, int64_t panel, int64_t begin, int64_t end, float* b) {
    if (p.out_width % 8 == 0) direct_unfold_runs<8>(p, image, panel, begin, end, b);
    else if (p.out_width % 4 == 0) direct_unfold_runs<4>(p, image, panel, begin, end, b);
    else direct_unfold_runs<1>(p, image, panel, begin, end, b);
}

/// c[rows][panel] = start[row], or c, + sum over k of a[row * a_row + k] * b[k][panel]
template <int rows>
static inline void direct_product(const float* a, int64_t a_row, const float* b, int64_t depth, float* c, int64_t c_row,
                                  bool add, const float* start) {
    DirectSums<rows> sums;
    if (add) sums.load(c, c_row);
    else sums.start(start);
    for (int64_t k = 0; k < depth; k++, a++, b += direct_panel) sums.add(a, a_row, b);
    sums.store(c, c_row);
}

/// Calls body with the number of rows, at most direct_rows, as a compile-time constant.
template <int rows = direct_rows, class Body>
static inline void with_direct_rows(int64_t count, Body&& body) {
    if constexpr (rows > 1) {
        if (count < rows) return with_direct_rows<rows - 1>(count, body);
    }
    body.template operator()<rows>();
}

/// Computes y for the panels begin ..< end of all images and the channels first ..< last, from the padded x.
static void direct_panels(const Direct& p, const float* padded, int64_t begin, int64_t end, int64_t first, int64_t last,
                          int64_t channel_block, float* b) {
    const int64_t pixels = p.pixels(), panels = (pixels + direct_panel - 1) / direct_panel;
    const int64_t depth = p.depth(), b_step = channel_block * p.taps() * direct_panel;
    for (int64_t group = begin; group < end; group += direct_group) {
        const int64_t stop = group + direct_group < end ? group + direct_group : end;
        for (int64_t c = 0; c < p.in_channels; c += channel_block) {
            const int64_t c_end = c + channel_block < p.in_channels ? c + channel_block : p.in_channels;
            for (int64_t i = group; i < stop; i++)
                direct_unfold(p, padded + i / panels * p.in_channels * p.padded_plane(), i % panels, c, c_end,
                              b + (i - group) * b_step);
            for (int64_t o = first; o < last; o += direct_rows)
                with_direct_rows(last - o, [&]<int rows>() {
                    const float* const start = p.bias ? p.bias + o : nullptr;
                    for (int64_t i = group; i < stop; i++) {
                        const int64_t pixel = i % panels * direct_panel;
                        const int64_t room = pixels - pixel < direct_panel ? pixels - pixel : int64_t(direct_panel);
                        float* const y = p.y + (i / panels * p.out_channels + o) * pixels + pixel;
                        const auto multiply = [&](float* to, int64_t to_row) {
                            direct_product<rows>(p.w + o * depth + c * p.taps(), depth, b + (i - group) * b_step,
                                                 (c_end - c) * p.taps(), to, to_row, c > 0, start);
                        };
                        if (room == direct_panel) {
                            multiply(y, pixels);
                            continue;
                        }
                        float tile[rows][direct_panel] = {};
                        for (int r = 0; r < rows; r++)
                            for (int64_t s = 0; s < room; s++) tile[r][s] = c > 0 ? y[r * pixels + s] : 0;
                        multiply(tile[0], direct_panel);
                        for (int r = 0; r < rows; r++)
                            for (int64_t s = 0; s < room; s++) y[r * pixels + s] = tile[r][s];
                    }
                });
        }
    }
}

/// Interleaves direct_panel channels of the padded x, for the images begin ..< end: [image][panel of
/// channels][padded_plane][direct_panel].
static void direct_interleave(const Direct& p, int64_t begin, int64_t end, const float* padded, float* side) {
    const int64_t panels = (p.in_channels + direct_panel - 1) / direct_panel, plane = p.padded_plane();
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t n = unit / panels, c = unit % panels * direct_panel;
        const int64_t room = p.in_channels - c < direct_panel ? p.in_channels - c : int64_t(direct_panel);
        const float* from = padded + (n * p.in_channels + c) * plane;
        float* to = side + unit * plane * direct_panel;
        for (int64_t i = 0; i < plane; i++)
            for (int64_t lane = 0; lane < direct_panel; lane++)
                to[i * direct_panel + lane] = lane < room ? from[lane * plane + i] : 0;
    }
}

/// sums[rows][panel] += sum over images and pixels of y[row] * x, for one kernel element and a panel of channels.
template <int rows>
static inline void direct_weight_product(const Direct& p, int64_t images, const float* y, const float* x, int64_t x_image,
                                         float* sums) {
    DirectSums<rows> total;
    total.load(sums, direct_panel);
    const int64_t pixels = p.pixels(), width = p.out_width, row_step = p.row_step() * direct_panel;
    for (int64_t n = 0; n < images; n++) {
        const float* a = y + n * p.out_channels * pixels;
        for (int64_t row = 0; row < p.out_height; row++) {
            const float* b = x + n * x_image + row * row_step;
            for (int64_t k = 0; k < width; k++, a++, b += direct_panel) total.add(a, pixels, b);
        }
    }
    total.store(sums, direct_panel);
}

/// Writes w [out][in][taps] for the units begin ..< end, each a panel of input channels and a tile of output channels,
/// from their sums [unit][taps][rows][panel].
static void direct_put_weights(int64_t in_channels, int64_t out_channels, int64_t taps, int64_t begin, int64_t end,
                               const float* sums, float* w) {
    const int64_t tiles = (out_channels + direct_rows - 1) / direct_rows;
    for (int64_t unit = begin; unit < end; unit++, sums += taps * direct_rows * direct_panel) {
        const int64_t c = unit / tiles * direct_panel, o = unit % tiles * direct_rows;
        for (int64_t i = o; i < out_channels && i < o + direct_rows; i++)
            for (int64_t j = c; j < in_channels && j < c + direct_panel; j++)
                for (int64_t tap = 0; tap < taps; tap++)
                    w[(i * in_channels + j) * taps + tap] = sums[(tap * direct_rows + i - o) * direct_panel + j - c];
    }
}

/// Computes w for the units begin ..< end; sums is [unit][taps][rows][panel] of these units.
static void direct_weights(const Direct& p, int64_t begin, int64_t end, const float* side, int64_t image_block,
                           float* sums) {
    const int64_t tiles = (p.out_channels + direct_rows - 1) / direct_rows, taps = p.taps(), pixels = p.pixels();
    const int64_t panels = (p.in_channels + direct_panel - 1) / direct_panel, x_panel = p.padded_plane() * direct_panel;
    const int64_t unit_size = taps * direct_rows * direct_panel;
    for (int64_t i = 0; i < (end - begin) * unit_size; i++) sums[i] = 0;
    for (int64_t n = 0; n < p.images; n += image_block) {
        const int64_t count = n + image_block < p.images ? image_block : p.images - n;
        for (int64_t unit = begin; unit < end; unit++) {
            const int64_t panel = unit / tiles, o = unit % tiles * direct_rows;
            with_direct_rows(p.out_channels - o, [&]<int rows>() {
                for (int64_t tap = 0; tap < taps; tap++)
                    direct_weight_product<rows>(
                        p, count, p.y + (n * p.out_channels + o) * pixels,
                        side + (n * panels + panel) * x_panel +
                            p.tap_offset(tap / p.kernel_width, tap % p.kernel_width) * direct_panel,
                        panels * x_panel, sums + (unit - begin) * unit_size + tap * direct_rows * direct_panel);
            });
        }
    }
    direct_put_weights(p.in_channels, p.out_channels, taps, begin, end, sums, p.w);
}

static int64_t direct_panel_columns() { return direct_panel; }
static int64_t direct_tile_rows() { return direct_rows; }

} // namespace tl::TL_ISA

#include "Contract/DirectBatch.kernels.h"
