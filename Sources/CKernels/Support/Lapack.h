// The BLAS and LAPACK functions in use, in single and double precision, real and complex, from the library of the
// system.
#ifndef TL_LAPACK_H
#define TL_LAPACK_H
#include "Support/Complex.h"
#include <cstddef>

namespace tl {

/// The Fortran interface of LAPACK: arguments by address, column-major matrices, and the lengths of strings as last
/// arguments. `orgqr` is ungqr for complex numbers.
template <class T>
struct CommonRoutines {
    void (*getrf)(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);
    void (*getrs)(const char* trans, const int* n, const int* k, const T* a, const int* lda, const int* pivots, T* b,
                  const int* ldb, int* info, size_t);
    void (*getri)(const int* n, T* a, const int* lda, const int* pivots, T* work, const int* lwork, int* info);
    void (*potrf)(const char* uplo, const int* n, T* a, const int* lda, int* info, size_t);
    void (*sytrf)(const char* uplo, const int* n, T* a, const int* lda, int* pivots, T* work, const int* lwork, int* info,
                  size_t);
    void (*sytrs)(const char* uplo, const int* n, const int* k, const T* a, const int* lda, const int* pivots, T* b,
                  const int* ldb, int* info, size_t);
    void (*geqrf)(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork, int* info);
    void (*orgqr)(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work,
                  const int* lwork, int* info);
    void (*trsm)(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
                 const T* alpha, const T* a, const int* lda, T* b, const int* ldb, size_t, size_t, size_t, size_t);
};

template <class T>
struct LapackRoutines : CommonRoutines<T> {
    void (*gesdd)(const char* job, const int* m, const int* n, T* a, const int* lda, T* s, T* u, const int* ldu, T* vt,
                  const int* ldvt, T* work, const int* lwork, int* iwork, int* info, size_t);
    void (*syevd)(const char* job, const char* uplo, const int* n, T* a, const int* lda, T* w, T* work,
                  const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);
};

/// Decompositions of complex matrices have an additional real workspace; `syevd` is heevd.
template <class T>
struct LapackRoutines<Complex<T>> : CommonRoutines<Complex<T>> {
    using C = Complex<T>;
    void (*gesdd)(const char* job, const int* m, const int* n, C* a, const int* lda, T* s, C* u, const int* ldu, C* vt,
                  const int* ldvt, C* work, const int* lwork, T* rwork, int* iwork, int* info, size_t);
    void (*syevd)(const char* job, const char* uplo, const int* n, C* a, const int* lda, T* w, C* work,
                  const int* lwork, T* rwork, const int* lrwork, int* iwork, const int* liwork, int* info, size_t,
                  size_t);
    decltype(CommonRoutines<C>::sytrf) hetrf;
    decltype(CommonRoutines<C>::sytrs) hetrs;
    void (*geev)(const char* jobvl, const char* jobvr, const int* n, C* a, const int* lda, C* w, C* vl, const int* ldvl,
                 C* vr, const int* ldvr, C* work, const int* lwork, T* rwork, int* info, size_t, size_t);
    void (*gemm)(const char* transa, const char* transb, const int* m, const int* n, const int* k, const C* alpha,
                 const C* a, const int* lda, const C* b, const int* ldb, const C* beta, C* c, const int* ldc, size_t,
                 size_t);
};

/// The functions, loaded by the first call; NULL if no library with all of them was found.
template <class T>
const LapackRoutines<T>* lapack();

} // namespace tl

#endif
