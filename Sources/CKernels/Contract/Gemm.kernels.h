// The blocked product after Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", 2008): panels of
// a and b are packed into the order in which the innermost loop reads them, and converted to the type that accumulates.
namespace tl::TL_ISA {

template <class Sum>
struct Tile {
    static constexpr int bytes = TL_GEMM_OF(TL_GEMM_BYTES_);
    static constexpr int lanes = bytes / int(sizeof(Sum));
    static constexpr int rows = TL_GEMM_OF(TL_GEMM_ROWS_);
    static constexpr int across = TL_GEMM_OF(TL_GEMM_ACROSS_);
    static constexpr int columns = across * lanes;
    typedef Sum Vector __attribute__((vector_size(bytes), aligned(alignof(Sum))));
};

constexpr int64_t gemm_depth = 256;  // of a packed panel: a tile of b of this depth stays in the first cache
constexpr int64_t gemm_height = 96;  // rows of a that stay in the second cache; a multiple of every tile's rows

/// sum[rows][columns] += pack_a[depth][rows] x pack_b[depth][columns]
template <class Sum>
static void tile_product(int64_t depth, const Sum* pack_a, const Sum* pack_b, Sum* sum) {
    using T = Tile<Sum>;
    using Vector = typename T::Vector;
    Vector total[T::rows][T::across] = {};
    for (int64_t p = 0; p < depth; p++) {
        Vector b[T::across];
        for (int j = 0; j < T::across; j++) b[j] = *reinterpret_cast<const Vector*>(pack_b + j * T::lanes);
#pragma clang loop unroll(full)
        for (int i = 0; i < T::rows; i++) {
            const Vector a = pack_a[i] - Vector{};
            for (int j = 0; j < T::across; j++) total[i][j] += a * b[j];
        }
        pack_a += T::rows;
        pack_b += T::columns;
    }
    for (int i = 0; i < T::rows; i++)
        for (int j = 0; j < T::across; j++) *reinterpret_cast<Vector*>(sum + i * T::columns + j * T::lanes) = total[i][j];
}

/// Packs `count` of `width`-wide slices: out[slice][p][i] = in[(slice * width + i) * across + p * along], zero beyond
/// `limit`.
template <class Element, class Sum>
static void pack(const Element* in, int64_t across, int64_t along, int64_t limit, int64_t depth, int width, Sum* out) {
    for (int64_t first = 0; first < limit; first += width) {
        const int valid = int(limit - first < width ? limit - first : width);
        const Element* slice = in + first * across;
        if (valid == width && across == 1) {
            for (int64_t p = 0; p < depth; p++, out += width)
                for (int i = 0; i < width; i++) out[i] = Sum(slice[p * along + i]);
            continue;
        }
        for (int i = 0; i < width; i++)
            if (i < valid)
                for (int64_t p = 0; p < depth; p++) out[p * width + i] = Sum(slice[i * across + p * along]);
            else
                for (int64_t p = 0; p < depth; p++) out[p * width + i] = Sum(0);
        out += depth * width;
    }
}

/// Memory for the packed panels: gemm_height * gemm_depth elements for a, gemm_depth * wide for b, `wide` being a
/// multiple of the tile's columns.
template <class Element, class Sum>
static void gemm_block(const Gemm& g, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end,
                       int64_t wide, Sum* pack_a, Sum* pack_b) {
    using T = Tile<Sum>;
    const auto* a = static_cast<const Element*>(g.a);
    const auto* b = static_cast<const Element*>(g.b);
    auto* c = static_cast<Element*>(g.c);
    // Integers wrap, as unsigned arithmetic does by definition.
    const Sum alpha = std::is_floating_point_v<Sum> ? Sum(g.alpha) : Sum(int64_t(g.alpha));
    const Sum beta = std::is_floating_point_v<Sum> ? Sum(g.beta) : Sum(int64_t(g.beta));
    alignas(64) Sum sum[T::rows * T::columns];
    for (int64_t j0 = column_begin; j0 < column_end; j0 += wide) {
        const int64_t nj = column_end - j0 < wide ? column_end - j0 : wide;
        for (int64_t p0 = 0; p0 < g.k; p0 += gemm_depth) {
            const int64_t depth = g.k - p0 < gemm_depth ? g.k - p0 : gemm_depth;
            pack(b + p0 * g.b_row + j0 * g.b_column, g.b_column, g.b_row, nj, depth, T::columns, pack_b);
            for (int64_t i0 = row_begin; i0 < row_end; i0 += gemm_height) {
                const int64_t ni = row_end - i0 < gemm_height ? row_end - i0 : gemm_height;
                pack(a + i0 * g.a_row + p0 * g.a_column, g.a_row, g.a_column, ni, depth, T::rows, pack_a);
                for (int64_t j = 0; j < nj; j += T::columns) {
                    const int columns = int(nj - j < T::columns ? nj - j : T::columns);
                    for (int64_t i = 0; i < ni; i += T::rows) {
                        const int rows = int(ni - i < T::rows ? ni - i : T::rows);
                        tile_product(depth, pack_a + i * depth, pack_b + j * depth, sum);
                        for (int r = 0; r < rows; r++) {
                            Element* out = c + (i0 + i + r) * g.c_row + (j0 + j) * g.c_column;
                            const Sum* from = sum + r * T::columns;
                            // The first panel scales what is there, the later ones add to it.
                            if (p0 == 0 && g.beta == 0)
                                for (int s = 0; s < columns; s++) out[s * g.c_column] = Element(alpha * from[s]);
                            else
                                for (int s = 0; s < columns; s++)
                                    out[s * g.c_column] = Element((p0 > 0 ? Sum(1) : beta) * Sum(out[s * g.c_column]) +
                                                                  alpha * from[s]);
                        }
                    }
                }
            }
        }
    }
}

/// The part of the product in the given rows and columns.
static void gemm_part(const Gemm& g, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end,
                      int64_t wide, void* pack_a, void* pack_b) {
    const auto run = [&]<class Element, class Sum>(Element, Sum) {
        gemm_block<Element, Sum>(g, row_begin, row_end, column_begin, column_end, wide, static_cast<Sum*>(pack_a),
                                 static_cast<Sum*>(pack_b));
    };
    switch (g.dtype) {
    case TL_FLOAT64: return run(double(), double());
    case TL_INT64: return run(int64_t(), uint64_t());
    case TL_INT32: return run(int32_t(), uint32_t());
    }
}

static int64_t gemm_tile_columns(int64_t sum_bytes) { return TL_GEMM_OF(TL_GEMM_ACROSS_) * TL_GEMM_OF(TL_GEMM_BYTES_) / sum_bytes; }

} // namespace tl::TL_ISA
