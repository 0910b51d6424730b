// Our own matrix product: for the element types that oneDNN does not know, and for float32 where it is faster.
#ifndef TL_GEMM_H
#define TL_GEMM_H
#include "Support/InstructionSets.h"
#include <algorithm>
#include <cstdint>

namespace tl {

/// c = alpha * a @ b + beta * c + bias in each row, of float32, float64, int64 or int32, with any strides, counted in
/// elements. An element's sum has one order, whatever the number of threads.
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
    const void* bias;  // [n], contiguous, or NULL
};

/// Whether `gemm` beats dnnl_sgemm at a float32 product. With AVX2 (Zen 3, two threads, 218 GFLOP/s at most) it reaches
/// 197 to 212 GFLOP/s on the products of the benchmarks. oneDNN 2.6 reaches as much where it packs its operands, but it
/// does so only where 1/m + 1/n is small; where it does not, it falls to 90 on a transposed left operand (gradients of
/// weights) and to 100 to 185 on others. On few rows or columns it is ahead. With AVX-512 its kernels are others.
inline bool is_blocked(int64_t m, int64_t n, int64_t k, bool is_left_transposed) {
    if (instruction_set != InstructionSet::avx2) return false;
    const int64_t least = std::min(m, n);
    if (is_left_transposed) return least >= 32 && m * n * k >= (int64_t(1) << 20);
    return least >= 64 && m * n * k >= (int64_t(1) << 26);
}

/// Threaded unless called from a parallel region. False where memory ran out.
bool gemm(const Gemm& product);

} // namespace tl

#endif
