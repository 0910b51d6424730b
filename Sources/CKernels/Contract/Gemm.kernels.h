// Blocked GEMM after Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", 2008): panels of a and
// b are packed in the order of the inner loop. The bound is the rate of FMAs; in float32 with AVX2 large products reach
// 90 to 97 % of it.
namespace tl::TL_ISA {

template <class Sum>
struct Tile {
    static constexpr int bytes = TL_VECTOR_BYTES;
    static constexpr int lanes = bytes / int(sizeof(Sum));
    static constexpr int rows = TL_GEMM_OF(TL_GEMM_ROWS_);
    static constexpr int across = TL_GEMM_OF(TL_GEMM_ACROSS_);
    static constexpr int columns = across * lanes;
    typedef Sum Vector __attribute__((vector_size(bytes), aligned(alignof(Sum))));
};

/// The sums of a tile.
template <class Sum>
struct TileSums {
    typename Tile<Sum>::Vector of[Tile<Sum>::rows][Tile<Sum>::across];
};

constexpr int64_t gemm_depth = 256;  // K-dimension of a packed panel: a tile of b of this depth fits in the L1 cache
constexpr int64_t gemm_height = 96;  // rows of a that fit in the L2 cache; a multiple of the rows of every tile

/// sums[rows][columns] = pack_a[depth][rows] x pack_b[depth][columns]
template <class Sum>
static inline __attribute__((always_inline)) void tile_product(int64_t depth, const Sum* pack_a, const Sum* pack_b,
                                                               TileSums<Sum>& sums) {
    using T = Tile<Sum>;
    using Vector = typename T::Vector;
    TileSums<Sum> total = {};
    for (int64_t p = 0; p < depth; p++) {
        Vector b[T::across];
        for (int j = 0; j < T::across; j++) b[j] = *reinterpret_cast<const Vector*>(pack_b + j * T::lanes);
#pragma clang loop unroll(full)
        for (int i = 0; i < T::rows; i++) {
            const Vector a = pack_a[i] - Vector{};
            for (int j = 0; j < T::across; j++) total.of[i][j] += a * b[j];
        }
        pack_a += T::rows;
        pack_b += T::columns;
    }
    sums = total;
}

/// Packs slices of `width`: out[slice][p][i] = in[(slice * width + i) * across + p * along], zero after `limit`.
template <int width, class T>
static void pack(const T* in, int64_t across, int64_t along, int64_t limit, int64_t depth, T* out) {
    typedef T Four __attribute__((vector_size(4 * sizeof(T)), aligned(alignof(T))));
    const int64_t whole = limit / width;
    int64_t packed = 0, along_packed = 0;
    if (across == 1) {
        // A few slices at a time, row by row: the distance of slices is a multiple of a page, so that the slices of a
        // whole row would evict each other from the L1 cache before the next row fills their cache lines.
        constexpr int64_t group = 256 / int64_t(width * sizeof(T)) > 1 ? 256 / int64_t(width * sizeof(T)) : 1;
        for (int64_t first = 0; first < whole; first += group) {
            const int64_t last = first + group < whole ? first + group : whole;
            for (int64_t p = 0; p < depth; p++)
                for (int64_t slice = first; slice < last; slice++)
                    __builtin_memcpy(out + (slice * depth + p) * width, in + p * along + slice * width,
                                     width * sizeof(T));
        }
        packed = whole;
    } else if (along == 1 && width >= 4) {
        // Transposed in blocks of four by four; the last block of a slice overlaps the previous one.
        along_packed = depth / 4 * 4;
        for (int64_t slice = 0; slice < whole; slice++)
            for (int64_t p = 0; p < along_packed; p += 4)
#pragma clang loop unroll(full)
                for (int block = 0; block < (width + 3) / 4; block++) {
                    const int i = block * 4 + 4 <= width ? block * 4 : width - 4;
                    const T* from = in + (slice * width + i) * across + p;
                    T* to = out + (slice * depth + p) * width + i;
                    const Four a = *reinterpret_cast<const Four*>(from);
                    const Four b = *reinterpret_cast<const Four*>(from + across);
                    const Four c = *reinterpret_cast<const Four*>(from + 2 * across);
                    const Four d = *reinterpret_cast<const Four*>(from + 3 * across);
                    const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
                    const Four ba = __builtin_shufflevector(a, b, 2, 6, 3, 7);
                    const Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
                    const Four dc = __builtin_shufflevector(c, d, 2, 6, 3, 7);
                    *reinterpret_cast<Four*>(to) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
                    *reinterpret_cast<Four*>(to + width) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
                    *reinterpret_cast<Four*>(to + 2 * width) = __builtin_shufflevector(ba, dc, 0, 1, 4, 5);
                    *reinterpret_cast<Four*>(to + 3 * width) = __builtin_shufflevector(ba, dc, 2, 3, 6, 7);
                }
        if (along_packed == depth) packed = whole;
    }
    for (int64_t slice = packed; slice * width < limit; slice++) {
        const int valid = int(limit - slice * width < width ? limit - slice * width : width);
        const T* from = in + slice * width * across;
        T* to = out + slice * depth * width;
        for (int64_t p = slice < whole ? along_packed : 0; p < depth; p++)
            for (int i = 0; i < width; i++) to[p * width + i] = i < valid ? from[i * across + p * along] : T(0);
    }
}

/// Writes a tile: c = alpha * sums + beta * c + bias, for `rows` by `columns` of it.
template <class Sum>
static inline __attribute__((always_inline)) void put_tile(const TileSums<Sum>& sums, Sum alpha, Sum beta,
                                                           const Sum* bias, Sum* c, int64_t c_row, int64_t c_column,
                                                           int rows, int columns) {
    using T = Tile<Sum>;
    using Vector = typename T::Vector;
    if (rows == T::rows && columns == T::columns && c_column == 1) {
        for (int i = 0; i < T::rows; i++)
            for (int j = 0; j < T::across; j++) {
                auto* out = reinterpret_cast<Vector*>(c + i * c_row + j * T::lanes);
                Vector sum = alpha * sums.of[i][j];
                if (beta != 0) sum += beta * *out;
                if (bias) sum += *reinterpret_cast<const Vector*>(bias + j * T::lanes);
                *out = sum;
            }
        return;
    }
    Sum each[T::rows][T::columns];
    __builtin_memcpy(each, sums.of, sizeof each);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            Sum& out = c[i * c_row + j * c_column];
            Sum sum = alpha * each[i][j];
            if (beta != 0) sum += beta * out;
            if (bias) sum += bias[j];
            out = sum;
        }
}

