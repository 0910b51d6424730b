// The Airy function Ai; see Dialect.h.
#ifndef TL_SCALAR_AIRY_H
#define TL_SCALAR_AIRY_H
#include "Scalar/Bessel.h"
#include "Scalar/Dialect.h"
#include "Scalar/Exponential.h"
#include "Scalar/Polynomial.h"

/// sin and cos of z = 2/3 a^(3/2). The quarter turns 2z/pi = 4/(3 pi) a sqrt(a) are stored in two doubles, so that
/// their fraction is exact to double precision up to a = 10^10 and to float precision up to 10^12.
TL_FN tl_sine_cosine tl_airy_phase(double a) {
    const double root = tl_sqrt_f64(a), rest = TL_BUILTIN(fma)(-root, root, a) / (2.0 * root);
    const double product = a * root, lost = TL_BUILTIN(fma)(a, root, -product) + a * rest;
    const double turns = product * 0.4244131815783876;
    const double low = TL_BUILTIN(fma)(product, 0.4244131815783876, -turns) +
                       (product * -2.6238235566909983e-17 + lost * 0.4244131815783876);
    const double reduced = turns - 4.0 * tl_round_f64(turns * 0.25), whole = tl_round_f64(reduced);
    const double sum = (reduced - whole) + (low - 4.0 * tl_round_f64(low * 0.25)), more = tl_round_f64(sum);
    return tl_turned_f64((sum - more) * 1.57079632679489661923,
                         (tl_u32)TL_BITS_F64(whole + more + TL_ROUNDER_F64));
}

/// Polynomials for -5 < x < 2. For larger x, with z = 2/3 x^(3/2), exp(-z) / (2 sqrt(pi) x^(1/4)) times a polynomial in
/// 1/z; for smaller x, (P sin(z + pi/4) - Q cos(z + pi/4)) / (sqrt(pi) |x|^(1/4)) (Abramowitz and Stegun, 10.4.59-60).
/// NaN at the infinities, as in PyTorch.
TL_FN double tl_airy_ai_f64(double x) {
    static const double right[] = {
        7.526660373531079e-11, -1.312142348488387e-10, -2.0101312186939644e-10, 3.392680489040315e-10,
        5.04595042876794e-10, -8.95736470849324e-10, 7.803713293049733e-11, -3.034816447545836e-10,
        2.289650544782728e-09, -4.899555816609795e-09, 1.0052404619720286e-08, -2.3606494583160094e-08,
        5.799726920227188e-08, -1.4817281679067514e-07, 3.997136957979187e-07, -1.1510183662497458e-06,
        3.587832363733895e-06, -1.2354391325262144e-05, 4.8463340572128394e-05, -0.00022785221366681627,
        0.0014132014717020143, -0.014613458724023488, 0.983679282828043};
    static const double middle[] = {
        2.2260187353687044e-10, -2.7942289524335687e-10, -4.00553165865997e-09, 1.684213556151735e-08,
        -7.08796154102935e-11, -2.3473037183319768e-07, 8.46685457503023e-07, 1.0939070038780223e-09,
        -9.987808654057359e-06, 3.238206552174529e-05, 2.5314275801448177e-11, -0.00029963231340898413,
        0.0008500484562689751, -1.0270447482414684e-10, -0.0058428366272050315, 0.014025799680424745,
        -2.049955139057088e-13, -0.06573191207693639, 0.126232196937905, 1.7963277629258464e-13, -0.34509253839040954,
        0.47337073851708383, 4.523643097919843e-18, -0.5176388075856135, 0.3550280538878172};
    static const double left[] = {
        6.286349678299573e-10, -2.322317870853262e-09, -9.233337100152308e-09, 8.274462417292411e-08,
        -8.594630425941992e-08, -1.277646934018672e-06, 5.3888287184528325e-06, 4.824503487262113e-06,
        -9.169804545951375e-05, 0.0001692132886800363, 0.000695014156245468, -0.003323188946445494,
        6.730988319182842e-05, 0.02733982857639551, -0.04451841089094862, -0.10208136123972442, 0.34505983352444486,
        0.06646375671592585, -1.1152637297673047, 0.46491648409616687, 1.4786644286154504, -0.5151651501810722,
        -0.37553382314043193};
    static const double far_p[] = {
        -1.4683787373283778e-13, 4.776722503718645e-13, -1.2687761520201386e-12, 5.426173196008279e-12,
        -2.7038382010619743e-11, 1.553138204445723e-10, -1.1119396689532536e-09, 1.067340538832939e-08,
        -1.5421120244450012e-07, 4.128666160101178e-06, -0.0003254319872640657, 0.9996702731603566};
    static const double far_q[] = {
        8.942825365978485e-15, -2.2293780016271544e-14, 2.516074623630905e-14, -8.097918915628406e-14,
        3.2679659383133465e-13, -1.1421802918528876e-12, 4.392631850825731e-12, -1.9390801941893943e-11,
        9.972758818069028e-11, -6.220473505856737e-10, 4.994302512030185e-09, -5.6560113494136394e-08,
        1.0537250019874766e-06, -4.35747317679248e-05, 0.00927225914789848};
    const double h = x < 2.0 ? 2.0 : x > 1e4 ? 1e4 : x, root = tl_sqrt_f64(h), z = h * root * (2.0 / 3);
    const double decaying = TL_POLYNOMIAL(right, 3.7712361663282534 / z - 1.0) * tl_exp_f64(-z) /
                         (3.54490770181103205460 * tl_sqrt_f64(root));
    const double centre = TL_POLYNOMIAL(middle, 0.5 * x);
    const double aside = TL_POLYNOMIAL(left, (x + 3.5) * (1.0 / 1.5));

    const double a = x > -5.0 ? 5.0 : x < -1e200 ? 1e200 : -x, side = tl_sqrt_f64(a);
    const double v = 7.4535599249992990 / (a * side * (2.0 / 3)), t = 2.0 * v * v - 1.0;
    const double p = TL_POLYNOMIAL(far_p, t), q = v * TL_POLYNOMIAL(far_q, t);
    const tl_sine_cosine w = tl_airy_phase(a);
    const double far = (p * (w.sine + w.cosine) - q * (w.cosine - w.sine)) /
                       (2.50662827463100050242 * tl_sqrt_f64(side));
    const double y = x < -5.0 ? far : x < -2.0 ? aside : x < 2.0 ? centre : decaying;
    return x - x == 0.0 ? y : TL_NAN_F64;
}
TL_FN float tl_airy_ai_f32(float x) { return (float)tl_airy_ai_f64((double)x); }

#endif
