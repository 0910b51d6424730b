// Small products, for which the overhead of a library call (checks, packing, thread synchronisation) is significant: of
// a few thousand multiplications, or with unpacked operands that fit in the L2 cache.
#ifndef TL_SMALL_PRODUCT_H
#define TL_SMALL_PRODUCT_H
#include <cstdint>

namespace tl {

/// The number of multiplications below which `small_multiply` is faster than dnnl_sgemm.
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

/// Whether `direct_multiply` supports the product and is faster than dnnl_sgemm: the rows of b are contiguous whole
/// vectors, and b fits in the L2 cache.
inline bool is_direct(const SmallProduct& p) {
    return p.b_column == 1 && p.n % 16 == 0 && p.n * p.k <= 128 * 128 && p.m * p.n * p.k <= 128 * 128 * 128;
}
/// Computes the rows [begin, end) of c from the unpacked operands. The order of summation does not depend on the range.
void direct_multiply(const SmallProduct& product, int64_t begin, int64_t end);

/// Whether the product is that of a row vector and a matrix with contiguous columns, such as a linear layer for one
/// sample. Its time is that of reading b, to which a library adds its overhead.
inline bool is_row(const SmallProduct& p) { return p.m == 1 && p.a_column == 1 && p.b_row == 1; }
/// Computes the columns [begin, end) of the row.
void row_multiply(const SmallProduct& product, int64_t begin, int64_t end);

} // namespace tl

#endif
