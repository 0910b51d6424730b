namespace tl::TL_ISA {

/// `columns` (at most 16, a constant in the common case) sums side by side in registers.
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
    float packed[small_product];  // k * n is no more than m * n * k
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

} // namespace tl::TL_ISA
