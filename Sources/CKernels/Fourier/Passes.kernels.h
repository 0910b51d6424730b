// One pass of Stockham's algorithm over split arrays (real parts, imaginary parts), for one instruction set.
//
// A pass of radix r transforms x, viewed as [r, m, s], to y, viewed as [m, r, s]: with a_k = x[k, p, q], y[p, j, q] =
// w_j(p) sum over k of a_k e^(-2 pi i j k / r), where w_j(p) = e^(-2 pi i p j / (r m)). Numbers with the same factors
// are neighbours, so that the inner loops are contiguous, and the results are in natural order.
namespace tl::TL_ISA {

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
TL_INLINE Value<T> scaled(Value<T> a, T factor) { return {a.re * factor, a.im * factor}; }
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
    constexpr T sine = T(0.866025403784438646764);
    const Value<T> sum = a[1] + a[2], side = turned(scaled(a[1] - a[2], sine)), middle = a[0] - scaled(sum, T(0.5));
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
    constexpr T c1 = T(0.309016994374947424102), c2 = T(-0.809016994374947424102);
    constexpr T s1 = T(0.951056516295153572116), s2 = T(0.587785252292473129169);
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
    constexpr T half = T(0.707106781186547524401);
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

/// `w` holds w_j(p) for j = 1 ..< r: all real parts of one j, then its imaginary parts, m of each.
template <int r, class T>
void pass(const T* __restrict xr, const T* __restrict xi, T* __restrict yr, T* __restrict yi, int64_t m, int64_t s,
          const T* __restrict w) {
    if (s == 1) {
#pragma clang loop vectorize(assume_safety)
        for (int64_t p = 0; p < m; ++p) {
            Value<T> a[r];
#pragma clang loop unroll(full)
            for (int k = 0; k < r; ++k) a[k] = {xr[k * m + p], xi[k * m + p]};
            butterfly(a);
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
            to_r[q] = a[0].re;
            to_i[q] = a[0].im;
#pragma clang loop unroll(full)
            for (int j = 1; j < r; ++j) {
                const Value<T> b = times(a[j], wr[j], wi[j]);
                to_r[j * s + q] = b.re;
                to_i[j * s + q] = b.im;
            }
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
/// Multiplies number i by fine[i % 32] coarse[i / 32]. `fine` has 32 real parts, then 32 imaginary ones; `coarse` pairs.
template <class T>
void turn_numbers(T* __restrict re, T* __restrict im, int64_t count, const T* __restrict fine, const T* __restrict coarse) {
    for (int64_t start = 0; start < count; start += 32) {
        const T cr = coarse[start / 16], ci = coarse[start / 16 + 1];
        const int64_t n = count - start < 32 ? count - start : 32;
        T *r = re + start, *m = im + start;
#pragma clang loop vectorize(assume_safety)
        for (int64_t i = 0; i < n; ++i) {
            const T wr = fine[i] * cr - fine[32 + i] * ci, wi = fine[i] * ci + fine[32 + i] * cr, value = r[i];
            r[i] = value * wr - m[i] * wi;
            m[i] = value * wi + m[i] * wr;
        }
    }
}
/// a *= b
template <class T>
void multiply_by(T* ar, T* ai, const T* br, const T* bi, int64_t count) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) {
        const T re = ar[i] * br[i] - ai[i] * bi[i];
        ai[i] = ar[i] * bi[i] + ai[i] * br[i];
        ar[i] = re;
    }
}

} // namespace tl::TL_ISA
