// The passes of Stockham's algorithm over split arrays (real parts, imaginary parts), and what is done before and after them, for
// one instruction set.
//
// A pass of radix r transforms x, viewed as [r, m, s], to y, viewed as [m, r, s]: with a_k = x[k, p, q], y[p, j, q] =
// w_j(p) sum over k of a_k e^(-2 pi i j k / r), where w_j(p) = e^(-2 pi i p j / (r m)). Numbers with the same factors
// are neighbours, so that the inner loops are contiguous, and the results are in natural order. The last pass, with m = 1, has only
// factors 1.
namespace tl::TL_ISA {

template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
    typedef float type __attribute__((ext_vector_type(TL_VECTOR_BYTES / 4), aligned(4)));
};
template <>
struct VectorOf<double> {
    typedef double type __attribute__((ext_vector_type(TL_VECTOR_BYTES / 8), aligned(8)));
};

/// The type of constants for a number or a vector.
template <class T>
struct ElementOf {
    using type = T;
};
template <>
struct ElementOf<VectorOf<float>::type> {
    using type = float;
};
template <>
struct ElementOf<VectorOf<double>::type> {
    using type = double;
};
template <class T>
using Element = typename ElementOf<T>::type;

/// A complex number, or a vector of them.
template <class T>
struct Value {
    T re, im;
};
template <class T>
TL_INLINE Value<T> operator+(Value<T> a, Value<T> b) { return {a.re + b.re, a.im + b.im}; }
template <class T>
TL_INLINE Value<T> operator-(Value<T> a, Value<T> b) { return {a.re - b.re, a.im - b.im}; }
/// a times -i.
template <class T>
TL_INLINE Value<T> turned(Value<T> a) { return {a.im, -a.re}; }
template <class T>
TL_INLINE Value<T> scaled(Value<T> a, Element<T> factor) { return {a.re * factor, a.im * factor}; }
template <class T>
TL_INLINE Value<T> times(Value<T> a, T re, T im) { return {a.re * re - a.im * im, a.re * im + a.im * re}; }

template <class T>
TL_INLINE void butterfly(Value<T> (&a)[2]) {
    const Value<T> b = a[0] - a[1];
    a[0] = a[0] + a[1];
    a[1] = b;
}
template <class T>
TL_INLINE void butterfly(Value<T> (&a)[3]) {
    constexpr Element<T> sine = Element<T>(0.866025403784438646764);
    const Value<T> sum = a[1] + a[2], side = turned(scaled(a[1] - a[2], sine)), middle = a[0] - scaled(sum, Element<T>(0.5));
    a[0] = a[0] + sum;
    a[1] = middle + side;
    a[2] = middle - side;
}
template <class T>
TL_INLINE void butterfly(Value<T> (&a)[4]) {
    const Value<T> b = a[0] + a[2], c = a[0] - a[2], d = a[1] + a[3], e = turned(a[1] - a[3]);
    a[0] = b + d;
    a[1] = c + e;
    a[2] = b - d;
    a[3] = c - e;
}
template <class T>
TL_INLINE void butterfly(Value<T> (&a)[5]) {
    using E = Element<T>;
    constexpr E c1 = E(0.309016994374947424102), c2 = E(-0.809016994374947424102);
    constexpr E s1 = E(0.951056516295153572116), s2 = E(0.587785252292473129169);
    const Value<T> p = a[1] + a[4], q = a[2] + a[3], r = a[1] - a[4], t = a[2] - a[3];
    const Value<T> first = a[0] + scaled(p, c1) + scaled(q, c2), second = a[0] + scaled(p, c2) + scaled(q, c1);
    const Value<T> one = turned(scaled(r, s1) + scaled(t, s2)), two = turned(scaled(r, s2) - scaled(t, s1));
    a[0] = a[0] + p + q;
    a[1] = first + one;
    a[2] = second + two;
    a[3] = second - two;
    a[4] = first - one;
}
template <class T>
TL_INLINE void butterfly(Value<T> (&a)[8]) {
    constexpr Element<T> half = Element<T>(0.707106781186547524401);
    Value<T> even[4] = {a[0], a[2], a[4], a[6]}, odd[4] = {a[1], a[3], a[5], a[7]};
    butterfly(even);
    butterfly(odd);
    const Value<T> second = scaled(odd[1] + turned(odd[1]), half), third = turned(odd[2]);
    const Value<T> fourth = scaled(turned(odd[3]) - odd[3], half);
    a[0] = even[0] + odd[0];
    a[4] = even[0] - odd[0];
    a[1] = even[1] + second;
    a[5] = even[1] - second;
    a[2] = even[2] + third;
    a[6] = even[2] - third;
    a[3] = even[3] + fourth;
    a[7] = even[3] - fourth;
}

