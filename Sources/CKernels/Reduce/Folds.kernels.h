// Reductions of contiguous elements with several accumulators, so that the additions do not depend on each other.
//
// Accuracy of sums: float32 is accumulated in float64. For float64 a piece has at most 1,024 elements, divided over 16
// accumulators, and the drivers combine pieces pairwise, so that the error grows as for pairwise summation.
namespace tl::TL_ISA {

/// 128 bytes, in as many registers as the instruction set needs for it.
template <class T>
struct Wide {
    typedef T Vector __attribute__((vector_size(128), aligned(sizeof(T))));
    typedef T Quarter __attribute__((vector_size(32), aligned(sizeof(T))));
    static constexpr int64_t lanes = 128 / sizeof(T);
};

// An operation maps an element and combines two values. Both are templates: V is T or a vector of T.
template <class T>
struct Sum {
    static T identity() { return T(0); }
    template <class V>
    static V map(V x) { return x; }
    template <class V>
    static V combine(V a, V b) { return a + b; }
};
template <class T>
struct SumSquares : Sum<T> {
    template <class V>
    static V map(V x) { return x * x; }
};
template <class T>
struct Product {
    static T identity() { return T(1); }
    template <class V>
    static V map(V x) { return x; }
    template <class V>
    static V combine(V a, V b) { return a * b; }
};
template <class T>
struct Maximum {
    static T identity() {
        return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                    : std::numeric_limits<T>::lowest();
    }
    template <class V>
    static V map(V x) { return x; }
    template <class V>
    static V combine(V a, V b) { return ((b > a) | (b != b)) ? b : a; }
};
template <class T>
struct Minimum {
    static T identity() {
        return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                    : std::numeric_limits<T>::max();
    }
    template <class V>
    static V map(V x) { return x; }
    template <class V>
    static V combine(V a, V b) { return ((b < a) | (b != b)) ? b : a; }
};
template <class T>
struct Any {
    static T identity() { return T(0); }
    template <class V>
    static V map(V x) { return x != T(0) ? V{} + T(1) : V{}; }
    template <class V>
    static V combine(V a, V b) { return b > a ? b : a; }
};
template <class T>
struct All {
    static T identity() { return T(1); }
    template <class V>
    static V map(V x) { return x != T(0) ? V{} + T(1) : V{}; }
    template <class V>
    static V combine(V a, V b) { return b < a ? b : a; }
};

// ---- Rows

template <class Op, class V, class T>
inline __attribute__((always_inline)) T across(const V& vector) {
    constexpr int lanes = sizeof(V) / sizeof(T);
    T lane[lanes];
    std::memcpy(lane, &vector, sizeof vector);
    for (int width = lanes / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lane[i] = Op::combine(lane[i], lane[i + width]);
    return lane[0];
}

template <class Op, class T>
void fold_piece(void* state, const void* source, int64_t count, int64_t) {
    using V = typename Wide<T>::Vector;
    using Q = typename Wide<T>::Quarter;
    constexpr int64_t lanes = Wide<T>::lanes, quarter = lanes / 4;
    const T* x = static_cast<const T*>(source);
    T result = Op::identity();
    int64_t i = 0;
    if (count >= lanes) {
        V sum = Op::map(*reinterpret_cast<const V*>(x));
        for (i = lanes; i + lanes <= count; i += lanes)
            sum = Op::combine(sum, Op::map(*reinterpret_cast<const V*>(x + i)));
        result = across<Op, V, T>(sum);
    }
    if (i + quarter <= count) {
        Q sum = Op::map(*reinterpret_cast<const Q*>(x + i));
        for (i += quarter; i + quarter <= count; i += quarter)
            sum = Op::combine(sum, Op::map(*reinterpret_cast<const Q*>(x + i)));
        result = Op::combine(result, across<Op, Q, T>(sum));
    }
    for (; i < count; ++i) result = Op::combine(result, Op::map(x[i]));
    *static_cast<T*>(state) = result;
}

/// `fold_piece` for four pieces, 128 bytes of each in turn: the hardware prefetches each stream, and four streams are
/// almost twice as fast as one.
template <class Op, class T>
void fold_four_pieces(void* const* states, const void* const* sources, int64_t count) {
    using V = typename Wide<T>::Vector;
    constexpr int64_t lanes = Wide<T>::lanes;
    const auto at = [&](int piece, int64_t i) {
        return Op::map(*reinterpret_cast<const V*>(static_cast<const T*>(sources[piece]) + i));
    };
    V a = at(0, 0), b = at(1, 0), c = at(2, 0), d = at(3, 0);
    for (int64_t i = lanes; i < count; i += lanes) {
        a = Op::combine(a, at(0, i));
        b = Op::combine(b, at(1, i));
        c = Op::combine(c, at(2, i));
        d = Op::combine(d, at(3, i));
    }
    *static_cast<T*>(states[0]) = across<Op, V, T>(a);
    *static_cast<T*>(states[1]) = across<Op, V, T>(b);
    *static_cast<T*>(states[2]) = across<Op, V, T>(c);
    *static_cast<T*>(states[3]) = across<Op, V, T>(d);
}

template <class Op, class T>
void merge_states(void* state, const void* later) {
    T& value = *static_cast<T*>(state);
    value = Op::combine(value, *static_cast<const T*>(later));
}

// ---- Columns

template <class Op, class T>
void start_columns(void* into, int64_t count) {
    for (int64_t i = 0; i < count; ++i) static_cast<T*>(into)[i] = Op::identity();
}
template <class Op, class T>
void fold_four(void* into, const void* const* rows, int64_t count) {
    T* sum = static_cast<T*>(into);
    const T *a = static_cast<const T*>(rows[0]), *b = static_cast<const T*>(rows[1]);
    const T *c = static_cast<const T*>(rows[2]), *d = static_cast<const T*>(rows[3]);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i)
        sum[i] = Op::combine(sum[i], Op::combine(Op::combine(Op::map(a[i]), Op::map(b[i])),
                                                 Op::combine(Op::map(c[i]), Op::map(d[i]))));
}
template <class Op, class T>
void fold_one(void* into, const void* row, int64_t count) {
    T* sum = static_cast<T*>(into);
    const T* x = static_cast<const T*>(row);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) sum[i] = Op::combine(sum[i], Op::map(x[i]));
}
template <class Op, class T>
void merge_columns(void* into, const void* other, int64_t count) {
    T* sum = static_cast<T*>(into);
    const T* x = static_cast<const T*>(other);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) sum[i] = Op::combine(sum[i], x[i]);
}

