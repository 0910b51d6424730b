// Sums along contiguous arrays. The order of addition depends on the length only: as many sums side by side as fill 128
// bytes, on every instruction set.
namespace tl::TL_ISA {

template <class T>
inline constexpr int lanes_of = 128 / int(sizeof(T));

/// The sum of term(x[i]...) over one or more arrays.
template <class T, class Term, class... Arrays>
static inline __attribute__((always_inline)) T sum_of(int64_t n, Term&& term, const Arrays*... x) {
    constexpr int lanes = lanes_of<T>;
    T parts[lanes] = {};
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (int lane = 0; lane < lanes; lane++) parts[lane] += term(x[i + lane]...);
    for (int lane = 0; i < n; i++, lane++) parts[lane] += term(x[i]...);
    for (int half = lanes / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++) parts[lane] += parts[lane + half];
    return parts[0];
}

template <class T>
static inline T sum(const T* x, int64_t n) {
    return sum_of<T>(n, [](T v) { return v; }, x);
}

template <class T>
static inline T dot(const T* x, const T* y, int64_t n) {
    return sum_of<T>(n, [](T v, T w) { return v * w; }, x, y);
}

/// The largest; NaN is passed over.
template <class T>
static inline T largest(const T* x, int64_t n) {
    constexpr int lanes = lanes_of<T>;
    T parts[lanes];
    for (int lane = 0; lane < lanes; lane++) parts[lane] = -T(__builtin_huge_val());
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (int lane = 0; lane < lanes; lane++) parts[lane] = x[i + lane] > parts[lane] ? x[i + lane] : parts[lane];
    for (int lane = 0; i < n; i++, lane++) parts[lane] = x[i] > parts[lane] ? x[i] : parts[lane];
    for (int half = lanes / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            parts[lane] = parts[lane + half] > parts[lane] ? parts[lane + half] : parts[lane];
    return parts[0];
}

static inline __attribute__((always_inline)) float exponential(float x) { return tl_exp_f32(x); }
static inline __attribute__((always_inline)) double exponential(double x) { return tl_exp_f64(x); }
static inline __attribute__((always_inline)) float logarithm(float x) { return tl_log_f32(x); }
static inline __attribute__((always_inline)) double logarithm(double x) { return tl_log_f64(x); }
static inline __attribute__((always_inline)) float square_root(float x) { return tl_sqrt_f32(x); }
static inline __attribute__((always_inline)) double square_root(double x) { return tl_sqrt_f64(x); }

/// log(sum(exp(x))), and the largest element, which is subtracted first.
template <class T>
static inline T log_sum_exp(const T* x, int64_t n, T* largest_out) {
    const T top = largest(x, n);
    T total = 0;
    T block[512];
    for (int64_t i = 0; i < n; i += 512) {
        const int64_t count = n - i < 512 ? n - i : 512;
        for (int64_t j = 0; j < count; j++) block[j] = exponential(x[i + j] - top);
        total += sum(block, count);
    }
    *largest_out = top;
    return top + logarithm(total);
}

} // namespace tl::TL_ISA