/// A pass whose s is a multiple of the vector size.
template <int r, class T>
void pass_in_vectors(const T* __restrict xr, const T* __restrict xi, T* __restrict yr, T* __restrict yi, int64_t m, int64_t s,
                     const T* __restrict w) {
    using V = typename VectorOf<T>::type;
    constexpr int64_t width = TL_VECTOR_BYTES / sizeof(T);
    for (int64_t p = 0; p < m; ++p) {
        T wr[r], wi[r];
        for (int j = 1; j < r; ++j) wr[j] = w[2 * (j - 1) * m + p], wi[j] = w[(2 * j - 1) * m + p];
        const T *from_r = xr + p * s, *from_i = xi + p * s;
        T *to_r = yr + p * r * s, *to_i = yi + p * r * s;
        for (int64_t q = 0; q < s; q += width) {
            Value<V> a[r];
#pragma clang loop unroll(full)
            for (int k = 0; k < r; ++k)
                a[k] = {*reinterpret_cast<const V*>(from_r + k * m * s + q), *reinterpret_cast<const V*>(from_i + k * m * s + q)};
            butterfly(a);
            if (m > 1)
#pragma clang loop unroll(full)
                for (int j = 1; j < r; ++j) a[j] = times(a[j], V(wr[j]), V(wi[j]));
#pragma clang loop unroll(full)
            for (int j = 0; j < r; ++j) {
                *reinterpret_cast<V*>(to_r + j * s + q) = a[j].re;
                *reinterpret_cast<V*>(to_i + j * s + q) = a[j].im;
            }
        }
    }
}

/// `w` holds w_j(p) for j = 1 ..< r: all real parts of one j, then its imaginary parts, m of each.
template <int r, class T>
void pass(const T* __restrict xr, const T* __restrict xi, T* __restrict yr, T* __restrict yi, int64_t m, int64_t s,
          const T* __restrict w) {
    if (s % int64_t(TL_VECTOR_BYTES / sizeof(T)) == 0) return pass_in_vectors<r>(xr, xi, yr, yi, m, s, w);
    if (s == 1) {
#pragma clang loop vectorize(assume_safety)
        for (int64_t p = 0; p < m; ++p) {
            Value<T> a[r];
#pragma clang loop unroll(full)
            for (int k = 0; k < r; ++k) a[k] = {xr[k * m + p], xi[k * m + p]};
            butterfly(a);
            if (m > 1)
#pragma clang loop unroll(full)
                for (int j = 1; j < r; ++j) a[j] = times(a[j], w[2 * (j - 1) * m + p], w[(2 * j - 1) * m + p]);
#pragma clang loop unroll(full)
            for (int j = 0; j < r; ++j) {
                yr[p * r + j] = a[j].re;
                yi[p * r + j] = a[j].im;
            }
        }
        return;
    }
    for (int64_t p = 0; p < m; ++p) {
        T wr[r], wi[r];
        for (int j = 1; j < r; ++j) wr[j] = w[2 * (j - 1) * m + p], wi[j] = w[(2 * j - 1) * m + p];
        const T *from_r = xr + p * s, *from_i = xi + p * s;
        T *to_r = yr + p * r * s, *to_i = yi + p * r * s;
#pragma clang loop vectorize(assume_safety)
        for (int64_t q = 0; q < s; ++q) {
            Value<T> a[r];
#pragma clang loop unroll(full)
            for (int k = 0; k < r; ++k) a[k] = {from_r[k * m * s + q], from_i[k * m * s + q]};
            butterfly(a);
            if (m > 1)
#pragma clang loop unroll(full)
                for (int j = 1; j < r; ++j) a[j] = times(a[j], wr[j], wi[j]);
#pragma clang loop unroll(full)
            for (int j = 0; j < r; ++j) {
                to_r[j * s + q] = a[j].re;
                to_i[j * s + q] = a[j].im;
            }
        }
    }
}

