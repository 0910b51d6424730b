#include "Support/Sums.kernels.h"

// Distances of one row from many rows with transposed coordinates: coordinate d of row j is others[d * count + j]. No
// difference of vectors is stored.
namespace tl::TL_ISA {

static inline float power(float x, float p) { return tl_pow_f32(x, p); }
static inline double power(double x, double p) { return tl_pow_f64(x, p); }
static inline float magnitude(float x) { return tl_abs_f32(x); }
static inline double magnitude(double x) { return tl_abs_f64(x); }

/// The term of a coordinate of the difference in the sum under the root.
template <Metric metric, class T>
static inline __attribute__((always_inline)) T term(T d, T p) {
    if constexpr (metric == Metric::count) return d != 0 ? T(1) : T(0);
    if constexpr (metric == Metric::manhattan) return magnitude(d);
    if constexpr (metric == Metric::euclidean) return d * d;
    return power(magnitude(d), p);
}

/// The distance in float64 with scaled coordinates, for sums that overflowed or underflowed.
template <class T>
static double rescaled_distance(const Distances<T>& s, const T* x, const T* others, int64_t stride) {
    const auto coordinate = [&](int64_t d) {
        return tl_abs_f64(double(x[d]) - double(others[d * stride]) + s.shift);
    };
    double largest = 0;
    for (int64_t d = 0; d < s.width; d++) {
        const double size = coordinate(d);
        if (!(size <= largest) && largest == largest) largest = size;
    }
    if (largest == 0 || largest - largest != 0) return largest;
    double total = 0;
    for (int64_t d = 0; d < s.width; d++) {
        const double size = coordinate(d) / largest;
        total += s.metric == Metric::euclidean ? size * size : tl_pow_f64(size, s.p);
    }
    return largest * (s.metric == Metric::euclidean ? tl_sqrt_f64(total) : tl_pow_f64(total, 1 / s.p));
}

template <Metric metric, class T>
static void distance_block(const Distances<T>& s, const T* x, const T* others, int64_t stride, int64_t count, T* out) {
    const T shift = T(s.shift), p = T(s.p);
    double sums[distance_columns] = {};
    int64_t d = 0;
    // Four terms are summed in T before they are added in float64.
    for (; d + 4 <= s.width; d += 4) {
        const T *__restrict r0 = others + d * stride, *__restrict r1 = r0 + stride, *__restrict r2 = r1 + stride,
                *__restrict r3 = r2 + stride;
        const T x0 = x[d], x1 = x[d + 1], x2 = x[d + 2], x3 = x[d + 3];
        for (int64_t j = 0; j < count; j++)
            sums[j] += double((term<metric>(x0 - r0[j] + shift, p) + term<metric>(x1 - r1[j] + shift, p)) +
                              (term<metric>(x2 - r2[j] + shift, p) + term<metric>(x3 - r3[j] + shift, p)));
    }
    for (; d < s.width; d++) {
        const T* __restrict row = others + d * stride;
        for (int64_t j = 0; j < count; j++) sums[j] += double(term<metric>(x[d] - row[j] + shift, p));
    }
    if constexpr (metric == Metric::count || metric == Metric::manhattan) {
        for (int64_t j = 0; j < count; j++) out[j] = T(sums[j]);
        if (metric == Metric::manhattan && sizeof(T) == 4)
            for (int64_t j = 0; j < count; j++)
                if (sums[j] - sums[j] != 0) out[j] = T(rescaled_distance(s, x, others + j, stride));
    } else {
        for (int64_t j = 0; j < count; j++)
            out[j] = T(metric == Metric::euclidean ? tl_sqrt_f64(sums[j]) : tl_pow_f64(sums[j], 1 / s.p));
        const double low = sizeof(T) == 4 ? 1e-25 : 1e-280, high = sizeof(T) == 4 ? 1e37 : 1e300;
        for (int64_t j = 0; j < count; j++)
            if (!(sums[j] > low && sums[j] < high)) out[j] = T(rescaled_distance(s, x, others + j, stride));
    }
}

template <class T>
static void chebyshev_block(const Distances<T>& s, const T* x, const T* others, int64_t stride, int64_t count, T* out) {
    for (int64_t j = 0; j < count; j++) out[j] = 0;
    for (int64_t d = 0; d < s.width; d++) {
        const T* __restrict row = others + d * stride;
        for (int64_t j = 0; j < count; j++) {
            const T size = magnitude(x[d] - row[j] + T(s.shift));
            out[j] = ((size > out[j]) | (size != size)) ? size : out[j];  // NaN is kept: it compares false
        }
    }
}

/// out[j] = the distance of x from row j, for `count` rows with transposed coordinates at a distance of `stride`.
template <class T>
static void distances(const Distances<T>& s, const T* x, const T* others, int64_t stride, int64_t count, T* out) {
    for (int64_t j = 0; j < count; j += distance_columns) {
        const int64_t n = count - j < distance_columns ? count - j : distance_columns;
        switch (s.metric) {
        case Metric::count: distance_block<Metric::count>(s, x, others + j, stride, n, out + j); break;
        case Metric::manhattan: distance_block<Metric::manhattan>(s, x, others + j, stride, n, out + j); break;
        case Metric::euclidean: distance_block<Metric::euclidean>(s, x, others + j, stride, n, out + j); break;
        case Metric::general: distance_block<Metric::general>(s, x, others + j, stride, n, out + j); break;
        case Metric::chebyshev: chebyshev_block(s, x, others + j, stride, n, out + j); break;
        }
    }
}

/// The derivative of the distance with respect to a coordinate difference d: sign(d) (|d| / distance)^(p - 1), and 0
/// for distance 0.
template <class T>
static inline T slope(const Distances<T>& s, T d, T distance) {
    const T sign = T((d > 0) - (d < 0));
    switch (s.metric) {
    case Metric::count: return 0;
    case Metric::manhattan: return sign;
    case Metric::euclidean: return distance != 0 ? d / distance : T(0);
    case Metric::chebyshev: return magnitude(d) == distance ? sign : T(0);
    case Metric::general: return d != 0 && distance != 0 ? sign * power(magnitude(d) / distance, T(s.p - 1)) : T(0);
    }
    return 0;
}

/// out[d] = sum over j of gradients[j] times the derivative with respect to coordinate d, for `count` rows as in
/// `distances`.
template <class T>
static void distance_gradient(const Distances<T>& s, const T* x, const T* others, int64_t stride, int64_t count,
                              const T* gradients, const T* lengths, T* out) {
    for (int64_t d = 0; d < s.width; d++) {
        const T* __restrict row = others + d * stride;
        double total = 0;
        T products[distance_columns];
        for (int64_t start = 0; start < count; start += distance_columns) {
            const int64_t n = count - start < distance_columns ? count - start : distance_columns;
            const T *__restrict g = gradients + start, *__restrict length = lengths + start, *__restrict r = row + start;
            if (s.metric == Metric::euclidean)
                for (int64_t j = 0; j < n; j++) {
                    const T quotient = (x[d] - r[j] + T(s.shift)) / length[j];
                    products[j] = length[j] != 0 ? g[j] * quotient : T(0);
                }
            else
                for (int64_t j = 0; j < n; j++) products[j] = g[j] * slope(s, x[d] - r[j] + T(s.shift), length[j]);
            total += wide_sum(products, n);
        }
        out[d] = T(total);
    }
}

} // namespace tl::TL_ISA