// ---- Short rows

/// The length is a constant, so that there is no inner loop and several rows are processed together.
template <class Op, class T, class State, int64_t length>
void fold_rows_of(State* into, const T* x, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        State state = Op::map(static_cast<State>(x[i * length]));
        for (int64_t j = 1; j < length; ++j)
            state = Op::combine(state, Op::map(static_cast<State>(x[i * length + j])));
        into[i] = state;
    }
}
template <class Op, class T, class State = T>
void fold_short_rows(void* into, const void* source, int64_t length, int64_t count) {
    State* states = static_cast<State*>(into);
    const T* x = static_cast<const T*>(source);
    switch (length) {
    case 2: return fold_rows_of<Op, T, State, 2>(states, x, count);
    case 3: return fold_rows_of<Op, T, State, 3>(states, x, count);
    case 4: return fold_rows_of<Op, T, State, 4>(states, x, count);
    case 5: return fold_rows_of<Op, T, State, 5>(states, x, count);
    case 6: return fold_rows_of<Op, T, State, 6>(states, x, count);
    case 7: return fold_rows_of<Op, T, State, 7>(states, x, count);
    default: return fold_rows_of<Op, T, State, 8>(states, x, count);
    }
}

template <class Op, class T>
constexpr Fold make_fold() {
    return {{sizeof(T), fold_piece<Op, T>, merge_states<Op, T>, fold_four_pieces<Op, T>},
            {sizeof(T), start_columns<Op, T>, fold_four<Op, T>, fold_one<Op, T>, merge_columns<Op, T>,
             fold_short_rows<Op, T>}};
}

// ---- Sums of float32, accumulated in float64

template <int lanes>
struct Widened {
    typedef float Source __attribute__((vector_size(lanes * 4), aligned(4)));
    typedef float Narrow __attribute__((vector_size(lanes * 4)));
    typedef double Vector __attribute__((vector_size(lanes * 8)));
    static inline __attribute__((always_inline)) Narrow at(const float* x) {
        return *reinterpret_cast<const Source*>(x);
    }
};

