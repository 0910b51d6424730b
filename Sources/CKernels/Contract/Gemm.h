// Matrix products (GEMM) of dtypes that oneDNN does not support, and of float32 where this is faster.
#ifndef TL_GEMM_H
#define TL_GEMM_H
#include "Support/InstructionSets.h"
#include <algorithm>
#include <cstdint>

namespace tl {

/// c = alpha * a @ b + beta * c + bias for each row, of float32, float64, int64 or int32, with arbitrary strides in
/// elements. The order of summation does not depend on the number of threads.
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

/// Whether `gemm` is faster than dnnl_sgemm for a float32 product. With AVX2 (Zen 3, two threads, peak 218 GFLOP/s) it
/// reaches 197 to 212 GFLOP/s on the products of the benchmarks. oneDNN 2.6 is as fast if it packs its operands, which
/// it does only for small 1/m + 1/n; otherwise it reaches 90 with a transposed left operand (gradients of weights) and
/// 100 to 185 for others. It is faster for few rows or columns. With AVX-512 it has other kernels.
inline bool is_blocked(int64_t m, int64_t n, int64_t k, bool is_left_transposed) {
    if (instruction_set != InstructionSet::avx2) return false;
    const int64_t least = std::min(m, n);
    if (is_left_transposed) return least >= 32 && m * n * k >= (int64_t(1) << 20);
    return least >= 64 && m * n * k >= (int64_t(1) << 26);
}

/// Uses threads unless called from a parallel region. Returns false if an allocation failed.
bool gemm(const Gemm& product);

} // namespace tl

#endif
