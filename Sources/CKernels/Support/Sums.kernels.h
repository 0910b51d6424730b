// Sums of contiguous arrays. The order of addition depends on the length only: two accumulators of 64 bytes on every
// instruction set.
namespace tl::TL_ISA {

template <class T>
struct Lanes {
    static constexpr int count = 64 / int(sizeof(T));
    typedef T Vector __attribute__((vector_size(64)));
    /// A vector loaded from an unaligned address.
    struct Loaded {
        Vector v;
        explicit Loaded(const T* from) { __builtin_memcpy(&v, from, sizeof v); }
    };
};

/// The sum by add(total, x[i]...) over one or more arrays. `add` is a template over scalars and vectors, which are
/// passed by reference: the calling convention of vectors depends on the instruction set.
template <class T, class Add, class... Arrays>
static inline __attribute__((always_inline)) T sum_of(int64_t n, Add&& add, const Arrays*... x) {
    constexpr int lanes = Lanes<T>::count;
    using Vector = typename Lanes<T>::Vector;
    using Loaded = typename Lanes<T>::Loaded;
    Vector a = {}, b = {};
    int64_t i = 0;
    for (; i + 2 * lanes <= n; i += 2 * lanes) {
        add(a, Loaded(x + i).v...);
        add(b, Loaded(x + i + lanes).v...);
    }
    if (i + lanes <= n) {
        add(a, Loaded(x + i).v...);
        i += lanes;
    }
    a += b;
    T parts[lanes];
    __builtin_memcpy(parts, &a, sizeof parts);
    for (int lane = 0; i < n; i++, lane++) add(parts[lane], x[i]...);
    for (int half = lanes / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++) parts[lane] += parts[lane + half];
    return parts[0];
}

template <class T>
static inline T sum(const T* x, int64_t n) {
    return sum_of<T>(n, [](auto& total, const auto& v) { total += v; }, x);
}

/// The sum in float64. Four float32 vectors are added before the conversion, which costs two roundings and no time.
static inline __attribute__((always_inline)) double wide_sum(const double* x, int64_t n) { return sum(x, n); }
static inline __attribute__((always_inline)) double wide_sum(const float* x, int64_t n) {
    typedef float Narrow __attribute__((vector_size(32)));
    typedef double Wide __attribute__((vector_size(64)));
    struct Loaded {
        Narrow v;
        explicit Loaded(const float* from) { __builtin_memcpy(&v, from, sizeof v); }
    };
    Wide a = {}, b = {};
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        a += __builtin_convertvector((Loaded(x + i).v + Loaded(x + i + 8).v) + (Loaded(x + i + 16).v + Loaded(x + i + 24).v), Wide);
        b += __builtin_convertvector((Loaded(x + i + 32).v + Loaded(x + i + 40).v) + (Loaded(x + i + 48).v + Loaded(x + i + 56).v), Wide);
    }
    for (; i + 8 <= n; i += 8) a += __builtin_convertvector(Loaded(x + i).v, Wide);
    a += b;
    double parts[8];
    __builtin_memcpy(parts, &a, sizeof parts);
    for (int lane = 0; i < n; i++, lane++) parts[lane] += double(x[i]);
    for (int half = 4; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++) parts[lane] += parts[lane + half];
    return parts[0];
}

template <class T>
static inline T dot(const T* x, const T* y, int64_t n) {
    return sum_of<T>(n, [](auto& total, const auto& v, const auto& w) { total += v * w; }, x, y);
}

/// The maximum; NaN is ignored.
template <class T>
static inline T largest(const T* x, int64_t n) {
    constexpr int lanes = Lanes<T>::count;
    using Vector = typename Lanes<T>::Vector;
    T best = -T(__builtin_huge_val());
    int64_t i = 0;
    if (n >= lanes) {
        Vector a = best - Vector{};
        for (; i + lanes <= n; i += lanes) {
            const Vector v = typename Lanes<T>::Loaded(x + i).v;
            a = v > a ? v : a;
        }
        T parts[lanes];
        __builtin_memcpy(parts, &a, sizeof parts);
        for (int half = lanes / 2; half > 0; half /= 2)
            for (int lane = 0; lane < half; lane++)
                parts[lane] = parts[lane] > parts[lane + half] ? parts[lane] : parts[lane + half];
        best = parts[0];
    }
    for (; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
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
