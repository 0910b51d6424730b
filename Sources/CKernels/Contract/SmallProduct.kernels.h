namespace tl::TL_ISA {

/// `columns` (at most 16, usually a constant) sums in registers.
template <class Count>
static inline void small_columns(const SmallProduct& p, const float* b, int64_t b_row, int64_t i, int64_t j,
                                 Count columns) {
    float sum[16] = {};
    const float* a = p.a + i * p.a_row;
    for (int64_t l = 0; l < p.k; l++) {
        const float factor = a[l * p.a_column];
        for (int s = 0; s < columns; s++) sum[s] += factor * b[l * b_row + j + s];
    }
    float* c = p.c + i * p.c_row + j;
    if (p.beta == 0)
        for (int s = 0; s < columns; s++) c[s] = p.alpha * sum[s];
    else
        for (int s = 0; s < columns; s++) c[s] = p.alpha * sum[s] + p.beta * c[s];
}

static void small_multiply(const SmallProduct& p) {
    float packed[small_product];  // k * n is at most m * n * k
    const float* b = p.b;
    int64_t b_row = p.b_row;
    if (p.b_column != 1 && p.n > 1) {
        for (int64_t j = 0; j < p.n; j++)
            for (int64_t l = 0; l < p.k; l++) packed[l * p.n + j] = b[l * p.b_row + j * p.b_column];
        b = packed;
        b_row = p.n;
    }
    for (int64_t i = 0; i < p.m; i++) {
        int64_t j = 0;
        for (; j + 16 <= p.n; j += 16) small_columns(p, b, b_row, i, j, std::integral_constant<int, 16>());
        if (j + 8 <= p.n) {
            small_columns(p, b, b_row, i, j, std::integral_constant<int, 8>());
            j += 8;
        }
        if (j < p.n) small_columns(p, b, b_row, i, j, int(p.n - j));
    }
}

typedef float DirectVector __attribute__((vector_size(TL_VECTOR_BYTES), aligned(4)));

template <int rows, int across>
static inline __attribute__((always_inline)) void direct_tile(const SmallProduct& p, int64_t i, int64_t j) {
    constexpr int lanes = int(sizeof(DirectVector) / sizeof(float));
    DirectVector total[rows][across] = {};
    const float* a = p.a + i * p.a_row;
    const float* b = p.b + j;
    for (int64_t l = 0; l < p.k; l++) {
        DirectVector row[across];
        for (int s = 0; s < across; s++) row[s] = *reinterpret_cast<const DirectVector*>(b + s * lanes);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const DirectVector factor = a[r * p.a_row] - DirectVector{};
            for (int s = 0; s < across; s++) total[r][s] += factor * row[s];
        }
        a += p.a_column;
        b += p.b_row;
    }
    for (int r = 0; r < rows; r++)
        for (int s = 0; s < across; s++) {
            auto* c = reinterpret_cast<DirectVector*>(p.c + (i + r) * p.c_row + j + s * lanes);
            *c = p.beta == 0 ? p.alpha * total[r][s] : p.alpha * total[r][s] + p.beta * *c;
        }
}

template <int across>
static inline void direct_columns(const SmallProduct& p, int64_t begin, int64_t end, int64_t j) {
    constexpr int rows = TL_DIRECT_OF(TL_DIRECT_ROWS_);
    int64_t i = begin;
    for (; i + rows <= end; i += rows) direct_tile<rows, across>(p, i, j);
    if constexpr (rows > 4)
        for (; i + 4 <= end; i += 4) direct_tile<4, across>(p, i, j);
    for (; i < end; i++) direct_tile<1, across>(p, i, j);
}

static void direct_multiply(const SmallProduct& p, int64_t begin, int64_t end) {
    constexpr int lanes = int(sizeof(DirectVector) / sizeof(float)), across = lanes == 4 ? 4 : 2;
    int64_t j = 0;
    for (; j + across * lanes <= p.n; j += across * lanes) direct_columns<across>(p, begin, end, j);
    if (j < p.n) direct_columns<across / 2>(p, begin, end, j);
}

/// The sum of the lanes of a vector: halves are added until two are left.
template <int lanes>
static inline __attribute__((always_inline)) float lane_sum(float __attribute__((ext_vector_type(lanes))) x) {
    if constexpr (lanes == 2) return x.lo + x.hi;
    else return lane_sum<lanes / 2>(x.lo + x.hi);
}

/// Computes columns of the single row of c, from j, as sums over k in lanes. The order of summation does not depend on
/// their number.
template <int columns>
static inline __attribute__((always_inline)) void row_columns(const SmallProduct& p, int64_t j) {
    constexpr int lanes = int(sizeof(DirectVector) / sizeof(float)), deep = 2;
    const auto vector = [](const float* from) { return *reinterpret_cast<const DirectVector*>(from); };
    DirectVector total[columns][deep] = {};
    const float* b = p.b + j * p.b_column;
    int64_t l = 0;
    for (; l + deep * lanes <= p.k; l += deep * lanes)
#pragma clang loop unroll(full)
        for (int d = 0; d < deep; d++) {
            const DirectVector factor = vector(p.a + l + d * lanes);
            for (int s = 0; s < columns; s++) total[s][d] += factor * vector(b + s * p.b_column + l + d * lanes);
        }
    for (int s = 0; s < columns; s++) {
        float sum = lane_sum<lanes>(total[s][0] + total[s][1]);
        for (int64_t rest = l; rest < p.k; rest++) sum += p.a[rest] * b[s * p.b_column + rest];
        p.c[j + s] = p.beta == 0 ? p.alpha * sum : p.alpha * sum + p.beta * p.c[j + s];
    }
}

static void row_multiply(const SmallProduct& p, int64_t begin, int64_t end) {
    int64_t j = begin;
    for (; j + 4 <= end; j += 4) row_columns<4>(p, j);
    for (; j < end; j++) row_columns<1>(p, j);
}

} // namespace tl::TL_ISA
