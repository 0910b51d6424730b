// Complex numbers in memory: the real part, followed by the imaginary part.
#ifndef TL_COMPLEX_H
#define TL_COMPLEX_H

namespace tl {

template <class T>
struct Complex {
    T re, im;
};

template <class T>
inline constexpr bool is_complex_type = false;
template <class T>
inline constexpr bool is_complex_type<Complex<T>> = true;

template <class T>
inline Complex<T> operator+(Complex<T> a, Complex<T> b) {
    return {a.re + b.re, a.im + b.im};
}
template <class T>
inline Complex<T> operator-(Complex<T> a, Complex<T> b) {
    return {a.re - b.re, a.im - b.im};
}
template <class T>
inline Complex<T> operator-(Complex<T> a) {
    return {-a.re, -a.im};
}
template <class T>
inline Complex<T> operator*(Complex<T> a, Complex<T> b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
template <class T>
inline Complex<T> operator*(Complex<T> a, T b) {
    return {a.re * b, a.im * b};
}
template <class T>
inline bool operator==(Complex<T> a, Complex<T> b) {
    return a.re == b.re && a.im == b.im;
}

/// Smith's algorithm: the larger part of the divisor is factored out, so that no square overflows or underflows.
template <class T>
inline Complex<T> operator/(Complex<T> a, Complex<T> b) {
    const bool is_steep = __builtin_fabs(double(b.im)) > __builtin_fabs(double(b.re));
    const T large = is_steep ? b.im : b.re, small = is_steep ? b.re : b.im;
    // 0 / 0 is NaN as for real numbers, and other numbers divided by 0 are infinite.
    if (large == 0) return {a.re / large, a.im / large};
    const T ratio = small / large, scale = T(1) / (large + small * ratio);
    if (is_steep) return {(a.re * ratio + a.im) * scale, (a.im * ratio - a.re) * scale};
    return {(a.re + a.im * ratio) * scale, (a.im - a.re * ratio) * scale};
}

} // namespace tl

#endif