/// A pass over numbers of `transform_lanes` transforms, each block of which, [r, m], is transformed in place: its results have the
/// order [j, p]. The arithmetic is that of the other passes, bit for bit.
template <int r, class T>
void pass_in_place(T* __restrict re, T* __restrict im, int64_t blocks, int64_t m, const T* __restrict w) {
    using V = typename VectorOf<T>::type;
    constexpr int64_t width = TL_VECTOR_BYTES / sizeof(T), lanes = transform_lanes;
    for (int64_t b = 0; b < blocks; ++b)
        for (int64_t p = 0; p < m; ++p) {
            T *at_r = re + (b * r * m + p) * lanes, *at_i = im + (b * r * m + p) * lanes;
            for (int64_t q = 0; q < lanes; q += width) {
                Value<V> a[r];
#pragma clang loop unroll(full)
                for (int k = 0; k < r; ++k)
                    a[k] = {*reinterpret_cast<const V*>(at_r + k * m * lanes + q), *reinterpret_cast<const V*>(at_i + k * m * lanes + q)};
                butterfly(a);
                if (m > 1)
#pragma clang loop unroll(full)
                    for (int j = 1; j < r; ++j) a[j] = times(a[j], V(w[2 * (j - 1) * m + p]), V(w[(2 * j - 1) * m + p]));
#pragma clang loop unroll(full)
                for (int j = 0; j < r; ++j) {
                    *reinterpret_cast<V*>(at_r + j * m * lanes + q) = a[j].re;
                    *reinterpret_cast<V*>(at_i + j * m * lanes + q) = a[j].im;
                }
            }
        }
}

/// Separates vectors of pairs into real and imaginary parts, and joins a half of them.
template <class V, int... i>
TL_INLINE Value<V> separate(V first, V second, std::integer_sequence<int, i...>) {
    return {__builtin_shufflevector(first, second, (2 * i)...), __builtin_shufflevector(first, second, (2 * i + 1)...)};
}
template <int half, class V, int... i>
TL_INLINE V joined(Value<V> a, std::integer_sequence<int, i...>) {
    constexpr int width = sizeof...(i);
    return __builtin_shufflevector(a.re, a.im, (i % 2 * width + (half * width + i) / 2)...);
}

/// The first pass in place of `transform_lanes` transforms whose numbers are neighbours: number i of transform l is pair i * step + l.
/// The forward transform, or with exchanged parts the inverse.
template <int r, class T>
void first_pass_of_columns(const T* __restrict pairs, int64_t step, bool exchanged, T* __restrict re, T* __restrict im, int64_t m,
                           const T* __restrict w) {
    using V = typename VectorOf<T>::type;
    constexpr int64_t width = TL_VECTOR_BYTES / sizeof(T), lanes = transform_lanes;
    constexpr std::make_integer_sequence<int, int(width)> indices;
    for (int64_t p = 0; p < m; ++p)
        for (int64_t q = 0; q < lanes; q += width) {
            Value<V> a[r];
#pragma clang loop unroll(full)
            for (int k = 0; k < r; ++k) {
                const V* from = reinterpret_cast<const V*>(pairs + 2 * ((k * m + p) * step + q));
                a[k] = separate(from[0], from[1], indices);
                if (exchanged) a[k] = {a[k].im, a[k].re};
            }
            butterfly(a);
#pragma clang loop unroll(full)
            for (int j = 1; j < r; ++j) a[j] = times(a[j], V(w[2 * (j - 1) * m + p]), V(w[(2 * j - 1) * m + p]));
#pragma clang loop unroll(full)
            for (int j = 0; j < r; ++j) {
                *reinterpret_cast<V*>(re + (j * m + p) * lanes + q) = a[j].re;
                *reinterpret_cast<V*>(im + (j * m + p) * lanes + q) = a[j].im;
            }
        }
}

