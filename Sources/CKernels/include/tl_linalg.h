// Linear algebra on batches of matrices by LAPACK. Every argument is strided, with the matrix in the last two
// dimensions (vectors in the last one) and the same leading dimensions in all arguments of a call. Numbers are float32,
// float64, complex64 or complex128, the same in all arguments, except that singular values, eigenvalues of Hermitian
// matrices and logarithms are real; pivots, and the LAPACK status of each matrix (`info`, 0 for success), are int32.
//
// The library is loaded by the first call, so that programs without linear algebra do not load it.
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

/// A [m, n] = P L U in one matrix, L below the diagonal (with a unit diagonal), and the row exchanges [min(m, n)],
/// counted from 1. `info` is the first zero on the diagonal of U, counted from 1.
TL_API int32_t tl_linalg_lu(const tl_tensor* a, const tl_tensor* lu, const tl_tensor* pivots, const tl_tensor* info);
/// The permutation of rows [m] (int64, from 0) given by the exchanges [k]: row i of P^T A is row order[i] of A.
TL_API int32_t tl_linalg_permutation(const tl_tensor* pivots, const tl_tensor* order);
/// The determinant, and its sign and the logarithm of its magnitude; either may be NULL.
TL_API int32_t tl_linalg_det(const tl_tensor* a, const tl_tensor* det, const tl_tensor* sign, const tl_tensor* log);
/// A^-1 [n, n]; NaN if A is singular.
TL_API int32_t tl_linalg_inverse(const tl_tensor* a, const tl_tensor* inverse, const tl_tensor* info);
/// X [n, k] with A X = B; NaN if A is singular.
TL_API int32_t tl_linalg_solve(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, const tl_tensor* info);
/// X with A X = B, or X A = B if not `left`, reading one triangle of A, with a unit diagonal if `unit`.
TL_API int32_t tl_linalg_solve_triangular(const tl_tensor* a, const tl_tensor* b, const tl_tensor* x, bool upper,
                                          bool left, bool unit);
/// A = L L^H, or U^H U, reading one triangle of A. `info` is the order of the first minor that is not positive.
TL_API int32_t tl_linalg_cholesky(const tl_tensor* a, const tl_tensor* factor, bool upper, const tl_tensor* info);
/// A = L D L^T, or L D L^H if `hermitian`, reading the lower triangle of A: L, with a unit diagonal, and D with blocks
/// of size 1 and 2 in the lower triangle of `factors` [n, n], with zeros above, and the exchanges of rows and columns
/// [n] in the format of LAPACK's sytrf and hetrf. `info` is the first block of D that is exactly 0, counted from 1.
TL_API int32_t tl_linalg_ldl(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* pivots, bool hermitian,
                             const tl_tensor* info);
/// X [n, k] with A X = B, from the factors and pivots of A.
TL_API int32_t tl_linalg_ldl_solve(const tl_tensor* factors, const tl_tensor* pivots, const tl_tensor* b, const tl_tensor* x,
                                   bool hermitian);
/// A [m, n] = Q R with Q [m, k] and R [k, n], where k is min(m, n) or m. `q` may be NULL.
TL_API int32_t tl_linalg_qr(const tl_tensor* a, const tl_tensor* q, const tl_tensor* r);
/// The QR decomposition in LAPACK's format: R in the upper triangle of `factors` [m, n], below it the Householder
/// vectors, whose first element is 1, and their factors tau [min(m, n)].
TL_API int32_t tl_linalg_reflectors(const tl_tensor* a, const tl_tensor* factors, const tl_tensor* tau);
/// A [m, n] = U diag(S) V^H with U [m, k or m], S [k], V^T [k or n, n], k = min(m, n); `u` and `vh` may be NULL together.
TL_API int32_t tl_linalg_svd(const tl_tensor* a, const tl_tensor* u, const tl_tensor* s, const tl_tensor* vh);
/// The eigenvalues [n] of a symmetric or Hermitian matrix in ascending order, reading one triangle, and its
/// eigenvectors [n, n] as columns; `vectors` may be NULL.
TL_API int32_t tl_linalg_eigh(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors, bool upper);

/// The eigenvalues [n] of a complex matrix, in no particular order, and its eigenvectors [n, n] with norm 1 as columns;
/// `vectors` may be NULL.
TL_API int32_t tl_linalg_eig(const tl_tensor* a, const tl_tensor* values, const tl_tensor* vectors);

/// The index of the first matrix of a batch, row-major, whose `info` is not 0, and that `info`; -1 if all are 0.
TL_API int64_t tl_linalg_first_failure(const tl_tensor* info, int32_t* answer);

#endif
