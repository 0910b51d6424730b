// The Hurwitz zeta function, the derivatives of digamma, and the incomplete gamma functions; see Dialect.h.
//
// All are computed in double precision, also for float, with loops of variable length, which are not vectorised.
#ifndef TL_SCALAR_GAMMA_H
#define TL_SCALAR_GAMMA_H
#include "Scalar/Dialect.h"

/// The sum of (q + k)^-s over k >= 0 for q > 0, s > 1: ten terms, then the Euler-Maclaurin formula at w = q + 10,
/// w^(1-s)/(s - 1) + w^-s/2 + sum of B(2j)/(2j)! s (s + 1) ... (s + 2j - 2) w^(1-s-2j).
TL_FN double tl_hurwitz_f64(double s, double q) {
    // B(2j)/(2j)!
    static const double bernoulli[] = {
        8.333333333333333e-2,   -1.388888888888889e-3,  3.306878306878307e-5,   -8.267195767195767e-7,
        2.087675698786810e-8,   -5.284190138687493e-10, 1.338253653068468e-11,  -3.389680296322583e-13,
        8.586062056277845e-15,  -2.174868698558062e-16, 5.509002828360230e-18,  -1.395446468581252e-19};
    double sum = TL_BUILTIN(pow)(q, -s), term = sum, w = q;
    for (int k = 0; k < 10; ++k) {
        w += 1.0;
        term = TL_BUILTIN(pow)(w, -s);
        sum += term;
        if (term < sum * 1e-17 * (s - 1.0) / w) return sum;
    }
    sum += term * w / (s - 1.0) - 0.5 * term;
    double factor = s * term / w;
    for (int j = 0; j < 12; ++j) {
        const double t = factor * bernoulli[j];
        sum += t;
        if (tl_abs_f64(t) < sum * 1e-17) return sum;
        const double m = s + 2.0 * j + 1.0;
        factor *= m * (m + 1.0) / (w * w);
    }
    return sum;
}
/// Infinite at s = 1 and at the poles q = 0, -1, ...; NaN for s < 1, and for q < 0 unless s is an integer. For q < 0,
/// with d the fraction of -q, the negative terms are those of zeta(s, d) before 1 - q, up to their sign.
TL_FN double tl_zeta_f64(double s, double q) {
    if (s == 1.0) return TL_INFINITY_F64;
    if (s < 1.0) return TL_NAN_F64;
    if ((q <= 0.0) & (q == tl_floor_f64(q))) return TL_INFINITY_F64;
    if ((s != s) | (q != q)) return TL_NAN_F64;
    if (q == TL_INFINITY_F64) return s == q ? TL_NAN_F64 : 0.0;
    if (q > 0.0) return tl_hurwitz_f64(s, q);
    if (s != tl_floor_f64(s)) return TL_NAN_F64;
    const double d = -q - tl_floor_f64(-q);
    const double left = tl_hurwitz_f64(s, d) - tl_hurwitz_f64(s, 1.0 - q);
    const int odd = s * 0.5 != tl_floor_f64(s * 0.5);
    return tl_hurwitz_f64(s, 1.0 - d) + (odd ? -left : left);
}
TL_FN float tl_zeta_f32(float s, float q) { return (float)tl_zeta_f64((double)s, (double)q); }

/// The n-th derivative of digamma, n >= 1: (-1)^(n+1) n! zeta(n + 1, x). NaN at minus infinity, where there is no
/// limit.
TL_FN double tl_polygamma_f64(double x, double n) {
    if (x == -TL_INFINITY_F64) return TL_NAN_F64;
    double factorial = n > 170.0 ? TL_INFINITY_F64 : 1.0;
    for (double k = 2.0; (k <= n) & (k <= 170.0); k += 1.0) factorial *= k;
    const double y = factorial * tl_zeta_f64(n + 1.0, x);
    return n * 0.5 == tl_floor_f64(n * 0.5) ? -y : y;
}
TL_FN float tl_polygamma_f32(float x, float n) { return (float)tl_polygamma_f64((double)x, (double)n); }

