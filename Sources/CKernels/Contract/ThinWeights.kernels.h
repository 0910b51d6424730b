namespace tl::TL_ISA {

constexpr int thin_lanes = 8;
typedef float ThinLanes __attribute__((vector_size(thin_lanes * 4)));
typedef float LooseThinLanes __attribute__((vector_size(thin_lanes * 4), aligned(4)));

static inline float thin_sum(const ThinLanes& v) {
    float parts[thin_lanes];
    __builtin_memcpy(parts, &v, sizeof parts);
    for (int half = thin_lanes / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) parts[i] += parts[i + half];
    return parts[0];
}

/// The sums of `rows` kernel rows of `columns`, in registers.
template <int rows, int columns>
struct ThinSums {
    ThinLanes sums[rows][columns] = {};
    float rest[rows][columns] = {};

    /// Adds the products of a row of y with the rows of x from `line`, which starts `left` before the first pixel.
    inline __attribute__((always_inline)) void add(const ThinWeights& p, const float* y, const float* line) {
        // The results whose windows are inside along the row, in whole vectors.
        const int64_t low = p.left > 0 ? p.left : 0;
        const int64_t inside = p.in_width - columns + 1 + p.left;
        const int64_t high = inside < p.out_width ? inside : p.out_width;
        const int64_t whole = high > low ? low + (high - low) / thin_lanes * thin_lanes : low;
        for (int64_t j = low; j < whole; j += thin_lanes) {
            const ThinLanes g = *reinterpret_cast<const LooseThinLanes*>(y + j);
#pragma clang loop unroll(full)
            for (int a = 0; a < rows; a++)
#pragma clang loop unroll(full)
                for (int b = 0; b < columns; b++)
                    sums[a][b] += g * *reinterpret_cast<const LooseThinLanes*>(line + a * p.in_width + j + b);
        }
        for (int64_t j = 0; j < p.out_width; j++) {
            if (j == low) j = whole;
            if (j >= p.out_width) break;
            const float g = y[j];
#pragma clang loop unroll(full)
            for (int b = 0; b < columns; b++)
                if (j + b >= p.left && j + b < p.in_width + p.left)
#pragma clang loop unroll(full)
                    for (int a = 0; a < rows; a++) rest[a][b] += g * line[a * p.in_width + j + b];
        }
    }
};

/// Computes `rows` rows of the kernel of one output and one input channel, from row `first`.
template <int rows, int columns>
static void thin_rows(const ThinWeights& p, int64_t o, int64_t c, int64_t first, float* w) {
    double totals[rows][columns] = {};
    for (int64_t n = 0; n < p.images; n++) {
        const float* y = p.y + (n * p.out_channels + o) * p.out_height * p.out_width;
        const float* x = p.x + (n * p.in_channels + c) * p.in_height * p.in_width - p.left;
        ThinSums<rows, columns> all;
        ThinSums<1, columns> edge[rows];
        for (int64_t i = 0; i < p.out_height; i++, y += p.out_width) {
            const int64_t row = i + first - p.top;
            if (row >= 0 && row + rows <= p.in_height) {
                all.add(p, y, x + row * p.in_width);
                continue;
            }
            for (int a = 0; a < rows; a++)
                if (row + a >= 0 && row + a < p.in_height) edge[a].add(p, y, x + (row + a) * p.in_width);
        }
        for (int a = 0; a < rows; a++)
            for (int b = 0; b < columns; b++)
                totals[a][b] += double(thin_sum(all.sums[a][b] + edge[a].sums[0][b]) + all.rest[a][b] +
                                       edge[a].rest[0][b]);
    }
    for (int a = 0; a < rows; a++)
        for (int b = 0; b < columns; b++) w[a * columns + b] = float(totals[a][b]);
}

static void thin_channels(const ThinWeights& p, int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; o++) {
        for (int64_t c = 0; c < p.in_channels; c++) {
            float* w = p.w + (o * p.in_channels + c) * p.kernel_rows * p.kernel_columns;
            if (p.kernel_rows == 3 && p.kernel_columns == 3) {
                thin_rows<3, 3>(p, o, c, 0, w);
                continue;
            }
            for (int64_t a = 0; a < p.kernel_rows; a++, w += p.kernel_columns)
                switch (p.kernel_columns) {
                case 3: thin_rows<1, 3>(p, o, c, a, w); break;
                case 5: thin_rows<1, 5>(p, o, c, a, w); break;
                case 7: thin_rows<1, 7>(p, o, c, a, w); break;
                }
        }
        if (!p.bias) continue;
        double total = 0;
        const int64_t plane = p.out_height * p.out_width;
        for (int64_t n = 0; n < p.images; n++) {
            const float* y = p.y + (n * p.out_channels + o) * plane;
            ThinLanes sum = {};
            float rest = 0;
            int64_t i = 0;
            for (; i + thin_lanes <= plane; i += thin_lanes) sum += *reinterpret_cast<const LooseThinLanes*>(y + i);
            for (; i < plane; i++) rest += y[i];
            total += double(thin_sum(sum) + rest);
        }
        p.bias[o] = float(total);
    }
}

} // namespace tl::TL_ISA
