// The blocked product after Goto and van de Geijn ("Anatomy of high-performance matrix multiplication", 2008). Operands
// are read along their rows as they lie: a copy that walks down the columns of a matrix whose rows are a power of two
// apart finds all its lines in a few sets of the cache, which costs dnnl_sgemm up to half of its speed.
//
// Bound: two fused multiplications and additions of vectors a cycle, 113 GFLOP/s on a core of Zen 3. Measured for
// dW[512, 128] over 768 rows: 0.89 of it (dnnl_sgemm 0.6); for dW[1024, 256] over 2048 rows 0.92 (0.4).
namespace tl::TL_ISA {

typedef float PackedVector __attribute__((vector_size(TL_PACKED_OF(TL_PACKED_BYTES_)), aligned(4)));
constexpr int packed_lanes = TL_PACKED_OF(TL_PACKED_BYTES_) / int(sizeof(float));
constexpr int packed_rows = TL_PACKED_OF(TL_PACKED_ROWS_), packed_columns = 2 * packed_lanes;
constexpr int64_t packed_depth = 256;   // a tile of b of this depth stays in the first cache
constexpr int64_t packed_height = 192;  // columns of a that stay in the second cache; whole tiles
constexpr int64_t packed_width = 1536;

/// out[slice][p][i] = in[p * row + slice * width + i], zero beyond `count`. Goes down the rows with a few slices at a
/// time: slices lie so far apart that those of a whole row would push one another out of the first cache.
template <int width>
static void pack_rows(const float* in, int64_t row, int64_t depth, int64_t count, float* out) {
    constexpr int group = 64 / width > 0 ? 64 / width : 1;
    int64_t first = 0;
    for (; first + group * width <= count; first += group * width, out += group * width * depth)
        for (int64_t p = 0; p < depth; p++)
#pragma clang loop unroll(full)
            for (int slice = 0; slice < group; slice++)
                __builtin_memcpy(out + (slice * depth + p) * width, in + p * row + first + slice * width,
                                 width * sizeof(float));
    for (; first < count; first += width, out += width * depth) {
        const int valid = int(count - first < width ? count - first : width);
        for (int64_t p = 0; p < depth; p++)
            for (int i = 0; i < width; i++) out[p * width + i] = i < valid ? in[p * row + first + i] : 0;
    }
}

/// out[slice][p][i] = in[(slice * width + i) * row + p], zero beyond `count`.
template <int width>
static void pack_columns(const float* in, int64_t row, int64_t depth, int64_t count, float* out) {
    for (int64_t first = 0; first < count; first += width, out += width * depth) {
        const int valid = int(count - first < width ? count - first : width);
        for (int i = 0; i < width; i++)
            for (int64_t p = 0; p < depth; p++) out[p * width + i] = i < valid ? in[(first + i) * row + p] : 0;
    }
}

static inline __attribute__((always_inline)) void packed_tile(int64_t depth, const float* a, const float* b, float* c,
                                                                  int64_t c_row, int rows, int columns, bool add) {
    PackedVector total[packed_rows][2] = {};
    for (int64_t p = 0; p < depth; p++, a += packed_rows, b += packed_columns) {
        const auto left = *reinterpret_cast<const PackedVector*>(b);
        const auto right = *reinterpret_cast<const PackedVector*>(b + packed_lanes);
#pragma clang loop unroll(full)
        for (int i = 0; i < packed_rows; i++) {
            const PackedVector factor = a[i] - PackedVector{};
            total[i][0] += factor * left;
            total[i][1] += factor * right;
        }
    }
    if (rows == packed_rows && columns == packed_columns) {
#pragma clang loop unroll(full)
        for (int i = 0; i < packed_rows; i++)
            for (int j = 0; j < 2; j++) {
                auto* out = reinterpret_cast<PackedVector*>(c + i * c_row + j * packed_lanes);
                *out = add ? *out + total[i][j] : total[i][j];
            }
        return;
    }
    float sums[packed_rows][packed_columns];
    __builtin_memcpy(sums, total, sizeof sums);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) c[i * c_row + j] = add ? c[i * c_row + j] + sums[i][j] : sums[i][j];
}

/// The rectangle [top, bottom) x [left, right) of c, with room for depth x (height + width) numbers.
static void packed_block(const SmallProduct& product, int64_t top, int64_t bottom, int64_t left, int64_t right,
                             float* memory) {
    const SmallProduct p = product;
    float* const packed_a = memory;
    float* const packed_b = memory + packed_depth * packed_height;
    for (int64_t j0 = left; j0 < right; j0 += packed_width) {
        const int64_t width = right - j0 < packed_width ? right - j0 : packed_width;
        for (int64_t p0 = 0; p0 < p.k; p0 += packed_depth) {
            const int64_t depth = p.k - p0 < packed_depth ? p.k - p0 : packed_depth;
            const bool add = p.beta != 0 || p0 > 0;
            pack_rows<packed_columns>(p.b + p0 * p.b_row + j0, p.b_row, depth, width, packed_b);
            for (int64_t i0 = top; i0 < bottom; i0 += packed_height) {
                const int64_t height = bottom - i0 < packed_height ? bottom - i0 : packed_height;
                if (p.a_row == 1)
                    pack_rows<packed_rows>(p.a + p0 * p.a_column + i0, p.a_column, depth, height, packed_a);
                else
                    pack_columns<packed_rows>(p.a + i0 * p.a_row + p0, p.a_row, depth, height, packed_a);
                for (int64_t j = 0; j < width; j += packed_columns)
                    for (int64_t i = 0; i < height; i += packed_rows)
                        packed_tile(depth, packed_a + i * depth, packed_b + j * depth,
                                        p.c + (i0 + i) * p.c_row + j0 + j, p.c_row,
                                        int(height - i < packed_rows ? height - i : packed_rows),
                                        int(width - j < packed_columns ? width - j : packed_columns), add);
            }
        }
    }
}

} // namespace tl::TL_ISA
