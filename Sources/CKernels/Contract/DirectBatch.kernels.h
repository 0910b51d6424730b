namespace tl::TL_ISA {

// Small images: the lanes of a vector are images. Every pixel has a list of its taps inside the image, so that nothing
// is multiplied by padding, which is a third of the taps of a 4 x 4 image with a 3 x 3 kernel.

/// Interleaves images, [panel of images][size][direct_panel] from [images][size], for begin ..< end of the panels split
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
        transpose_block(4, from + first * size + start, size, out, direct_panel, stop - start, count);
    }
}

/// The inverse of batch_gather.
static void batch_scatter(int64_t images, int64_t size, int64_t pieces, int64_t begin, int64_t end, const float* from,
                          float* to) {
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t first = unit / pieces * direct_panel, start = size * (unit % pieces) / pieces;
        const int64_t stop = size * (unit % pieces + 1) / pieces;
        const int64_t count = images - first < direct_panel ? images - first : int64_t(direct_panel);
        transpose_block(4, from + first * size + start * direct_panel, direct_panel, to + first * size + start, size,
                        count, stop - start);
    }
}

/// c[rows][panel of images] (+)= sum over channels and the taps of a list of w[row][channel][tap] x[channel][pixel].
template <int rows>
static inline void batch_product(const float* w, int64_t w_row, int64_t w_step, int64_t channels, const BatchTap* entries,
                                 int64_t count, const float* x, int64_t x_step, float* c, int64_t c_row, bool add,
                                 const float* start) {
    DirectSums<rows> sums;
    if (add) sums.load(c, c_row);
    else sums.start(start);
    for (int64_t channel = 0; channel < channels; channel++, w += w_step, x += x_step)
        for (int64_t t = 0; t < count; t++) sums.add(w + entries[t].tap, w_row, x + entries[t].pixel * direct_panel);
    sums.store(c, c_row);
}

/// Results for one panel of images and the channels first ..< last.
static void batch_results(const Batch& p, int64_t panel, int64_t first, int64_t last) {
    const int64_t w_row = p.in_channels * p.taps, x_step = p.in_pixels * direct_panel, c_row = p.out_pixels * direct_panel;
    const float* const x = p.x + panel * p.in_channels * x_step;
    float* const y = p.y + panel * p.out_channels * c_row;
    // A block of x fits in the L2 cache together with the weights of a tile.
    int64_t block = (256 << 10) / (x_step * 4);
    block = block < 1 ? 1 : block > 128 ? 128 : block;
    for (int64_t c = 0; c < p.in_channels; c += block) {
        const int64_t channels = c + block < p.in_channels ? block : p.in_channels - c;
        for (int64_t o = first; o < last; o += direct_rows)
            with_direct_rows(last - o, [&]<int rows>() {
                for (int64_t pixel = 0; pixel < p.out_pixels; pixel++)
                    batch_product<rows>(p.w + o * w_row + c * p.taps, w_row, p.taps, channels, p.entries + p.starts[pixel],
                                        p.starts[pixel + 1] - p.starts[pixel], x + c * x_step, x_step,
                                        y + o * c_row + pixel * direct_panel, c_row, c > 0, p.bias ? p.bias + o : nullptr);
            });
    }
}

/// Interleaves channels, [panel of images][panel of channels][pixel][image][channel], each panel direct_panel wide,
/// from x [images][channels][pixels], for begin ..< end of all images in whole panels.
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
                transpose_block(4, from + (n * p.in_channels + c) * pixels, pixels, out, square, pixels, count);
        }
}

/// sums[rows][panel of channels] += sum over the pixels of a list and a panel of images of y[row] * x, for one kernel
/// element. A list element is a pixel of y (`tap`) and one of x (`pixel`).
template <int rows>
static inline void batch_weight_product(const float* y, int64_t y_row, const float* x, const BatchTap* entries,
                                        int64_t count, float* sums) {
    DirectSums<rows> total;
    total.load(sums, direct_panel);
    for (int64_t t = 0; t < count; t++) {
        const float* a = y + entries[t].tap * direct_panel;
        const float* b = x + entries[t].pixel * direct_panel * direct_panel;
        for (int n = 0; n < direct_panel; n++, a++, b += direct_panel) total.add(a, y_row, b);
    }
    total.store(sums, direct_panel);
}

/// Computes w for the units begin ..< end; sums is [unit][taps][rows][panel] of these units.
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
                                               p.x + (n * panels + panel) * x_panel, p.entries + p.starts[tap],
                                               p.starts[tap + 1] - p.starts[tap],
                                               sums + (unit - begin) * unit_size + tap * direct_rows * direct_panel);
            });
        }
    direct_put_weights(p.in_channels, p.out_channels, p.taps, begin, end, sums, w);
}

} // namespace tl::TL_ISA