/// The last pass, over `blocks` blocks of r numbers, whose results are stored in order as pairs, times a factor. `positions` are those
/// of the results of passes in place.
template <int r, class T>
void last_pass_of_columns(const T* __restrict re, const T* __restrict im, const int32_t* positions, int64_t blocks, T factor,
                          T* __restrict pairs, int64_t step, bool exchanged) {
    using V = typename VectorOf<T>::type;
    constexpr int64_t width = TL_VECTOR_BYTES / sizeof(T), lanes = transform_lanes;
    constexpr std::make_integer_sequence<int, int(width)> indices;
    for (int64_t i = 0; i < blocks; ++i)
        for (int64_t q = 0; q < lanes; q += width) {
            const T *at_r = re + positions[i] * lanes + q, *at_i = im + positions[i] * lanes + q;
            Value<V> a[r];
#pragma clang loop unroll(full)
            for (int k = 0; k < r; ++k) a[k] = {*reinterpret_cast<const V*>(at_r + k * lanes), *reinterpret_cast<const V*>(at_i + k * lanes)};
            butterfly(a);
#pragma clang loop unroll(full)
            for (int j = 0; j < r; ++j) {
                V* to = reinterpret_cast<V*>(pairs + 2 * ((j * blocks + i) * step + q));
                Value<V> b = scaled(a[j], factor);
                if (exchanged) b = {b.im, b.re};
                to[0] = joined<0>(b, indices);
                to[1] = joined<1>(b, indices);
            }
        }
}

/// Any radix: each result is a sum over all terms. `roots` are the r-th roots of unity, real parts first.
template <class T>
void pass_of_any_radix(int64_t r, const T* __restrict xr, const T* __restrict xi, T* __restrict yr, T* __restrict yi,
                       int64_t m, int64_t s, const T* __restrict w, const T* __restrict roots) {
    for (int64_t p = 0; p < m; ++p)
        for (int64_t j = 0; j < r; ++j) {
            const T wr = j == 0 ? T(1) : w[2 * (j - 1) * m + p], wi = j == 0 ? T(0) : w[(2 * j - 1) * m + p];
            T *to_r = yr + (p * r + j) * s, *to_i = yi + (p * r + j) * s;
            for (int64_t q = 0; q < s; ++q) {
                T re = 0, im = 0;
                for (int64_t k = 0; k < r; ++k) {
                    const int64_t turn = j * k % r, at = (k * m + p) * s + q;
                    re += xr[at] * roots[turn] - xi[at] * roots[r + turn];
                    im += xr[at] * roots[r + turn] + xi[at] * roots[turn];
                }
                to_r[q] = re * wr - im * wi;
                to_i[q] = re * wi + im * wr;
            }
        }
}

template <class T>
void run_pass(int64_t r, const T* xr, const T* xi, T* yr, T* yi, int64_t m, int64_t s, const T* w, const T* roots) {
    switch (r) {
    case 2: return pass<2>(xr, xi, yr, yi, m, s, w);
    case 3: return pass<3>(xr, xi, yr, yi, m, s, w);
    case 4: return pass<4>(xr, xi, yr, yi, m, s, w);
    case 5: return pass<5>(xr, xi, yr, yi, m, s, w);
    case 8: return pass<8>(xr, xi, yr, yi, m, s, w);
    default: return pass_of_any_radix(r, xr, xi, yr, yi, m, s, w, roots);
    }
}

template <class T>
void run_pass_in_place(int64_t r, T* re, T* im, int64_t blocks, int64_t m, const T* w) {
    switch (r) {
    case 2: return pass_in_place<2>(re, im, blocks, m, w);
    case 3: return pass_in_place<3>(re, im, blocks, m, w);
    case 4: return pass_in_place<4>(re, im, blocks, m, w);
    case 5: return pass_in_place<5>(re, im, blocks, m, w);
    case 8: return pass_in_place<8>(re, im, blocks, m, w);
    }
}

