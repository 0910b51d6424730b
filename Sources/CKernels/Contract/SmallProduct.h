// Products of a few thousand multiplications, where calling a library costs more than the arithmetic.
#ifndef TL_SMALL_PRODUCT_H
#define TL_SMALL_PRODUCT_H
#include <cstdint>

namespace tl {

/// Below this many multiplications `small_multiply` beats dnnl_sgemm.
constexpr int64_t small_product = 4096;

/// c = alpha * a @ b + beta * c, float32; rows of c are contiguous.
struct SmallProduct {
    int64_t m, n, k;
    const float* a;
    int64_t a_row, a_column;
    const float* b;
    int64_t b_row, b_column;
    float* c;
    int64_t c_row;
    float alpha, beta;
};
void small_multiply(const SmallProduct& product);

} // namespace tl

#endif
