namespace tl::TL_ISA {

/// A register tile of a float32 product, `rows` by two vectors, which stays in registers between calls of `add`.
template <int rows, int lanes>
struct PairSums {
    typedef float Vector __attribute__((vector_size(lanes * 4)));
    typedef float Loose __attribute__((vector_size(lanes * 4), aligned(4)));
    Vector of[rows][2];

    /// Sets each row to its number, or all to 0.
    inline __attribute__((always_inline)) void start(const float* numbers) {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 2; j++) of[i][j] = (numbers ? numbers[i] : 0.0f) - Vector{};
    }
    inline __attribute__((always_inline)) void load(const float* from, int64_t row) {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 2; j++) of[i][j] = *reinterpret_cast<const Loose*>(from + i * row + j * lanes);
    }
    inline __attribute__((always_inline)) void store(float* to, int64_t row) const {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 2; j++) *reinterpret_cast<Loose*>(to + i * row + j * lanes) = of[i][j];
    }
    /// of[row] += a[row * a_row] * b
    inline __attribute__((always_inline)) void add(const float* a, int64_t a_row, const float* b) {
        const Vector b0 = *reinterpret_cast<const Loose*>(b), b1 = *reinterpret_cast<const Loose*>(b + lanes);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const Vector factor = a[i * a_row] - Vector{};
            of[i][0] += factor * b0;
            of[i][1] += factor * b1;
        }
    }
};

} // namespace tl::TL_ISA