/// log Gamma(1 + a) for a >= 0; near 0 by the series -0.577 a + sum of zeta(k) (-a)^k / k.
TL_FN double tl_lgamma1p_f64(double a) {
    static const double series[] = {
        0.083353840546109,   -0.09095401714582904, 0.1000994575127818,  -0.11133426586956469,
        0.12550966952474304, -0.1440498967688461,  0.1695571769974082,  -0.20738555102867398,
        0.27058080842778454, -0.40068563438653143, 0.8224670334241132,  -0.5772156649015329};
    double p = series[0];
    for (int i = 1; i < 12; ++i) p = p * a + series[i];
    return a < 0.05 ? a * p : TL_BUILTIN(lgamma)(1.0 + a);
}
/// For large a near x, |x/a - 1| < 0.3, after Temme (NIST Digital Library of Mathematical Functions, 8.12.3-12): with
/// h^2/2 = m - log(1 + m), m = x/a - 1, Q = erfc(h sqrt(a/2))/2 + exp(-a h^2/2)/sqrt(2 pi a) sum of c(k, h) a^-k.
TL_FN double tl_incomplete_gamma_large(double a, double x, int upper) {
    static const double temme[7][16] = {
        {-0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073,
         0.0003527336860670194, -0.0001787551440329218, 3.919263178522438e-05, -2.185448510679992e-06,
         -1.85406221071516e-06, 8.296711340953087e-07, -1.7665952736826078e-07, 6.707853543401498e-09,
         1.0261809784240309e-08, -4.382036018453353e-09, 9.14769958223679e-10, -2.5514193994946248e-11},
        {-0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596,
         0.00020576131687242798, -4.018775720164609e-07, -1.8098550334489977e-05, 7.64916091608111e-06,
         -1.6120900894563446e-06, 4.647127802807434e-09, 1.378633446915721e-07, -5.752545603517705e-08,
         1.1951628599778148e-08, -1.7543241719747647e-11, -1.0091543710600413e-09, 4.162792991842583e-10},
        {0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-06,
         -0.0001073665322636516, 5.2923448829120125e-05, -1.2760635188618728e-05, 3.423578734096138e-08,
         1.3721957309062934e-06, -6.298992138380055e-07, 1.4280614206064242e-07, -2.0477098421990866e-10,
         -1.409252991086752e-08, 6.228974084922022e-09, -1.3670488396617114e-09, 9.428356159014678e-13},
        {0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557, 0.00026772063206283885,
         -7.561801671883977e-05, -2.396505113867297e-07, 1.1082654115347302e-05, -5.6749528269915965e-06,
         1.4230900732435883e-06, -2.7861080291528143e-11, -1.6958404091930278e-07, 8.099464905388083e-08,
         -1.9111168485973655e-08, 2.3928620439808118e-12, 2.0620131815488797e-09, -9.460496661855133e-10},
        {-0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902, -1.4638452578843418e-06,
         6.641498215465122e-05, -3.968365047179435e-05, 1.1375726970678419e-05, 2.507497226237533e-10,
         -1.6954149536558305e-06, 8.907507532205309e-07, -2.292934834000805e-07, 2.956794137544049e-11,
         2.8865829742708783e-08, -1.4189739437803219e-08, 3.4463580499464896e-09, -2.3024517174528067e-13},
        {-0.00033679855336635813, -6.972813758365857e-05, 0.0002772753244959392, -0.00019932570516188847,
         6.797780477937208e-05, 1.419062920643967e-07, -1.3594048189768693e-05, 8.018470256334202e-06,
         -2.291481176508095e-06, -3.252473551298454e-10, 3.4652846491085265e-07, -1.8447187191171344e-07,
         4.8240967037894184e-08, -1.7989466721743514e-14, -6.306194500013523e-09, 3.162417628774568e-09},
        {0.0005313079364639922, -0.0005921664373536939, 0.0002708782096718045, 7.902353232660328e-07,
         -8.153969367561969e-05, 5.61168275310625e-05, -1.8329116582843375e-05, -3.0796134506033047e-09,
         3.465155368803609e-06, -2.0291327396058603e-06, 5.788792863149004e-07, 2.338630673826657e-13,
         -8.828600746330484e-08, 4.7435958880408125e-08, -1.2545415020710383e-08, 8.649648858010293e-14}};
    const double m = (x - a) / a, u = m / (2.0 + m), z = u * u;
    // m - log(1 + m), where log(1 + m) = 2 atanh(u) and m - 2u = m u.
    double p = 1.0 / 27;
    for (int k = 25; k >= 3; k -= 2) p = p * z + 1.0 / k;
    const double half = m * u - 2.0 * u * z * p, h = tl_copysign_f64(tl_sqrt_f64(2.0 * half), m);
    double sum = 0.0;
    for (int k = 6; k >= 0; --k) {
        double c = temme[k][15];
        for (int n = 14; n >= 0; --n) c = c * h + temme[k][n];
        sum = sum / a + c;
    }
    const double rest = TL_BUILTIN(exp)(-a * half) / tl_sqrt_f64(6.28318530717958647693 * a) * sum;
    const double tail = h * tl_sqrt_f64(0.5 * a);
    return upper ? 0.5 * TL_BUILTIN(erfc)(tail) + rest : 0.5 * TL_BUILTIN(erfc)(-tail) - rest;
}
/// x^a exp(-x) / Gamma(1 + a); for large a by Stirling's formula in x/a, whose terms do not cancel.
TL_FN double tl_incomplete_gamma_factor(double a, double x) {
    if (a > 200.0) {
        const double r = x / a;
        const double exponent = a * (TL_BUILTIN(log)(r) + 1.0 - r) - (1.0 - 1.0 / (30.0 * a * a)) / (12.0 * a);
        return TL_BUILTIN(exp)(exponent) / tl_sqrt_f64(6.28318530717958647693 * a);
    }
    return TL_BUILTIN(exp)(a * TL_BUILTIN(log)(x) - x - tl_lgamma1p_f64(a));
}
/// P(a, x), or Q = 1 - P with `upper`. The smaller one is computed: P by its power series for x < a, Q by its continued
/// fraction (Lentz's method) otherwise.
TL_FN double tl_incomplete_gamma(double a, double x, int upper) {
    // An infinite argument has precedence over NaN, as in PyTorch.
    if ((a < 0.0) | (x < 0.0)) return TL_NAN_F64;
    if (a == 0.0) return x > 0.0 ? (upper ? 0.0 : 1.0) : TL_NAN_F64;
    if (x == 0.0) return upper ? 1.0 : 0.0;
    if (a == TL_INFINITY_F64) return x == TL_INFINITY_F64 ? TL_NAN_F64 : upper ? 1.0 : 0.0;
    if (x == TL_INFINITY_F64) return upper ? 0.0 : 1.0;
    if ((a != a) | (x != x)) return TL_NAN_F64;
    if ((a > 200.0) & (tl_abs_f64(x - a) < 0.3 * a)) return tl_incomplete_gamma_large(a, x, upper);
    const double factor = tl_incomplete_gamma_factor(a, x);
    if ((x <= 1.1) | (x <= a)) {
        double sum = 1.0, term = 1.0;
        for (double n = 1.0; (term > sum * 1e-17) & (n < 2000.0); n += 1.0) {
            term *= x / (a + n);
            sum += term;
        }
        const double p = factor * sum;
        if (!upper) return p;
        if ((p < 0.8) | (x > 1.1)) return 1.0 - p;
        // Small a: Q = 1 - e - e a sum of (-x)^n / (n! (a + n)), e = x^a / Gamma(1 + a) near 1.
        const double log_e = a * TL_BUILTIN(log)(x) - tl_lgamma1p_f64(a);
        double power = 1.0, tail = 0.0;
        for (double n = 1.0; n < 25.0; n += 1.0) {
            power *= -x / n;
            tail += power / (a + n);
        }
        return -TL_BUILTIN(expm1)(log_e) - TL_BUILTIN(exp)(log_e) * a * tail;
    }
    double b = x + 1.0 - a, c = 1e300, d = 1.0 / b, fraction = d;
    for (double n = 1.0; n < 2000.0; n += 1.0) {
        const double numerator = -n * (n - a);
        b += 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        fraction *= d * c;
        if (tl_abs_f64(d * c - 1.0) < 1e-16) break;
    }
    const double q = factor * a * fraction;
    return upper ? q : 1.0 - q;
}
TL_FN double tl_igamma_f64(double a, double x) { return tl_incomplete_gamma(a, x, 0); }
TL_FN double tl_igammac_f64(double a, double x) { return tl_incomplete_gamma(a, x, 1); }
TL_FN float tl_igamma_f32(float a, float x) { return (float)tl_incomplete_gamma((double)a, (double)x, 0); }
TL_FN float tl_igammac_f32(float a, float x) { return (float)tl_incomplete_gamma((double)a, (double)x, 1); }

#endif
