// Loops over the functions of complex numbers, for one instruction set. Element i is read before element i is written.
namespace tl::TL_ISA::complex_numbers {

/// The type of the C++ library with the same memory layout, for its functions.
template <class T>
inline std::complex<T> standard(Complex<T> z) {
    return {z.re, z.im};
}
template <class T>
inline Complex<T> own(std::complex<T> z) {
    return {z.real(), z.imag()};
}

template <class T>
constexpr T ln2 = T(0.693147180559945309417);
template <class T>
constexpr T ln10 = T(2.302585092994045684018);

// ---- One operand

template <class T> Complex<T> neg(Complex<T> z) { return -z; }
template <class T> Complex<T> conj(Complex<T> z) { return {z.re, -z.im}; }
template <class T> Complex<T> square(Complex<T> z) { return z * z; }
template <class T> T abs(Complex<T> z) { return std::hypot(z.re, z.im); }
template <class T> T angle(Complex<T> z) { return std::atan2(z.im, z.re); }
/// z / |z|, and 0 at 0.
template <class T>
Complex<T> sign(Complex<T> z) {
    const T size = std::hypot(z.re, z.im);
    return size == 0 ? Complex<T>{0, 0} : Complex<T>{z.re / size, z.im / size};
}
template <class T> uint8_t logical_not(Complex<T> z) { return z.re == 0 && z.im == 0; }
template <class T> uint8_t isnan(Complex<T> z) { return z.re != z.re || z.im != z.im; }
template <class T> uint8_t isinf(Complex<T> z) { return std::isinf(z.re) || std::isinf(z.im); }
template <class T> uint8_t isfinite(Complex<T> z) { return std::isfinite(z.re) && std::isfinite(z.im); }
template <class T> Complex<T> reciprocal(Complex<T> z) { return Complex<T>{1, 0} / z; }
template <class T> Complex<T> sqrt(Complex<T> z) { return own(std::sqrt(standard(z))); }
template <class T> Complex<T> rsqrt(Complex<T> z) { return reciprocal(sqrt(z)); }
template <class T> Complex<T> exp(Complex<T> z) { return own(std::exp(standard(z))); }
template <class T> Complex<T> exp2(Complex<T> z) { return exp(z * ln2<T>); }
/// Exact near 0: the real part is expm1(x) cos(y) - 2 sin(y/2)^2.
template <class T>
Complex<T> expm1(Complex<T> z) {
    const T half = std::sin(z.im / 2);
    return {std::expm1(z.re) * std::cos(z.im) - 2 * half * half, std::exp(z.re) * std::sin(z.im)};
}
template <class T> Complex<T> log(Complex<T> z) { return own(std::log(standard(z))); }
template <class T> Complex<T> log2(Complex<T> z) { return log(z) * (1 / ln2<T>); }
template <class T> Complex<T> log10(Complex<T> z) { return log(z) * (1 / ln10<T>); }
/// Exact near 0: |1 + z|^2 - 1 is x (x + 2) + y^2.
template <class T>
Complex<T> log1p(Complex<T> z) {
    const T angle = std::atan2(z.im, z.re + 1);
    if (std::fabs(z.re) < T(0.5) && std::fabs(z.im) < T(0.5))
        return {std::log1p(z.re * (z.re + 2) + z.im * z.im) / 2, angle};
    return {std::log(std::hypot(z.re + 1, z.im)), angle};
}
template <class T> Complex<T> sin(Complex<T> z) { return own(std::sin(standard(z))); }
template <class T> Complex<T> cos(Complex<T> z) { return own(std::cos(standard(z))); }
template <class T> Complex<T> tan(Complex<T> z) { return own(std::tan(standard(z))); }
template <class T> Complex<T> asin(Complex<T> z) { return own(std::asin(standard(z))); }
template <class T> Complex<T> acos(Complex<T> z) { return own(std::acos(standard(z))); }
template <class T> Complex<T> atan(Complex<T> z) { return own(std::atan(standard(z))); }
template <class T> Complex<T> sinh(Complex<T> z) { return own(std::sinh(standard(z))); }
template <class T> Complex<T> cosh(Complex<T> z) { return own(std::cosh(standard(z))); }
template <class T> Complex<T> tanh(Complex<T> z) { return own(std::tanh(standard(z))); }
template <class T> Complex<T> asinh(Complex<T> z) { return own(std::asinh(standard(z))); }
template <class T> Complex<T> acosh(Complex<T> z) { return own(std::acosh(standard(z))); }
template <class T> Complex<T> atanh(Complex<T> z) { return own(std::atanh(standard(z))); }
template <class T> Complex<T> sigmoid(Complex<T> z) { return reciprocal(Complex<T>{1, 0} + exp(-z)); }
template <class T>
Complex<T> sinc(Complex<T> z) {
    if (z.re == 0 && z.im == 0) return {1, 0};
    const Complex<T> turned = z * T(3.14159265358979323846);
    return sin(turned) / turned;
}

// ---- Two operands

template <class T> Complex<T> add(Complex<T> a, Complex<T> b) { return a + b; }
template <class T> Complex<T> sub(Complex<T> a, Complex<T> b) { return a - b; }
template <class T> Complex<T> mul(Complex<T> a, Complex<T> b) { return a * b; }
template <class T> Complex<T> div(Complex<T> a, Complex<T> b) { return a / b; }
/// e^(b log a). Any number to the power 0 is 1, and small integer powers are computed by multiplication.
template <class T>
Complex<T> pow(Complex<T> a, Complex<T> b) {
    if (b.re == 0 && b.im == 0) return {1, 0};
    if (b.im == 0) {
        if (b.re == 1) return a;
        if (b.re == 2) return a * a;
        if (b.re == 3) return a * a * a;
        if (b.re == T(0.5)) return sqrt(a);
        if (b.re == -1) return reciprocal(a);
        if (b.re == -2) return reciprocal(a * a);
    }
    if (a.re == 0 && a.im == 0) return b.re > 0 && b.im == 0 ? Complex<T>{0, 0} : own(std::pow(standard(a), standard(b)));
    // The exponent of the result is a sum of products, for which float32 has too few digits.
    const std::complex<double> power =
        std::exp(std::complex<double>(b.re, b.im) * std::log(std::complex<double>(a.re, a.im)));
    return {T(power.real()), T(power.imag())};
}
template <class T> uint8_t eq(Complex<T> a, Complex<T> b) { return a == b; }
template <class T> uint8_t ne(Complex<T> a, Complex<T> b) { return !(a == b); }
template <class T> bool is_true(Complex<T> z) { return z.re != 0 || z.im != 0; }
template <class T> uint8_t logical_and(Complex<T> a, Complex<T> b) { return is_true(a) && is_true(b); }
template <class T> uint8_t logical_or(Complex<T> a, Complex<T> b) { return is_true(a) || is_true(b); }
template <class T> uint8_t logical_xor(Complex<T> a, Complex<T> b) { return is_true(a) != is_true(b); }

// ---- Loops

template <class In, class Out, Out (*function)(In)>
void one(void* out, const void* const* in, int64_t count, const double*) {
    const In* x = static_cast<const In*>(in[0]);
    Out* y = static_cast<Out*>(out);
    for (int64_t i = 0; i < count; ++i) y[i] = function(x[i]);
}
template <class In, class Out, Out (*function)(In, In)>
void two(void* out, const void* const* in, int64_t count, const double*) {
    const In *a = static_cast<const In*>(in[0]), *b = static_cast<const In*>(in[1]);
    Out* y = static_cast<Out*>(out);
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; ++i) y[i] = function(a[i], b[i]);
}
/// a + p[0] b c, and a + p[0] b / c.
template <class T, bool divides>
void add_product(void* out, const void* const* in, int64_t count, const double* parameters) {
    using C = Complex<T>;
    const C *a = static_cast<const C*>(in[0]), *b = static_cast<const C*>(in[1]), *c = static_cast<const C*>(in[2]);
    C* y = static_cast<C*>(out);
    const T factor = T(parameters[0]);
    for (int64_t i = 0; i < count; ++i) y[i] = a[i] + (divides ? b[i] / c[i] : b[i] * c[i]) * factor;
}
/// a + c (b - a), computed from the nearer end.
template <class T>
void lerp(void* out, const void* const* in, int64_t count, const double*) {
    using C = Complex<T>;
    const C *a = static_cast<const C*>(in[0]), *b = static_cast<const C*>(in[1]), *c = static_cast<const C*>(in[2]);
    C* y = static_cast<C*>(out);
    for (int64_t i = 0; i < count; ++i)
        y[i] = c[i].re * c[i].re + c[i].im * c[i].im < T(0.25) ? a[i] + c[i] * (b[i] - a[i])
                                                               : b[i] - (b[i] - a[i]) * (C{1, 0} - c[i]);
}
template <class T>
void where(void* out, const void* const* in, int64_t count, const double*) {
    const uint8_t* a = static_cast<const uint8_t*>(in[0]);
    const Complex<T> *b = static_cast<const Complex<T>*>(in[1]), *c = static_cast<const Complex<T>*>(in[2]);
    Complex<T>* y = static_cast<Complex<T>*>(out);
    for (int64_t i = 0; i < count; ++i) y[i] = a[i] ? b[i] : c[i];
}

