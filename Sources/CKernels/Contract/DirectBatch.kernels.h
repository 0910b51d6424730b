namespace tl::TL_ISA {

// Small images: the lanes of a vector are images. Every pixel has its own list of places that lie inside, so that nothing
// is multiplied by padding, which is a third of the places of a 4 x 4 image under a 3 x 3 kernel.

typedef float BatchFour __attribute__((vector_size(16)));
typedef float LooseBatchFour __attribute__((vector_size(16), aligned(4)));

/// to[j * to_row + i] = from[i * from_row + j] for `rows` rows of `columns`.
static inline void batch_transpose(const float* from, int64_t from_row, int64_t rows, int64_t columns, float* to,
                                   int64_t to_row) {
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        int64_t j = 0;
        for (; j + 4 <= columns; j += 4) {
            BatchFour r[4];
            for (int k = 0; k < 4; k++) r[k] = *reinterpret_cast<const LooseBatchFour*>(from + (i + k) * from_row + j);
            const BatchFour a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
            const BatchFour b = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
            const BatchFour c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
            const BatchFour d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
            float* const at = to + j * to_row + i;
            *reinterpret_cast<LooseBatchFour*>(at) = __builtin_shufflevector(a, c, 0, 1, 4, 5);
            *reinterpret_cast<LooseBatchFour*>(at + to_row) = __builtin_shufflevector(a, c, 2, 3, 6, 7);
            *reinterpret_cast<LooseBatchFour*>(at + 2 * to_row) = __builtin_shufflevector(b, d, 0, 1, 4, 5);
            *reinterpret_cast<LooseBatchFour*>(at + 3 * to_row) = __builtin_shufflevector(b, d, 2, 3, 6, 7);
        }
        for (; j < columns; j++)
            for (int k = 0; k < 4; k++) to[j * to_row + i + k] = from[(i + k) * from_row + j];
    }
    for (; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) to[j * to_row + i] = from[i * from_row + j];
}

/// Images side by side, [panel of images][size][direct_panel] from [images][size], for begin ..< end of the panels cut
/// into `pieces`; lanes without an image are zero.
static void batch_gather(int64_t images, int64_t size, int64_t pieces, int64_t begin, int64_t end, const float* from,
                         float* to) {
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t first = unit / pieces * direct_panel, start = size * (unit % pieces) / pieces;
        const int64_t stop = size * (unit % pieces + 1) / pieces;
        const int64_t count = images - first < direct_panel ? images - first : int64_t(direct_panel);
        float* const out = to + first * size + start * direct_panel;
        if (count < direct_panel)
            for (int64_t i = 0; i < (stop - start) * direct_panel; i++) out[i] = 0;
        batch_transpose(from + first * size + start, size, count, stop - start, out, direct_panel);
    }
}

/// The way back.
static void batch_scatter(int64_t images, int64_t size, int64_t pieces, int64_t begin, int64_t end, const float* from,
                          float* to) {
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t first = unit / pieces * direct_panel, start = size * (unit % pieces) / pieces;
        const int64_t stop = size * (unit % pieces + 1) / pieces;
        const int64_t count = images - first < direct_panel ? images - first : int64_t(direct_panel);
        batch_transpose(from + first * size + start * direct_panel, direct_panel, stop - start, count,
                        to + first * size + start, size);
    }
}

/// c[rows][panel of images] (+)= sum over channels and the places of a list of w[row][channel][tap] x[channel][pixel].
template <int rows>
static inline void batch_product(const float* w, int64_t w_row, int64_t w_step, int64_t channels, const BatchPlace* places,
                                 int64_t count, const float* x, int64_t x_step, float* c, int64_t c_row, bool add,
                                 const float* start) {
    DirectLanes sum[rows][2];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++)
            sum[i][j] = add ? direct_load(c + i * c_row + j * direct_lanes) : (start ? start[i] : 0.0f) - DirectLanes{};
    for (int64_t channel = 0; channel < channels; channel++, w += w_step, x += x_step)
        for (int64_t t = 0; t < count; t++) {
            const float* const a = w + places[t].tap;
            const float* const b = x + places[t].pixel * direct_panel;
            const DirectLanes b0 = direct_load(b), b1 = direct_load(b + direct_lanes);
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) {
                const DirectLanes factor = a[i * w_row] - DirectLanes{};
                sum[i][0] += factor * b0;
                sum[i][1] += factor * b1;
            }
        }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++) direct_store(c + i * c_row + j * direct_lanes, sum[i][j]);
}

