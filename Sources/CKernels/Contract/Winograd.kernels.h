#include "Contract/PairSums.kernels.h"

namespace tl::TL_ISA {

constexpr int winograd_lanes = TL_VECTOR_BYTES / 4;
constexpr int winograd_rows = TL_WINOGRAD_OF(TL_WINOGRAD_ROWS_);
constexpr int winograd_panel = 2 * winograd_lanes;  // columns of a register tile of the products
typedef float Lanes __attribute__((vector_size(winograd_lanes * 4)));
typedef float LooseLanes __attribute__((vector_size(winograd_lanes * 4), aligned(4)));

/// B' d
static inline void transform_input(const Lanes* d, int step, Lanes* t, int to) {
    const Lanes d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    t[0] = 4 * d[0] - 5 * d2 + d4;
    const Lanes a = d4 - 4 * d2, b = d3 - 4 * d1, c = d4 - d2, e = 2 * (d3 - d1);
    t[to] = a + b;
    t[2 * to] = a - b;
    t[3 * to] = c + e;
    t[4 * to] = c - e;
    t[5 * to] = 4 * d1 - 5 * d3 + d[5 * step];
}

/// A' m
static inline void transform_output(const Lanes* m, int step, Lanes* y, int to) {
    const Lanes a = m[step] + m[2 * step], b = m[step] - m[2 * step];
    const Lanes c = m[3 * step] + m[4 * step], d = m[3 * step] - m[4 * step];
    y[0] = m[0] + a + c;
    y[to] = b + 2 * d;
    y[2 * to] = a + 4 * c;
    y[3 * to] = b + 8 * d + m[5 * step];
}

/// A y
static inline void transform_gradient(const Lanes* y, int step, Lanes* t, int to) {
    const Lanes y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
    const Lanes a = y[0] + y2, b = y1 + y3, c = y[0] + 4 * y2, d = 2 * y1 + 8 * y3;
    t[0] = y[0];
    t[to] = a + b;
    t[2 * to] = a - b;
    t[3 * to] = c + d;
    t[4 * to] = c - d;
    t[5 * to] = y3;
}

/// G w
static inline void transform_weight(const Lanes* w, int step, Lanes* t, int to) {
    const Lanes w1 = w[step], w2 = w[2 * step];
    const Lanes a = (w[0] + w2) * (-1.0f / 6), b = w1 * (1.0f / 6), c = w[0] * (1.0f / 24) + w2 * (1.0f / 6), d = w1 * (1.0f / 12);
    t[0] = w[0] * 0.25f;
    t[to] = a - b;
    t[2 * to] = a + b;
    t[3 * to] = c + d;
    t[4 * to] = c - d;
    t[5 * to] = w2;
}

/// G' u
static inline void transform_weight_gradient(const Lanes* u, int step, Lanes* w, int to) {
    const Lanes a = u[step] + u[2 * step], b = u[2 * step] - u[step];
    const Lanes c = u[3 * step] + u[4 * step], d = u[3 * step] - u[4 * step];
    w[0] = u[0] * 0.25f - a * (1.0f / 6) + c * (1.0f / 24);
    w[to] = b * (1.0f / 6) + d * (1.0f / 12);
    w[2 * to] = (c - a) * (1.0f / 6) + u[5 * step];
}

typedef float Four __attribute__((vector_size(16)));
typedef float LooseFour __attribute__((vector_size(16), aligned(4)));

/// v[i + by], zero outside.
static inline Four shift_four(Four v, int64_t by) {
    const Four zero = {};
    switch (by) {
    case -3: return __builtin_shufflevector(v, zero, 4, 4, 4, 0);
    case -2: return __builtin_shufflevector(v, zero, 4, 4, 0, 1);
    case -1: return __builtin_shufflevector(v, zero, 4, 0, 1, 2);
    case 0: return v;
    case 1: return __builtin_shufflevector(v, zero, 1, 2, 3, 4);
    case 2: return __builtin_shufflevector(v, zero, 2, 3, 4, 4);
    case 3: return __builtin_shufflevector(v, zero, 3, 4, 4, 4);
    default: return zero;
    }
}

/// Loads a vector of groups of four elements, `step` floats apart.
static inline Lanes load_fours(const float* from, int64_t step, int64_t shift) {
    Lanes value;
    for (int i = 0; i < winograd_lanes; i += 4) {
        Four four = *reinterpret_cast<const LooseFour*>(from + i * step);
        if (shift) four = shift_four(four, shift);
        __builtin_memcpy(reinterpret_cast<float*>(&value) + i, &four, sizeof four);
    }
    return value;
}

template <class, int... i>
struct Indices {};
using AllLanes = __make_integer_seq<Indices, int, winograd_lanes>;

/// Transposes blocks of four by four in place: r[i] contains row i of each block.
template <int... i>
static inline __attribute__((always_inline)) void transpose_fours(Lanes* r, Indices<int, i...>) {
    constexpr int n = winograd_lanes;
    const Lanes a = __builtin_shufflevector(r[0], r[1], (i / 4 * 4 + i % 4 / 2 + i % 2 * n)...);
    const Lanes b = __builtin_shufflevector(r[0], r[1], (i / 4 * 4 + 2 + i % 4 / 2 + i % 2 * n)...);
    const Lanes c = __builtin_shufflevector(r[2], r[3], (i / 4 * 4 + i % 4 / 2 + i % 2 * n)...);
    const Lanes d = __builtin_shufflevector(r[2], r[3], (i / 4 * 4 + 2 + i % 4 / 2 + i % 2 * n)...);
    r[0] = __builtin_shufflevector(a, c, (i / 4 * 4 + i % 2 + i % 4 / 2 * n)...);
    r[1] = __builtin_shufflevector(a, c, (i / 4 * 4 + 2 + i % 2 + i % 4 / 2 * n)...);
    r[2] = __builtin_shufflevector(b, d, (i / 4 * 4 + i % 2 + i % 4 / 2 * n)...);
    r[3] = __builtin_shufflevector(b, d, (i / 4 * 4 + 2 + i % 2 + i % 4 / 2 * n)...);
}

/// A square of pixels for all channels, zero outside the image: size is 6 for x and 4 for y.
template <int size>
struct TilePixels {
    const float* data;
    int64_t top, left, height, width, channels;
    bool last, inside;
    const float* at[size * size];  // of channels-last pixels

