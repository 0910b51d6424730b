// Means and variances of float64 in a wider type: squares of float64 overflow from 1e154 and underflow below 1e-162.
#ifndef TL_WIDEST_MOMENTS_H
#define TL_WIDEST_MOMENTS_H
#include <cstdint>

namespace tl {

/// Whether a sum or mean of squares neither overflowed nor lost digits by underflow; false for NaN.
inline bool squares_are_in_range(double squares) { return squares > 1e-280 && squares < 1e300; }

struct WidestMoments {
    long double mean, variance;
};

/// Mean and variance of at(0), ..., at(count - 1).
template <class At>
inline WidestMoments widest_moments(int64_t count, At&& at) {
    const long double n = static_cast<long double>(count);
    long double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++) sum += at(i);
    const long double mean = sum / n;
    for (int64_t i = 0; i < count; i++) squares += (at(i) - mean) * (at(i) - mean);
    return {mean, squares / n};
}

} // namespace tl

#endif