/// Results for one panel of images and the channels first ..< last.
static void batch_results(const Batch& p, int64_t panel, int64_t first, int64_t last) {
    const int64_t w_row = p.in_channels * p.taps, x_step = p.in_pixels * direct_panel, c_row = p.out_pixels * direct_panel;
    const float* const x = p.x + panel * p.in_channels * x_step;
    float* const y = p.y + panel * p.out_channels * c_row;
    // A block of x stays in the second cache, beside a tile's weights.
    int64_t block = (256 << 10) / (x_step * 4);
    block = block < 1 ? 1 : block > 128 ? 128 : block;
    for (int64_t c = 0; c < p.in_channels; c += block) {
        const int64_t channels = c + block < p.in_channels ? block : p.in_channels - c;
        for (int64_t o = first; o < last; o += direct_rows)
            with_direct_rows(last - o, [&]<int rows>() {
                for (int64_t pixel = 0; pixel < p.out_pixels; pixel++)
                    batch_product<rows>(p.w + o * w_row + c * p.taps, w_row, p.taps, channels, p.places + p.starts[pixel],
                                        p.starts[pixel + 1] - p.starts[pixel], x + c * x_step, x_step,
                                        y + o * c_row + pixel * direct_panel, c_row, c > 0, p.bias ? p.bias + o : nullptr);
            });
    }
}

/// Channels side by side, [panel of images][panel of channels][pixel][image][channel], each panel direct_panel wide, from
/// x [images][channels][pixels], for begin ..< end of all images in whole panels.
static void batch_interleave(const Batch& p, int64_t begin, int64_t end, const float* from, float* to) {
    const int64_t pixels = p.in_pixels, panels = (p.in_channels + direct_panel - 1) / direct_panel;
    constexpr int64_t square = int64_t(direct_panel) * direct_panel;
    for (int64_t n = begin; n < end; n++)
        for (int64_t panel = 0; panel < panels; panel++) {
            const int64_t c = panel * direct_panel;
            const int64_t count = n >= p.images ? 0
                                  : p.in_channels - c < direct_panel ? p.in_channels - c : int64_t(direct_panel);
            float* const out =
                to + ((n / direct_panel * panels + panel) * pixels * direct_panel + n % direct_panel) * direct_panel;
            if (count < direct_panel)
                for (int64_t i = 0; i < pixels; i++)
                    for (int lane = 0; lane < direct_panel; lane++) out[i * square + lane] = 0;
            if (count > 0)
                batch_transpose(from + (n * p.in_channels + c) * pixels, pixels, count, pixels, out, square);
        }
}

/// sums[rows][panel of channels] += sum over the pixels of a list and a panel of images of y[row] * x, for one tap. A place
/// is a pixel of y (`tap`) and one of x (`pixel`).
template <int rows>
static inline void batch_weight_product(const float* y, int64_t y_row, const float* x, const BatchPlace* places,
                                        int64_t count, float* sums) {
    DirectLanes sum[rows][2];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++) sum[i][j] = direct_load(sums + i * direct_panel + j * direct_lanes);
    for (int64_t t = 0; t < count; t++) {
        const float* a = y + places[t].tap * direct_panel;
        const float* b = x + places[t].pixel * direct_panel * direct_panel;
        for (int n = 0; n < direct_panel; n++, a++, b += direct_panel) {
            const DirectLanes b0 = direct_load(b), b1 = direct_load(b + direct_lanes);
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) {
                const DirectLanes factor = a[i * y_row] - DirectLanes{};
                sum[i][0] += factor * b0;
                sum[i][1] += factor * b1;
            }
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++) direct_store(sums + i * direct_panel + j * direct_lanes, sum[i][j]);
}

/// w for the units begin ..< end, each a panel of in-channels and a tile of out-channels; sums is [taps][rows][panel] for
/// each of them.
static void batch_weights(const Batch& p, int64_t begin, int64_t end, float* w, float* sums) {
    const int64_t tiles = (p.out_channels + direct_rows - 1) / direct_rows;
    const int64_t panels = (p.in_channels + direct_panel - 1) / direct_panel;
    const int64_t y_row = p.out_pixels * direct_panel, x_panel = p.in_pixels * direct_panel * direct_panel;
    const int64_t unit_size = p.taps * direct_rows * direct_panel;
    for (int64_t i = 0; i < (end - begin) * unit_size; i++) sums[i] = 0;
    for (int64_t n = 0; n * direct_panel < p.images; n++)
        for (int64_t unit = begin; unit < end; unit++) {
            const int64_t panel = unit / tiles, o = unit % tiles * direct_rows;
            with_direct_rows(p.out_channels - o, [&]<int rows>() {
                for (int64_t tap = 0; tap < p.taps; tap++)
                    batch_weight_product<rows>(p.y + (n * p.out_channels + o) * y_row, y_row,
                                               p.x + (n * panels + panel) * x_panel, p.places + p.starts[tap],
                                               p.starts[tap + 1] - p.starts[tap],
                                               sums + (unit - begin) * unit_size + tap * direct_rows * direct_panel);
            });
        }
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t c = unit / tiles * direct_panel, o = unit % tiles * direct_rows;
        const float* from = sums + (unit - begin) * unit_size;
        for (int64_t i = o; i < p.out_channels && i < o + direct_rows; i++)
            for (int64_t j = c; j < p.in_channels && j < c + direct_panel; j++)
                for (int64_t tap = 0; tap < p.taps; tap++)
                    w[(i * p.in_channels + j) * p.taps + tap] = from[(tap * direct_rows + i - o) * direct_panel + j - c];
    }
}

} // namespace tl::TL_ISA
