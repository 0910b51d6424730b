// The routines of BLAS and LAPACK that are used, in single and double precision, from whatever library the system has.
#ifndef TL_LAPACK_H
#define TL_LAPACK_H
#include <cstddef>

namespace tl {

/// LAPACK's Fortran interface: everything by address, matrices by columns, and the lengths of texts as last arguments.
template <class T>
struct LapackRoutines {
    void (*getrf)(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);
    void (*getrs)(const char* trans, const int* n, const int* k, const T* a, const int* lda, const int* pivots, T* b,
                  const int* ldb, int* info, size_t);
    void (*getri)(const int* n, T* a, const int* lda, const int* pivots, T* work, const int* lwork, int* info);
    void (*potrf)(const char* uplo, const int* n, T* a, const int* lda, int* info, size_t);
    void (*geqrf)(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork, int* info);
    void (*orgqr)(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work,
                  const int* lwork, int* info);
    void (*gesdd)(const char* job, const int* m, const int* n, T* a, const int* lda, T* s, T* u, const int* ldu, T* vt,
                  const int* ldvt, T* work, const int* lwork, int* iwork, int* info, size_t);
    void (*syevd)(const char* job, const char* uplo, const int* n, T* a, const int* lda, T* w, T* work,
                  const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);
    void (*trsm)(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
                 const T* alpha, const T* a, const int* lda, T* b, const int* ldb, size_t, size_t, size_t, size_t);
};

/// The routines, loaded by the first call; NULL where no library with all of them was found.
template <class T>
const LapackRoutines<T>* lapack();

} // namespace tl

#endif