/// Four numbers or vectors are added in float32 before the conversion, which costs two roundings and no time, as
/// reading dominates. If that overflows, `tl_reduce` repeats the sum.
template <class V>
inline __attribute__((always_inline)) V sum_of_four(V a, V b, V c, V d) {
    return (a + b) + (c + d);
}

inline void sum_piece(void* state, const void* source, int64_t count, int64_t) {
    using Wide = typename Widened<16>::Vector;
    using Half = typename Widened<8>::Vector;
    const float* x = static_cast<const float*>(source);
    const auto at = [x](int64_t i) { return Widened<16>::at(x + i); };
    double result = 0;
    int64_t i = 0;
    if (count >= 16) {
        Wide sum{};
        for (; i + 64 <= count; i += 64)
            sum += __builtin_convertvector(sum_of_four(at(i), at(i + 16), at(i + 32), at(i + 48)), Wide);
        for (; i + 16 <= count; i += 16) sum += __builtin_convertvector(at(i), Wide);
        result = across<Sum<double>, Wide, double>(sum);
    }
    if (i + 8 <= count) {
        const Half sum = __builtin_convertvector(Widened<8>::at(x + i), Half);
        result += across<Sum<double>, Half, double>(sum);
        i += 8;
    }
    for (; i < count; ++i) result += static_cast<double>(x[i]);
    *static_cast<double*>(state) = result;
}

/// `sum_piece` for four pieces of whole vectors, as `fold_four_pieces` is `fold_piece` for four pieces.
inline void sum_four_pieces(void* const* states, const void* const* sources, int64_t count) {
    using Wide = typename Widened<16>::Vector;
    const auto four = [sources](int piece, int64_t i) {
        const float* x = static_cast<const float*>(sources[piece]) + i;
        const auto at = [x](int64_t j) { return Widened<16>::at(x + j); };
        return __builtin_convertvector(sum_of_four(at(0), at(16), at(32), at(48)), Wide);
    };
    Wide a{}, b{}, c{}, d{};
    for (int64_t i = 0; i < count; i += 64) {
        a += four(0, i);
        b += four(1, i);
        c += four(2, i);
        d += four(3, i);
    }
    *static_cast<double*>(states[0]) = across<Sum<double>, Wide, double>(a);
    *static_cast<double*>(states[1]) = across<Sum<double>, Wide, double>(b);
    *static_cast<double*>(states[2]) = across<Sum<double>, Wide, double>(c);
    *static_cast<double*>(states[3]) = across<Sum<double>, Wide, double>(d);
}

/// As `sum_of_four`, with a third rounding.
inline void sum_eight_rows(void* into, const void* const* rows, int64_t count) {
    double* sum = static_cast<double*>(into);
    const float* r[8];
    for (int i = 0; i < 8; ++i) r[i] = static_cast<const float*>(rows[i]);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i)
        sum[i] += static_cast<double>(sum_of_four(r[0][i], r[1][i], r[2][i], r[3][i]) +
                                      sum_of_four(r[4][i], r[5][i], r[6][i], r[7][i]));
}
inline void sum_four_rows(void* into, const void* const* rows, int64_t count) {
    double* sum = static_cast<double*>(into);
    const float *a = static_cast<const float*>(rows[0]), *b = static_cast<const float*>(rows[1]);
    const float *c = static_cast<const float*>(rows[2]), *d = static_cast<const float*>(rows[3]);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) sum[i] += static_cast<double>(sum_of_four(a[i], b[i], c[i], d[i]));
}
inline void sum_one_row(void* into, const void* row, int64_t count) {
    double* sum = static_cast<double*>(into);
    const float* x = static_cast<const float*>(row);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) sum[i] += static_cast<double>(x[i]);
}

// ---- log(sum(exp(x)))

inline float exponential(float x) { return tl_exp_f32(x); }
inline double exponential(double x) { return tl_exp_f64(x); }
inline float logarithm(float x) { return tl_log_f32(x); }
inline double logarithm(double x) { return tl_log_f64(x); }

/// The reference of the exponents: if the highest is infinite, exp(x - highest) would be NaN; exp(x) itself is then 0
/// or infinite, which gives the correct result.
template <class T>
T origin(T highest) {
    return highest - highest == T(0) || highest != highest ? highest : T(0);
}

