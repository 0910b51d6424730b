// Polynomials with coefficients in a table, the highest power first; see Dialect.h.
#ifndef TL_SCALAR_POLYNOMIAL_H
#define TL_SCALAR_POLYNOMIAL_H
#include "Scalar/Dialect.h"

/// Horner's scheme; unrolled, so that loops over the callers are vectorised.
TL_FN double tl_polynomial_f64(const double* coefficients, int count, double t) {
    double p = coefficients[0];
#pragma unroll
    for (int i = 1; i < count; ++i) p = p * t + coefficients[i];
    return p;
}
#define TL_POLYNOMIAL(table, t) tl_polynomial_f64(table, (int)(sizeof(table) / sizeof(table[0])), t)

#endif