template <class T>
void run_first_pass_of_columns(int64_t r, const T* pairs, int64_t step, bool exchanged, T* re, T* im, int64_t m, const T* w) {
    switch (r) {
    case 2: return first_pass_of_columns<2>(pairs, step, exchanged, re, im, m, w);
    case 3: return first_pass_of_columns<3>(pairs, step, exchanged, re, im, m, w);
    case 4: return first_pass_of_columns<4>(pairs, step, exchanged, re, im, m, w);
    case 5: return first_pass_of_columns<5>(pairs, step, exchanged, re, im, m, w);
    case 8: return first_pass_of_columns<8>(pairs, step, exchanged, re, im, m, w);
    }
}
template <class T>
void run_last_pass_of_columns(int64_t r, const T* re, const T* im, const int32_t* positions, int64_t blocks, T factor, T* pairs,
                              int64_t step, bool exchanged) {
    switch (r) {
    case 2: return last_pass_of_columns<2>(re, im, positions, blocks, factor, pairs, step, exchanged);
    case 3: return last_pass_of_columns<3>(re, im, positions, blocks, factor, pairs, step, exchanged);
    case 4: return last_pass_of_columns<4>(re, im, positions, blocks, factor, pairs, step, exchanged);
    case 5: return last_pass_of_columns<5>(re, im, positions, blocks, factor, pairs, step, exchanged);
    case 8: return last_pass_of_columns<8>(re, im, positions, blocks, factor, pairs, step, exchanged);
    }
}

/// Converts pairs to split arrays and the reverse, with a factor.
template <class T>
void split_pairs(const T* pairs, int64_t count, T* re, T* im) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) re[i] = pairs[2 * i], im[i] = pairs[2 * i + 1];
}
template <class T>
void join_pairs(const T* re, const T* im, int64_t count, T factor, T* pairs) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) pairs[2 * i] = re[i] * factor, pairs[2 * i + 1] = im[i] * factor;
}
/// Loads transforms whose numbers are neighbours: number i of transform l is pair i * step + l.
template <class T>
void load_columns(const T* pairs, int64_t step, int64_t count, int64_t lanes, T* __restrict re, T* __restrict im) {
    for (int64_t i = 0; i < count; ++i) {
        const T* from = pairs + 2 * i * step;
        T *to_r = re + i * transform_lanes, *to_i = im + i * transform_lanes;
        if (lanes == transform_lanes) {
#pragma clang loop vectorize(assume_safety)
            for (int64_t l = 0; l < transform_lanes; ++l) to_r[l] = from[2 * l], to_i[l] = from[2 * l + 1];
        } else {
            for (int64_t l = 0; l < lanes; ++l) to_r[l] = from[2 * l], to_i[l] = from[2 * l + 1];
            for (int64_t l = lanes; l < transform_lanes; ++l) to_r[l] = 0, to_i[l] = 0;
        }
    }
}
template <class T>
void store_columns(const T* __restrict re, const T* __restrict im, const int32_t* positions, int64_t count, int64_t lanes, T factor,
                   T* pairs, int64_t step) {
    for (int64_t i = 0; i < count; ++i) {
        const int64_t at = (positions ? positions[i] : i) * transform_lanes;
        const T *from_r = re + at, *from_i = im + at;
        T* to = pairs + 2 * i * step;
        if (lanes == transform_lanes) {
#pragma clang loop vectorize(assume_safety)
            for (int64_t l = 0; l < transform_lanes; ++l) to[2 * l] = from_r[l] * factor, to[2 * l + 1] = from_i[l] * factor;
        } else {
            for (int64_t l = 0; l < lanes; ++l) to[2 * l] = from_r[l] * factor, to[2 * l + 1] = from_i[l] * factor;
        }
    }
}
#if TL_VECTOR_BYTES == 64
/// Eight pairs of float32.
typedef double Pairs __attribute__((ext_vector_type(8), aligned(4)));
typedef float Floats __attribute__((ext_vector_type(16), aligned(4)));