template <class T>
void exponential_piece(void* state, const void* source, int64_t count, int64_t position) {
    T highest;
    fold_piece<Maximum<T>, T>(&highest, source, count, position);
    const T zero = origin(highest);
    const T* x = static_cast<const T*>(source);
    T powers[64], sum = 0;
    for (int64_t start = 0; start < count; start += 64) {
        const int64_t n = count - start < 64 ? count - start : 64;
        for (int64_t i = 0; i < n; ++i) powers[i] = exponential(x[start + i] - zero);
        T part;
        fold_piece<Sum<T>, T>(&part, powers, n, 0);
        sum += part;
    }
    *static_cast<ExponentialState<T>*>(state) = {highest, sum};
}
template <class T>
void merge_exponentials(void* state, const void* later) {
    ExponentialState<T>& a = *static_cast<ExponentialState<T>*>(state);
    const ExponentialState<T>& b = *static_cast<const ExponentialState<T>*>(later);
    const T highest = Maximum<T>::combine(a.highest, b.highest), zero = origin(highest);
    a.sum = a.sum * exponential(origin(a.highest) - zero) + b.sum * exponential(origin(b.highest) - zero);
    a.highest = highest;
}
template <class T>
void exponential_results(const void* states, void* results, int64_t count) {
    const ExponentialState<T>* state = static_cast<const ExponentialState<T>*>(states);
    for (int64_t i = 0; i < count; ++i)
        static_cast<T*>(results)[i] = origin(state[i].highest) + logarithm(state[i].sum);
}
inline void finish_exponentials(int compute, const void* states, void* results, int64_t count) {
    if (compute == 0)
        exponential_results<float>(states, results, count);
    else
        exponential_results<double>(states, results, count);
}

// ---- Index of the maximum or minimum

template <class Op, class T>
void extreme_piece(void* state, const void* source, int64_t count, int64_t position) {
    T best;
    fold_piece<Op, T>(&best, source, count, position);
    const T* x = static_cast<const T*>(source);
    int64_t i = 0;
    while (i + 1 < count && !((x[i] == best) | (x[i] != x[i]))) ++i;
    *static_cast<ExtremeState<T>*>(state) = {x[i], position + i};
}
template <class Op, class T>
void merge_extremes(void* state, const void* later) {
    ExtremeState<T>& a = *static_cast<ExtremeState<T>*>(state);
    const ExtremeState<T>& b = *static_cast<const ExtremeState<T>*>(later);
    // The later one only if it is strictly better; of two NaN the first is kept.
    const T combined = Op::combine(a.value, b.value);
    if (a.value == a.value && combined != a.value) a = b;
}

// ---- Mean and variance: two passes per piece, combined by the formula of Chan, Golub and LeVeque (1979)

/// `moment_piece` in float64.
inline void wide_moments(const float* x, int64_t count, MomentState& result) {
    using Wide = typename Widened<8>::Vector;
    const auto at = [x](int64_t i) { return Widened<8>::at(x + i); };
    Wide sums{}, squares{}, rests{};
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) sums += __builtin_convertvector(at(i), Wide);
    double sum = across<Sum<double>, Wide, double>(sums);
    for (; i < count; ++i) sum += static_cast<double>(x[i]);
    const double n = static_cast<double>(count), mean = sum / n;
    i = 0;
    for (; i + 8 <= count; i += 8) {
        const Wide d = __builtin_convertvector(at(i), Wide) - mean;
        squares += d * d;
        rests += d;
    }
    double square = across<Sum<double>, Wide, double>(squares), rest = across<Sum<double>, Wide, double>(rests);
    for (; i < count; ++i) {
        const double d = static_cast<double>(x[i]) - mean;
        square += d * d;
        rest += d;
    }
    const double shift = rest / n;
    result = {n, mean + shift, square - n * shift * shift};
}