/// Buffers of the packed panels: gemm_height * gemm_depth elements for a, gemm_depth * wide for b, where `wide` is a
/// multiple of the columns of a tile.
template <class Sum>
static void gemm_block(const Gemm& g, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end,
                       int64_t wide, Sum* pack_a, Sum* pack_b, Sum alpha, Sum beta) {
    using T = Tile<Sum>;
    const auto* a = static_cast<const Sum*>(g.a);
    const auto* b = static_cast<const Sum*>(g.b);
    auto* c = static_cast<Sum*>(g.c);
    for (int64_t j0 = column_begin; j0 < column_end; j0 += wide) {
        const int64_t nj = column_end - j0 < wide ? column_end - j0 : wide;
        for (int64_t p0 = 0; p0 < g.k; p0 += gemm_depth) {
            const int64_t depth = g.k - p0 < gemm_depth ? g.k - p0 : gemm_depth;
            // The first panel scales c by beta, later ones add to it, the last one adds the bias.
            const Sum scale = p0 == 0 ? beta : Sum(1);
            const Sum* bias = p0 + depth == g.k ? static_cast<const Sum*>(g.bias) : nullptr;
            pack<T::columns>(b + p0 * g.b_row + j0 * g.b_column, g.b_column, g.b_row, nj, depth, pack_b);
            for (int64_t i0 = row_begin; i0 < row_end; i0 += gemm_height) {
                const int64_t ni = row_end - i0 < gemm_height ? row_end - i0 : gemm_height;
                pack<T::rows>(a + i0 * g.a_row + p0 * g.a_column, g.a_row, g.a_column, ni, depth, pack_a);
                for (int64_t j = 0; j < nj; j += T::columns) {
                    const int columns = int(nj - j < T::columns ? nj - j : T::columns);
                    for (int64_t i = 0; i < ni; i += T::rows) {
                        Sum* out = c + (i0 + i) * g.c_row + (j0 + j) * g.c_column;
                        // Prefetched while the sums are computed.
                        for (int r = 0; r < T::rows; r++) __builtin_prefetch(out + r * g.c_row, 1);
                        TileSums<Sum> sums;
                        tile_product(depth, pack_a + i * depth, pack_b + j * depth, sums);
                        put_tile(sums, alpha, scale, bias ? bias + j0 + j : nullptr, out, g.c_row, g.c_column,
                                 int(ni - i < T::rows ? ni - i : T::rows), columns);
                    }
                }
            }
        }
    }
}

/// Computes a range of rows and columns of the product.
static void gemm_part(const Gemm& g, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end,
                      int64_t wide, void* pack_a, void* pack_b) {
    const auto run = [&]<class Sum>(Sum alpha, Sum beta) {
        gemm_block<Sum>(g, row_begin, row_end, column_begin, column_end, wide, static_cast<Sum*>(pack_a),
                        static_cast<Sum*>(pack_b), alpha, beta);
    };
    // Integers wrap; unsigned arithmetic is used because it is defined to do so.
    switch (g.dtype) {
    case TL_FLOAT32: return run(float(g.alpha), float(g.beta));
    case TL_FLOAT64: return run(g.alpha, g.beta);
    case TL_INT64: return run(uint64_t(int64_t(g.alpha)), uint64_t(int64_t(g.beta)));
    case TL_INT32: return run(uint32_t(int64_t(g.alpha)), uint32_t(int64_t(g.beta)));
    }
}

static int64_t gemm_tile_columns(int64_t sum_bytes) {
    return TL_GEMM_OF(TL_GEMM_ACROSS_) * TL_VECTOR_BYTES / sum_bytes;
}
static int64_t gemm_tile_rows() { return TL_GEMM_OF(TL_GEMM_ROWS_); }

} // namespace tl::TL_ISA