/// Transposes eight vectors of eight pairs.
TL_INLINE void transpose_pairs(Pairs (&x)[8]) {
    Pairs a[8], b[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i += 2) {
        a[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        a[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
        if (i & 2) continue;
        b[i] = __builtin_shufflevector(a[i], a[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        b[i + 2] = __builtin_shufflevector(a[i], a[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
        x[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        x[i + 4] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/// Loads the first `count` pairs of `transform_lanes` rows, a multiple of eight, so that number i of row l is at i * transform_lanes + l.
inline int64_t load_rows(const float* const* rows, int64_t count, float* re, float* im) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        Pairs x[2][8];
#pragma clang loop unroll(full)
        for (int half = 0; half < 2; half++) {
#pragma clang loop unroll(full)
            for (int l = 0; l < 8; l++) x[half][l] = *reinterpret_cast<const Pairs*>(rows[8 * half + l] + 2 * i);
            transpose_pairs(x[half]);
        }
#pragma clang loop unroll(full)
        for (int k = 0; k < 8; k++) {
            const Floats a = __builtin_bit_cast(Floats, x[0][k]), b = __builtin_bit_cast(Floats, x[1][k]);
            *reinterpret_cast<Floats*>(re + (i + k) * 16) =
                __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            *reinterpret_cast<Floats*>(im + (i + k) * 16) =
                __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        }
    }
    return i;
}
/// Stores pairs first ..< first + count of `transform_lanes` rows, times a factor; `count` is a multiple of eight.
inline void store_rows(const float* re, const float* im, const int32_t* positions, int64_t first, int64_t count, float factor,
                       float* const* rows) {
    for (int64_t i = 0; i < count; i += 8) {
        Pairs x[2][8];
#pragma clang loop unroll(full)
        for (int k = 0; k < 8; k++) {
            const int64_t at = (positions ? positions[first + i + k] : first + i + k) * 16;
            const Floats a = *reinterpret_cast<const Floats*>(re + at) * factor;
            const Floats b = *reinterpret_cast<const Floats*>(im + at) * factor;
            x[0][k] = __builtin_bit_cast(
                Pairs, __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
            x[1][k] = __builtin_bit_cast(
                Pairs, __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
        }
#pragma clang loop unroll(full)
        for (int half = 0; half < 2; half++) {
            transpose_pairs(x[half]);
#pragma clang loop unroll(full)
            for (int l = 0; l < 8; l++) *reinterpret_cast<Pairs*>(rows[8 * half + l] + 2 * i) = x[half][l];
        }
    }
}
/// The same for the first pairs up to `count`; returns how many. Rows that do not begin at cache lines, such as those of 513 numbers,
/// are collected in tiles, so that few stores cross cache lines.
inline int64_t store_rows(const float* re, const float* im, const int32_t* positions, int64_t count, float factor, float* const* rows) {
    constexpr int64_t line = 64 / sizeof(float), tile_pairs = 64;
    const int64_t done = count / 8 * 8;
    uintptr_t misaligned = 0;
    for (int l = 0; l < 16; l++) misaligned |= reinterpret_cast<uintptr_t>(rows[l]) % 64;
    if (misaligned == 0 || done < tile_pairs) {
        store_rows(re, im, positions, 0, done, factor, rows);
        return done;
    }
    alignas(64) float tile[16][2 * tile_pairs + line];
    float* tile_rows[16];
    for (int l = 0; l < 16; l++) tile_rows[l] = tile[l];
    for (int64_t i = 0; i < done; i += tile_pairs) {
        const int64_t pairs = std::min(tile_pairs, done - i), numbers = 2 * pairs;
        store_rows(re, im, positions, i, pairs, factor, tile_rows);
        for (int l = 0; l < 16; l++) {
            // The first and the last store overlap those of whole cache lines.
            float* const to = rows[l] + 2 * i;
            const auto store = [&](int64_t at) {
                *reinterpret_cast<Pairs*>(to + at) = *reinterpret_cast<const Pairs*>(tile[l] + at);
            };
            const int64_t aligned = int64_t(-reinterpret_cast<uintptr_t>(to) / sizeof(float) % line);
            store(0);
            for (int64_t at = aligned; at + line <= numbers; at += line) store(at);
            store(numbers - line);
        }
    }
    return done;
}
#else
inline int64_t load_rows(const float* const*, int64_t, float*, float*) { return 0; }
inline int64_t store_rows(const float*, const float*, const int32_t*, int64_t, float, float* const*) { return 0; }
#endif
inline int64_t load_rows(const double* const*, int64_t, double*, double*) { return 0; }
inline int64_t store_rows(const double*, const double*, const int32_t*, int64_t, double, double* const*) { return 0; }

/// Multiplies number i of transform l by coarse[i] fine[i, l], and stores it at i * step + l. `fine` has all real parts first;
/// `coarse` has pairs.
template <class T>
void turn_columns(const T* __restrict re, const T* __restrict im, const int32_t* positions, int64_t count, int64_t lanes,
                  const T* __restrict fine, const T* __restrict coarse, T* __restrict to_re, T* __restrict to_im, int64_t step) {
    for (int64_t i = 0; i < count; ++i) {
        const T cr = coarse[2 * i], ci = coarse[2 * i + 1];
        const int64_t at = (positions ? positions[i] : i) * transform_lanes;
        const T *fr = fine + i * transform_lanes, *fi = fr + count * transform_lanes;
        T result_re[transform_lanes], result_im[transform_lanes];
#pragma clang loop vectorize(assume_safety)
        for (int64_t l = 0; l < transform_lanes; ++l) {
            const T wr = fr[l] * cr - fi[l] * ci, wi = fr[l] * ci + fi[l] * cr;
            result_re[l] = re[at + l] * wr - im[at + l] * wi;
            result_im[l] = re[at + l] * wi + im[at + l] * wr;
        }
        const size_t bytes = size_t(lanes) * sizeof(T);
        std::memcpy(to_re + i * step, result_re, lanes == transform_lanes ? sizeof(result_re) : bytes);
        std::memcpy(to_im + i * step, result_im, lanes == transform_lanes ? sizeof(result_im) : bytes);
    }
}
/// The first h + 1 numbers of a real transform of 2 h numbers, from the transform z of h pairs of them, of `lanes` transforms:
/// y[k] = (z[k] + conj(z[h - k]) - i w[k] (z[k] - conj(z[h - k]))) / 2, where z[h] = z[0]. For k in begin ..< end.
template <class T>
void combine_halves(const T* __restrict re, const T* __restrict im, const int32_t* positions, const T* __restrict roots, int64_t h,
                    int64_t begin, int64_t end, int64_t lanes, T* __restrict yr, T* __restrict yi) {
    for (int64_t k = begin; k < end; ++k) {
        const int64_t first = k % h, second = (h - k) % h, to = k * lanes;
        const int64_t a = (positions ? positions[first] : first) * lanes, b = (positions ? positions[second] : second) * lanes;
        const T wr = roots[2 * k], wi = roots[2 * k + 1];
#pragma clang loop vectorize(assume_safety)
        for (int64_t l = 0; l < lanes; ++l) {
            const T sum_re = re[a + l] + re[b + l], sum_im = im[a + l] - im[b + l];
            const T difference_re = re[a + l] - re[b + l], difference_im = im[a + l] + im[b + l];
            yr[to + l] = (sum_re + (wr * difference_im + wi * difference_re)) / 2;
            yi[to + l] = (sum_im - (wr * difference_re - wi * difference_im)) / 2;
        }
    }
}
/// The reverse, times 2: z[k] = y[k] + conj(y[h - k]) + i (y[k] - conj(y[h - k])) / w[k].
template <class T>
void separate_halves(const T* __restrict yr, const T* __restrict yi, const T* __restrict roots, int64_t h, int64_t begin, int64_t end,
                     int64_t lanes, T* __restrict re, T* __restrict im) {
    for (int64_t k = begin; k < end; ++k) {
        const int64_t a = k * lanes, b = (h - k) * lanes;
        const T wr = roots[2 * k], wi = -roots[2 * k + 1];
#pragma clang loop vectorize(assume_safety)
        for (int64_t l = 0; l < lanes; ++l) {
            const T sum_re = yr[a + l] + yr[b + l], sum_im = yi[a + l] - yi[b + l];
            const T difference_re = yr[a + l] - yr[b + l], difference_im = yi[a + l] + yi[b + l];
            const T turned_re = wr * difference_re - wi * difference_im, turned_im = wr * difference_im + wi * difference_re;
            re[a + l] = sum_re - turned_im;
            im[a + l] = sum_im + turned_re;
        }
    }
}
/// Multiplies number i of each of `lanes` transforms by b[i].
template <class T>
void multiply_by(T* ar, T* ai, const T* br, const T* bi, int64_t count, int64_t lanes) {
    for (int64_t i = 0; i < count; ++i) {
        T *to_r = ar + i * lanes, *to_i = ai + i * lanes;
#pragma clang loop vectorize(assume_safety)
        for (int64_t l = 0; l < lanes; ++l) {
            const T re = to_r[l] * br[i] - to_i[l] * bi[i];
            to_i[l] = to_r[l] * bi[i] + to_i[l] * br[i];
            to_r[l] = re;
        }
    }
}

} // namespace tl::TL_ISA