    TilePixels(const float* values, bool last, int64_t image, int64_t top, int64_t left, int64_t height, int64_t width,
               int64_t channels, const float* zeros)
        : data(values + image * height * width * channels), top(top), left(left), height(height), width(width),
          channels(channels), last(last),
          inside(top >= 0 && left >= 0 && top + size <= height && left + size <= width) {
        if (!last) return;
        for (int r = 0; r < size; r++)
            for (int s = 0; s < size; s++)
                at[r * size + s] = contains(r, s) ? data + ((top + r) * width + left + s) * channels : zeros;
    }

    bool contains(int r, int s) const {
        return top + r >= 0 && top + r < height && left + s >= 0 && left + s < width;
    }

    /// Loads the pixels of neighbouring channels from c.
    void load(int64_t c, Lanes* d) const {
        if (last) {
            for (int i = 0; i < size * size; i++) d[i] = *reinterpret_cast<const LooseLanes*>(at[i] + c);
            return;
        }
        float* const out = reinterpret_cast<float*>(d);
        const float* plane = data + c * height * width + top * width + left;
        if (!inside && width < 4) {
            const auto clip = [](int64_t value) { return int(value < 0 ? 0 : value > size ? size : value); };
            const int first_row = clip(-top), last_row = clip(height - top);
            const int first_column = clip(-left), last_column = clip(width - left);
            for (int i = 0; i < size * size; i++) d[i] = Lanes{};
            for (int lane = 0; lane < winograd_lanes; lane++, plane += height * width)
                for (int r = first_row; r < last_row; r++)
                    for (int s = first_column; s < last_column; s++)
                        out[(r * size + s) * winograd_lanes + lane] = plane[r * width + s];
            return;
        }
        // Blocks of four by four; in rows of six the second block overlaps the first. At the edge of the image, a block
        // is loaded from the nearest inside position and shifted, with zeros.
        int64_t shift[2] = {0, 0};
        if (!inside)
            for (int i = 0; i < 2; i++) {
                const int64_t wanted = left + 2 * i;
                shift[i] = wanted < 0 ? wanted : wanted > width - 4 ? wanted - (width - 4) : 0;
            }
        for (int r = 0; r < size; r++) {
            if (top + r < 0 || top + r >= height) {
                for (int s = 0; s < size; s++) d[r * size + s] = Lanes{};
                continue;
            }
            for (int s = 0; s <= size - 4; s += 2) {
                // Vector i contains the pixels of the channels i, i + 4, ...
                Lanes block[4];
                for (int i = 0; i < 4; i++)
                    block[i] = load_fours(plane + i * height * width + r * width + s - shift[s / 2], height * width,
                                          shift[s / 2]);
                transpose_fours(block, AllLanes());
                for (int i = s ? 2 : 0; i < 4; i++) d[r * size + s + i] = block[i];
            }
        }
    }
};

/// The position of a tile: its image and the first row and column of its results.
struct TileOrigin {
    int64_t image, row, column;
    TileOrigin(const Winograd& p, int64_t tile) {
        column = tile % p.tile_columns() * 4;
        tile /= p.tile_columns();
        row = tile % p.tile_rows() * 4;
        image = tile / p.tile_rows();
    }
};

/// Computes v[36][capacity][channels] for the tiles begin ..< begin + count.
static void winograd_input(const Winograd& p, int64_t begin, int64_t count, int64_t capacity, const float* zeros, float* v) {
    const int64_t channels = p.in_channels, step = winograd_step(capacity, channels);
    for (int64_t t = 0; t < count; t++) {
        const TileOrigin origin(p, begin + t);
        const TilePixels<6> pixels(p.x, p.x_last, origin.image, origin.row - p.padding_top, origin.column - p.padding_left,
                                   p.in_height, p.in_width, channels, zeros);
        for (int64_t c = 0; c < channels; c += winograd_lanes) {
            Lanes d[36], half[36];
            pixels.load(c, d);
            for (int i = 0; i < 6; i++) transform_input(d + i, 6, half + i, 6);
            for (int i = 0; i < 6; i++) transform_input(half + 6 * i, 1, d + 6 * i, 1);
            for (int i = 0; i < 36; i++)
                *reinterpret_cast<LooseLanes*>(v + i * step + t * channels + c) = d[i];
        }
    }
}

/// Computes u[36][panel] of the kernels of one input channel and the output channels from `out`, with `step` floats
/// between matrices.
static inline void winograd_weights_panel(const Winograd& p, int64_t in, int64_t out, int64_t step, float* u) {
    for (int64_t at = 0; at < winograd_panel; at += winograd_lanes) {
        Lanes w[9], half[18], full[36];
        for (int lane = 0; lane < winograd_lanes; lane++) {
            const float* kernel = p.w + (out + at + lane) * p.w_out + in * p.w_in;
            for (int i = 0; i < 9; i++) w[i][lane] = kernel[p.rotated ? 8 - i : i];
        }
        for (int i = 0; i < 3; i++) transform_weight(w + i, 3, half + i, 3);
        for (int i = 0; i < 6; i++) transform_weight(half + 3 * i, 1, full + 6 * i, 1);
        for (int i = 0; i < 36; i++) *reinterpret_cast<LooseLanes*>(u + i * step + at) = full[i];
    }
}

/// Computes u[36][panels of out][in][panel] for the input channels begin ..< end.
static void winograd_weights(const Winograd& p, int64_t begin, int64_t end, float* u) {
    for (int64_t in = begin; in < end; in++)
        for (int64_t out = 0; out < p.out_channels; out += winograd_panel)
            winograd_weights_panel(p, in, out, winograd_step(p.in_channels, p.out_channels),
                                   u + (out / winograd_panel * p.in_channels + in) * winograd_panel);
}

/// c[rows][panel] (+)= sum over k of a[row * a_row + k * a_step] * b[k][panel]
static inline void winograd_product(const float* a, int64_t a_row, int64_t a_step, const float* b, int64_t depth,
                                    float* c, int64_t c_row, bool add) {
    PairSums<winograd_rows, winograd_lanes> sums;
    if (add) sums.load(c, c_row);
    else sums.start(nullptr);
    for (int64_t k = 0; k < depth; k++, a += a_step, b += winograd_panel) sums.add(a, a_row, b);
    sums.store(c, c_row);
}

/// Stores the results of a tile for the channels from c.
static inline void winograd_store(const Winograd& p, const TileOrigin& origin, int64_t c, const Lanes* result) {
    const int rows = int(p.out_height - origin.row < 4 ? p.out_height - origin.row : 4);
    const int columns = int(p.out_width - origin.column < 4 ? p.out_width - origin.column : 4);
    const int64_t width = p.out_width, pixel = origin.row * width + origin.column, plane = p.out_height * width;
    if (p.y_last) {
        float* y = p.y + (origin.image * plane + pixel) * p.out_channels + c;
        for (int r = 0; r < rows; r++)
            for (int s = 0; s < columns; s++)
                *reinterpret_cast<LooseLanes*>(y + (r * width + s) * p.out_channels) = result[4 * r + s];
        return;
    }
    float* y = p.y + (origin.image * p.out_channels + c) * plane + pixel;
    for (int r = 0; r < rows; r++) {
        Lanes block[4];
        for (int i = 0; i < 4; i++) block[i] = result[4 * r + i];
        transpose_fours(block, AllLanes());
        for (int lane = 0; lane < winograd_lanes; lane++) {
            // The four pixels of the channel.
            const float* from = reinterpret_cast<const float*>(&block[lane % 4]) + lane / 4 * 4;
            float* to = y + lane * plane + r * width;
            if (columns == 4) __builtin_memcpy(to, from, 4 * sizeof(float));
            else
                for (int s = 0; s < columns; s++) to[s] = from[s];
        }
    }
}

/// Computes the results of a tile for the channels from c, from its 36 products.
static inline void winograd_result(const Winograd& p, const TileOrigin& origin, int64_t c, const float* m, int64_t m_step) {
    Lanes full[36], half[24], result[16];
    for (int i = 0; i < 36; i++) full[i] = *reinterpret_cast<const LooseLanes*>(m + i * m_step);
    for (int i = 0; i < 6; i++) transform_output(full + i, 6, half + i, 6);
    for (int i = 0; i < 4; i++) transform_output(half + 6 * i, 1, result + 4 * i, 1);
    const Lanes bias = p.bias ? Lanes(*reinterpret_cast<const LooseLanes*>(p.bias + c)) : Lanes{};
    for (int i = 0; i < 16; i++) result[i] += bias;
    winograd_store(p, origin, c, result);
}

/// Computes y for the tiles begin ..< begin + count; v and m have space for `capacity` tiles, a multiple of the tiles
/// of the products.
static void winograd_tiles(const Winograd& p, const float* u, int64_t begin, int64_t count, int64_t capacity,
                           const float* zeros, float* v, float* m) {
    const int64_t in = p.in_channels, out = p.out_channels;
    const int64_t v_step = winograd_step(capacity, in), u_step = winograd_step(in, out), m_step = winograd_step(capacity, out);
    winograd_input(p, begin, count, capacity, zeros, v);
    for (int i = 0; i < 36; i++)
        for (int64_t j = 0; j < out; j += winograd_panel)
            for (int64_t t = 0; t < count; t += winograd_rows)
                winograd_product(v + i * v_step + t * in, in, 1, u + i * u_step + j * in, in, m + i * m_step + t * out + j,
                                 out, false);
    for (int64_t t = 0; t < count; t++) {
        const TileOrigin origin(p, begin + t);
        for (int64_t c = 0; c < out; c += winograd_lanes) winograd_result(p, origin, c, m + t * out + c, m_step);
    }
}

/// Transforms all tiles begin ..< end of x, v[36][capacity][in].
static void winograd_transform_tiles(const Winograd& p, int64_t begin, int64_t end, int64_t capacity, const float* zeros,
                                     float* v) {
    winograd_input(p, begin, end - begin, capacity, zeros, v + begin * p.in_channels);
}

/// Computes y for the panels begin ..< end of channels from the transforms of all tiles. The weights are transformed
/// block by block, directly before they are multiplied: all transforms are four times as large as the weights and would
/// be written to memory.
static void winograd_panels(const Winograd& p, int64_t begin, int64_t end, int64_t capacity, const float* v, int64_t block,
                            float* u, float* m) {
    const int64_t in = p.in_channels, tiles = p.tiles();
    const int64_t v_step = winograd_step(capacity, in), u_step = winograd_step(block, winograd_panel);
    const int64_t m_step = winograd_step(capacity, winograd_panel);
    for (int64_t panel = begin; panel < end; panel++) {
        const int64_t out = panel * winograd_panel;
        for (int64_t c = 0; c < in; c += block) {
            const int64_t depth = c + block < in ? block : in - c;
            for (int64_t k = 0; k < depth; k++) winograd_weights_panel(p, c + k, out, u_step, u + k * winograd_panel);
            for (int i = 0; i < 36; i++)
                for (int64_t t = 0; t < tiles; t += winograd_rows)
                    winograd_product(v + i * v_step + t * in + c, in, 1, u + i * u_step, depth,
                                     m + i * m_step + t * winograd_panel, winograd_panel, c > 0);
        }
        for (int64_t t = 0; t < tiles; t++) {
            const TileOrigin origin(p, t);
            for (int64_t c = 0; c < winograd_panel; c += winograd_lanes)
                winograd_result(p, origin, out + c, m + t * winograd_panel + c, m_step);
        }
    }
}

/// For the tiles begin ..< end of a chunk that starts at `first` with space for `capacity` tiles: computes
/// v[36][capacity][in], g[36][panels][capacity][panel] and the sums over each tile of y, sums[tile][out].
static void winograd_gradients(const Winograd& p, int64_t first, int64_t begin, int64_t end, int64_t capacity,
                               const float* zeros, float* v, float* g, float* sums) {
    const int64_t in = p.in_channels, out = p.out_channels, step = winograd_step(capacity, out);
    winograd_input(p, first + begin, end - begin, capacity, zeros, v + begin * in);
    for (int64_t t = begin; t < end; t++) {
        const TileOrigin origin(p, first + t);
        const TilePixels<4> pixels(p.y, p.y_last, origin.image, origin.row, origin.column, p.out_height, p.out_width, out,
                                   zeros);
        for (int64_t c = 0; c < out; c += winograd_lanes) {
            Lanes y[16], half[24], full[36];
            pixels.load(c, y);
            if (sums) {
                Lanes sum = y[0];
                for (int i = 1; i < 16; i++) sum += y[i];
                *reinterpret_cast<LooseLanes*>(sums + (first + t) * out + c) = sum;
            }
            for (int i = 0; i < 4; i++) transform_gradient(y + i, 4, half + i, 4);
            for (int i = 0; i < 6; i++) transform_gradient(half + 4 * i, 1, full + 6 * i, 1);
            float* to = g + (c / winograd_panel * capacity + t) * winograd_panel + c % winograd_panel;
            for (int i = 0; i < 36; i++) *reinterpret_cast<LooseLanes*>(to + i * step) = full[i];
        }
    }
}

/// u[36][panels][in_room][panel] (+)= the products of a chunk of `count` tiles, for begin ..< end of 36 * panels.
static void winograd_weight_products(const Winograd& p, int64_t begin, int64_t end, int64_t count, int64_t capacity,
                                     int64_t in_room, const float* v, const float* g, float* u, bool add) {
    const int64_t in = p.in_channels, out = p.out_channels, panels = out / winograd_panel;
    const int64_t v_step = winograd_step(capacity, in), g_step = winograd_step(capacity, out), u_step = winograd_step(in_room, out);
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t i = unit / panels, j = unit % panels * winograd_panel;
        for (int64_t c = 0; c < in; c += winograd_rows)
            winograd_product(v + i * v_step + c, 1, in, g + i * g_step + j * capacity, count,
                             u + i * u_step + j * in_room + c * winograd_panel, winograd_panel, add);
    }
}

