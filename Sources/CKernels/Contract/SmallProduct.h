// Products small enough that a library's preparations (its checks, packing and hand-over to threads) would show: of a few
// thousand multiplications, and of operands that lie in the second cache as they are.
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

/// Whether `direct_multiply` takes the product and beats dnnl_sgemm at it: rows of b are contiguous whole vectors, and b
/// fits the second cache.
inline bool is_direct(const SmallProduct& p) {
    return p.b_column == 1 && p.n % 16 == 0 && p.n * p.k <= 128 * 128 && p.m * p.n * p.k <= 128 * 128 * 128;
}
/// The rows [begin, end) of c, from the operands where they lie. An element's sum has one order, whatever the range.
void direct_multiply(const SmallProduct& product, int64_t begin, int64_t end);

/// Whether it is a product of a row vector and a matrix whose columns are contiguous, such as a layer on one sample. It takes the time
/// to read b, to which the preparations of a library would add.
inline bool is_row(const SmallProduct& p) { return p.m == 1 && p.a_column == 1 && p.b_row == 1; }
/// The columns [begin, end) of the row.
void row_multiply(const SmallProduct& product, int64_t begin, int64_t end);

} // namespace tl

#endif
