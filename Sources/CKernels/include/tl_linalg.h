// Linear algebra on batches of matrices through LAPACK. Every argument is strided with the matrix in the last two
// dimensions (vectors in the last one) and the same leading dimensions in all arguments of a call; numbers are float32,
// float64, complex64 or complex128, the same in all, but that singular values, eigenvalues of Hermitian matrices and logarithms
// are real; pivots, and what LAPACK says of each matrix (`info`, 0 for success), are int32.
//
// The library is loaded by the first call: programs that use no linear algebra do not pay for it.
#ifndef TL_LINALG_H
#define TL_LINALG_H
#include "tl_types.h"

enum {
    TL_LINALG_OK = 0,
    TL_LINALG_NO_LIBRARY = 1,
    TL_LINALG_NO_MEMORY = 2,
    TL_LINALG_NOT_CONVERGED = 3,
    TL_LINALG_BAD_PIVOTS = 4,
};

/// A [m, n] = P L U in one matrix, L below the diagonal (its own diagonal is ones), and the row exchanges [min(m, n)],
/// counted from 1. `info` is the first zero on U's diagonal, counted from 1.
TL_API int32_t tl_linalg_lu(const tl_tensor* a, const tl_tensor* lu, const tl_tensor* pivots, const tl_tensor* info);
/// The order of rows [m] (int64, from 0) that the exchanges [k] amount to: row i of P^T A is row order[i] of A.
TL_API int32_t tl_linalg_permutation(const tl_tensor* pivots, const tl_tensor* order);
/// The determinant, and its sign and the logarithm of its magnitude; either may be NULL.
TL_API int32_t tl_linalg_det(const tl_tensor* a, const tl_tensor* det, const tl_tensor* sign, const tl_tensor* log);
/// A^-1 [n, n]; NaN where A is singular.
TL_API int32_t tl_linalg_inverse(const tl_tensor* a, const tl_tensor* inverse, const tl_tensor* info);
/// X [n, k] with A X = B; NaN where A is singular.
TL_API int32_t tl_linalg_solve(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, const tl_tensor* info);
/// X with A X = B, or X A = B where not `left`, reading one triangle of A, with ones as its diagonal if `unit`.
TL_API int32_t tl_linalg_solve_triangular(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, bool upper,
                                          bool left, bool unit);
/// A = L L^H, or U^H U, reading one triangle of A. `info` is the order of the first minor that is not positive.
TL_API int32_t tl_linalg_cholesky(const tl_tensor* a, const tl_tensor* factor, bool upper, const tl_tensor* info);
/// A = L D L^T, or L D L^H where `hermitian`, reading the lower triangle of A: L, whose diagonal is ones, and D with blocks of size
/// 1 and 2 in the lower triangle of `factors` [n, n], with zeros above, and the exchanges of rows and columns [n] as LAPACK's
/// sytrf and hetrf give them. `info` is the first block of D that is exactly 0, counted from 1.
TL_API int32_t tl_linalg_ldl(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* pivots, bool hermitian,
                             const tl_tensor* info);
/// X [n, k] with A X = B, of the factors and pivots of A.
TL_API int32_t tl_linalg_ldl_solve(const tl_tensor* factors, const tl_tensor* pivots, const tl_tensor* b, const tl_tensor* x,
                                   bool hermitian);
/// A [m, n] = Q R with Q [m, k] and R [k, n], where k is min(m, n) or m. `q` may be NULL.
TL_API int32_t tl_linalg_qr(const tl_tensor* a, const tl_tensor* q, const tl_tensor* r);
/// The QR decomposition as LAPACK keeps it: R in the upper triangle of `factors` [m, n], below it the vectors of Householder's
/// reflections, whose first element is 1, and their factors tau [min(m, n)].
TL_API int32_t tl_linalg_reflectors(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* tau);
/// A [m, n] = U diag(S) V^H with U [m, k or m], S [k], V^T [k or n, n], k = min(m, n); `u` and `vh` may be NULL together.
TL_API int32_t tl_linalg_svd(const tl_tensor* a, const tl_tensor* u, const tl_tensor* s, const tl_tensor* vh);
/// The eigenvalues [n] of a symmetric or Hermitian matrix in rising order, reading one triangle, and its eigenvectors [n, n] as
/// columns; `vectors` may be NULL.
TL_API int32_t tl_linalg_eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper);

/// The eigenvalues [n] of a complex matrix, in no order, and its eigenvectors [n, n] of length 1 as columns; `vectors` may be
/// NULL.
TL_API int32_t tl_linalg_eig(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors);

/// The first matrix of a batch, row-major, whose `info` is not 0, and that number; -1 where all are 0.
TL_API int64_t tl_linalg_first_failure(const tl_tensor* info, int32_t* answer);

#endif