/// Computes w of one input channel and a panel of output channels from `out`, from u[36][panel].
static inline void winograd_weight_result(const Winograd& p, int64_t in, int64_t out, const float* u, int64_t step) {
    for (int64_t at = 0; at < winograd_panel; at += winograd_lanes) {
        Lanes full[36], half[18], w[9];
        for (int i = 0; i < 36; i++) full[i] = *reinterpret_cast<const LooseLanes*>(u + i * step + at);
        for (int i = 0; i < 6; i++) transform_weight_gradient(full + i, 6, half + i, 6);
        for (int i = 0; i < 3; i++) transform_weight_gradient(half + 6 * i, 1, w + 3 * i, 1);
        for (int lane = 0; lane < winograd_lanes; lane++) {
            float* kernel = p.w + (out + at + lane) * p.w_out + in * p.w_in;
            for (int i = 0; i < 9; i++) kernel[i] = w[i][lane];
        }
    }
}

/// Computes w from u, for the input channels begin ..< end.
static void winograd_weight_results(const Winograd& p, int64_t begin, int64_t end, int64_t in_room, const float* u) {
    for (int64_t in = begin; in < end; in++)
        for (int64_t out = 0; out < p.out_channels; out += winograd_panel)
            winograd_weight_result(p, in, out, u + (out / winograd_panel * in_room + in) * winograd_panel,
                                   winograd_step(in_room, p.out_channels));
}

