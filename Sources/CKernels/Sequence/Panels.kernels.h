// Small products whose right operand is packed once and used many times: weights in the steps of a sequence, keys for
// the queries of a block. Columns are packed in panels of two vectors; the rows of the left operand are not packed.
namespace tl::TL_ISA {

template <class T>
struct Panel {
    static constexpr int bytes = TL_VECTOR_BYTES, rows = TL_PANEL_OF(TL_PANEL_ROWS_);
    static constexpr int lanes = bytes / int(sizeof(T));
    static constexpr int width = 2 * lanes;
    typedef T Vector __attribute__((vector_size(bytes), aligned(alignof(T))));
    static constexpr int64_t count(int64_t columns) { return (columns + width - 1) / width; }
};

/// Packs out[panel][p][i] = b[p * row + (panel * width + i) * column], zero after the last column, for panels [begin,
/// end).
template <class T>
static void pack_panels(const T* b, int64_t row, int64_t column, int64_t depth, int64_t columns, int64_t begin,
                        int64_t end, T* out) {
    constexpr int width = Panel<T>::width;
    for (int64_t panel = begin; panel < end; panel++) {
        const int64_t first = panel * width;
        const int valid = int(columns - first < width ? columns - first : width);
        const T* from = b + first * column;
        if (valid == width && column == 1) {
            for (int64_t p = 0; p < depth; p++, out += width)
                for (int i = 0; i < width; i++) out[i] = from[p * row + i];
            continue;
        }
        for (int64_t p = 0; p < depth; p++, out += width) {
            for (int i = 0; i < valid; i++) out[i] = from[p * row + i * column];
            for (int i = valid; i < width; i++) out[i] = 0;
        }
    }
}

template <class T, int rows>
static inline __attribute__((always_inline)) void panel_tile(int64_t depth, const T* a, int64_t a_row,
                                                             int64_t a_column, const T* panel, T* c, int64_t c_row,
                                                             int columns, bool add) {
    using P = Panel<T>;
    using Vector = typename P::Vector;
    Vector total[rows][2] = {};
    const T* from[rows];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) from[i] = a + i * a_row;
    for (int64_t p = 0; p < depth; p++) {
        const Vector left = *reinterpret_cast<const Vector*>(panel),
                     right = *reinterpret_cast<const Vector*>(panel + P::lanes);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const Vector factor = from[i][p * a_column] - Vector{};
            total[i][0] += factor * left;
            total[i][1] += factor * right;
        }
        panel += P::width;
    }
    if (columns == P::width) {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 2; j++) {
                auto* out = reinterpret_cast<Vector*>(c + i * c_row + j * P::lanes);
                *out = add ? *out + total[i][j] : total[i][j];
            }
        return;
    }
    for (int i = 0; i < rows; i++) {
        T sums[P::width];
        __builtin_memcpy(sums, total[i], sizeof sums);
        for (int j = 0; j < columns; j++) c[i * c_row + j] = add ? c[i * c_row + j] + sums[j] : sums[j];
    }
}

/// c[m, columns] (+)= a[m, depth] times one panel; a has arbitrary strides, c has contiguous rows, and `columns` is at
/// most the width of the panel.
template <class T>
static void panel_product(int64_t m, int64_t depth, const T* a, int64_t a_row, int64_t a_column, const T* panel, T* c,
                          int64_t c_row, int columns, bool add) {
    constexpr int most = Panel<T>::rows;
    constexpr int64_t block = 256;  // a part of the panel that fits in the L1 cache
    if (depth == 0 && !add)
        for (int64_t i = 0; i < m; i++)
            for (int j = 0; j < columns; j++) c[i * c_row + j] = 0;
    // Tiles of similar heights: with tiles of six, the last of 32 rows would have two, whose four sums are limited by
    // latency.
    const int64_t tiles = (m + most - 1) / most;
    for (int64_t p = 0; p < depth; p += block) {
        const int64_t part = depth - p < block ? depth - p : block;
        const T* left = a + p * a_column;
        const T* right = panel + p * Panel<T>::width;
        const bool adds = add || p > 0;
        for (int64_t tile = 0; tile < tiles; tile++) {
            const int64_t i = m * tile / tiles, rows = m * (tile + 1) / tiles - i;
            const auto run = [&]<int n>(std::integral_constant<int, n>) __attribute__((always_inline)) {
                panel_tile<T, n>(part, left + i * a_row, a_row, a_column, right, c + i * c_row, c_row, columns, adds);
            };
            switch (rows) {
            case 1: run(std::integral_constant<int, 1>()); break;
            case 2: run(std::integral_constant<int, 2>()); break;
            case 3: run(std::integral_constant<int, 3>()); break;
            case 4: run(std::integral_constant<int, 4>()); break;
            case 5: run(std::integral_constant<int, 5>()); break;
            case 6: run(std::integral_constant<int, 6>()); break;
            case 7: if constexpr (most > 6) run(std::integral_constant<int, 7>()); break;
            default: if constexpr (most > 7) run(std::integral_constant<int, 8>()); break;
            }
        }
    }
}

/// c[m, n] (+)= a[m, depth] times all panels of n columns, at a distance of `apart` elements.
template <class T>
static void panels_product(int64_t m, int64_t n, int64_t depth, const T* a, int64_t a_row, int64_t a_column,
                           const T* panels, int64_t apart, T* c, int64_t c_row, bool add) {
    constexpr int width = Panel<T>::width;
    for (int64_t j = 0; j < n; j += width, panels += apart)
        panel_product(m, depth, a, a_row, a_column, panels, c + j, c_row, int(n - j < width ? n - j : width), add);
}

} // namespace tl::TL_ISA
