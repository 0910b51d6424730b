// Our own matrix product for the element types that oneDNN does not know.
#ifndef TL_GEMM_H
#define TL_GEMM_H
#include <cstdint>

namespace tl {

/// c = alpha * a @ b + beta * c of float64, int64 or int32, with any strides, counted in elements.
struct Gemm {
    int32_t dtype;
    int64_t m, n, k;
    const void* a;
    int64_t a_row, a_column;
    const void* b;
    int64_t b_row, b_column;
    void* c;
    int64_t c_row, c_column;
    double alpha, beta;
};

/// Threaded unless called from a parallel region. False where memory ran out.
bool gemm(const Gemm& product);

} // namespace tl

#endif