/// Computes w of the units begin ..< end, each a panel of output channels and `block` input channels, from the
/// transforms of all tiles. The products, u[36][block][panel], stay in the L2 cache.
static void winograd_weight_blocks(const Winograd& p, int64_t begin, int64_t end, int64_t capacity, int64_t block,
                                   const float* v, const float* g, float* u) {
    const int64_t in = p.in_channels, blocks = (in + block - 1) / block, tiles = p.tiles();
    const int64_t v_step = winograd_step(capacity, in), g_step = winograd_step(capacity, p.out_channels);
    const int64_t u_step = winograd_step(block, winograd_panel);
    for (int64_t unit = begin; unit < end; unit++) {
        const int64_t out = unit / blocks * winograd_panel, first = unit % blocks * block;
        const int64_t count = first + block < in ? block : in - first;
        for (int i = 0; i < 36; i++)
            for (int64_t c = 0; c < count; c += winograd_rows)
                winograd_product(v + i * v_step + first + c, 1, in, g + i * g_step + out * capacity, tiles,
                                 u + i * u_step + c * winograd_panel, winograd_panel, false);
        for (int64_t c = 0; c < count; c++)
            winograd_weight_result(p, first + c, out, u + c * winograd_panel, u_step);
    }
}

static int64_t winograd_panel_columns() { return winograd_panel; }

} // namespace tl::TL_ISA