// ---- Tables

struct UnaryTable {
    Kernel kernels[TL_UNARY_COUNT][2];
    constexpr UnaryTable() : kernels() {
#define TL_SET(ENUM, name, Out32, Out64, ...)                                                                          \
    kernels[TL_UNARY_##ENUM][0] = {one<Complex<float>, Out32, name<float>>, __VA_ARGS__};                              \
    kernels[TL_UNARY_##ENUM][1] = {one<Complex<double>, Out64, name<double>>, __VA_ARGS__};
#define TL_CHEAP(ENUM, name) TL_SET(ENUM, name, Complex<float>, Complex<double>, false, false)
#define TL_COSTLY(ENUM, name) TL_SET(ENUM, name, Complex<float>, Complex<double>, false, true)
#define TL_PREDICATE(ENUM, name) TL_SET(ENUM, name, uint8_t, uint8_t, true, false)
#define TL_PART(ENUM, name) TL_SET(ENUM, name, float, double, false, true, true)
        TL_CHEAP(NEG, neg) TL_CHEAP(CONJ, conj) TL_CHEAP(SQUARE, square) TL_COSTLY(SIGN, sign)
        TL_PART(ABS, abs) TL_PART(ANGLE, angle)
        TL_PREDICATE(LOGICAL_NOT, logical_not) TL_PREDICATE(ISNAN, isnan) TL_PREDICATE(ISINF, isinf)
        TL_PREDICATE(ISFINITE, isfinite)
        TL_COSTLY(RECIPROCAL, reciprocal) TL_COSTLY(SQRT, sqrt) TL_COSTLY(RSQRT, rsqrt)
        TL_COSTLY(EXP, exp) TL_COSTLY(EXP2, exp2) TL_COSTLY(EXPM1, expm1)
        TL_COSTLY(LOG, log) TL_COSTLY(LOG2, log2) TL_COSTLY(LOG10, log10) TL_COSTLY(LOG1P, log1p)
        TL_COSTLY(SIN, sin) TL_COSTLY(COS, cos) TL_COSTLY(TAN, tan)
        TL_COSTLY(ASIN, asin) TL_COSTLY(ACOS, acos) TL_COSTLY(ATAN, atan)
        TL_COSTLY(SINH, sinh) TL_COSTLY(COSH, cosh) TL_COSTLY(TANH, tanh)
        TL_COSTLY(ASINH, asinh) TL_COSTLY(ACOSH, acosh) TL_COSTLY(ATANH, atanh)
        TL_COSTLY(SIGMOID, sigmoid) TL_COSTLY(SINC, sinc)
#undef TL_SET
#undef TL_CHEAP
#undef TL_COSTLY
#undef TL_PREDICATE
#undef TL_PART
    }
};
inline constexpr UnaryTable unary_table;

struct BinaryTable {
    Kernel kernels[TL_BINARY_COUNT][2];
    constexpr BinaryTable() : kernels() {
#define TL_SET(ENUM, name, expensive)                                                                                  \
    kernels[TL_BINARY_##ENUM][0] = {two<Complex<float>, Complex<float>, name<float>>, false, expensive};               \
    kernels[TL_BINARY_##ENUM][1] = {two<Complex<double>, Complex<double>, name<double>>, false, expensive};
#define TL_PREDICATE(ENUM, name)                                                                                       \
    kernels[TL_BINARY_##ENUM][0] = {two<Complex<float>, uint8_t, name<float>>, true, false};                           \
    kernels[TL_BINARY_##ENUM][1] = {two<Complex<double>, uint8_t, name<double>>, true, false};
        TL_SET(ADD, add, false) TL_SET(SUB, sub, false) TL_SET(MUL, mul, false) TL_SET(DIV, div, true)
        TL_SET(POW, pow, true)
        TL_PREDICATE(EQ, eq) TL_PREDICATE(NE, ne)
        TL_PREDICATE(LOGICAL_AND, logical_and) TL_PREDICATE(LOGICAL_OR, logical_or)
        TL_PREDICATE(LOGICAL_XOR, logical_xor)
#undef TL_SET
#undef TL_PREDICATE
    }
};
inline constexpr BinaryTable binary_table;

inline constexpr Kernel ternary_table[TL_TERNARY_COUNT][2] = {
    {{where<float>}, {where<double>}},
    {},
    {{add_product<float, false>}, {add_product<double, false>}},
    {{add_product<float, true>}, {add_product<double, true>}},
    {{lerp<float>}, {lerp<double>}},
};

} // namespace tl::TL_ISA::complex_numbers