template <class T>
void moment_piece(void* state, const void* source, int64_t count, int64_t) {
    using V = typename Wide<T>::Vector;
    constexpr int64_t lanes = Wide<T>::lanes;
    const T* x = static_cast<const T*>(source);
    const double n = static_cast<double>(count);
    double sum;
    if constexpr (sizeof(T) == 4) sum_piece(&sum, source, count, 0);
    else fold_piece<Sum<T>, T>(&sum, source, count, 0);
    const T mean = static_cast<T>(sum / n);
    V squares{}, rests{};
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        const V d = *reinterpret_cast<const V*>(x + i) - mean;
        squares += d * d;
        rests += d;
    }
    T square = across<Sum<T>, V, T>(squares), rest = across<Sum<T>, V, T>(rests);
    for (; i < count; ++i) {
        const T d = x[i] - mean;
        square += d * d;
        rest += d;
    }
    // The rounding error of `mean` is corrected by the mean of the deviations, and the squares by Steiner's theorem.
    const double shift = static_cast<double>(rest) / n;
    MomentState& result = *static_cast<MomentState*>(state);
    result = {n, static_cast<double>(mean) + shift, static_cast<double>(square) - n * shift * shift};
    // Squares that overflowed or underflowed are recomputed in a wider type.
    if constexpr (sizeof(T) == 4) {
        if (!(square >= T(1e-26) * T(count) && square <= T(1e38))) wide_moments(x, count, result);
    } else {
        if (!squares_are_in_range(square / n)) {
            const WidestMoments moments = widest_moments(count, [x](int64_t i) { return x[i]; });
            result = {n, static_cast<double>(moments.mean), moments.variance * n};
        }
    }
}
inline void merge_moments(void* state, const void* later) {
    MomentState& a = *static_cast<MomentState*>(state);
    const MomentState& b = *static_cast<const MomentState*>(later);
    const double n = a.count + b.count;
    const long double d = static_cast<long double>(b.mean) - a.mean;
    a.squares += b.squares + d * d * (a.count * b.count / n);
    a.mean += static_cast<double>(d * (b.count / n));
    a.count = n;
}

// ---- Tables. Sums and products of int64 wrap, so that they are computed on unsigned numbers.

template <template <class> class Op, class Integer>
struct Folds {
    static constexpr Fold each[3] = {make_fold<Op<float>, float>(), make_fold<Op<double>, double>(),
                                     make_fold<Op<Integer>, Integer>()};
};

inline const Fold& fold(int32_t op, int compute) {
    static constexpr Fold logsumexp[2] = {
        {{sizeof(ExponentialState<float>), exponential_piece<float>, merge_exponentials<float>}, {}},
        {{sizeof(ExponentialState<double>), exponential_piece<double>, merge_exponentials<double>}, {}}};
    static constexpr Fold wide_sum = {
        {sizeof(double), sum_piece, merge_states<Sum<double>, double>, sum_four_pieces},
        {sizeof(double), start_columns<Sum<double>, double>, sum_four_rows, sum_one_row,
         merge_columns<Sum<double>, double>, fold_short_rows<Sum<double>, float, double>, sum_eight_rows}};
    if (compute == 0 && (op == TL_REDUCE_SUM || op == TL_REDUCE_MEAN)) return wide_sum;
    switch (op) {
    case TL_REDUCE_PROD: return Folds<Product, uint64_t>::each[compute];
    case TL_REDUCE_MAX: return Folds<Maximum, int64_t>::each[compute];
    case TL_REDUCE_MIN: return Folds<Minimum, int64_t>::each[compute];
    case TL_REDUCE_ANY: return Folds<Any, int64_t>::each[compute];
    case TL_REDUCE_ALL: return Folds<All, int64_t>::each[compute];
    case TL_REDUCE_NORM: return Folds<SumSquares, uint64_t>::each[compute];
    case TL_REDUCE_LOGSUMEXP: return logsumexp[compute];
    default: return Folds<Sum, uint64_t>::each[compute];
    }
}

template <template <class> class Op, class T>
constexpr RowFold make_extreme() {
    return {sizeof(ExtremeState<T>), extreme_piece<Op<T>, T>, merge_extremes<Op<T>, T>};
}
inline const RowFold& extreme(bool largest, int compute) {
    static constexpr RowFold folds[2][3] = {
        {make_extreme<Minimum, float>(), make_extreme<Minimum, double>(), make_extreme<Minimum, int64_t>()},
        {make_extreme<Maximum, float>(), make_extreme<Maximum, double>(), make_extreme<Maximum, int64_t>()}};
    return folds[largest][compute];
}

inline const RowFold& moment(int compute) {
    static constexpr RowFold folds[2] = {{sizeof(MomentState), moment_piece<float>, merge_moments},
                                         {sizeof(MomentState), moment_piece<double>, merge_moments}};
    return folds[compute];
}

} // namespace tl::TL_ISA
