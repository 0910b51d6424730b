// Reductions and cumulative operations of complex numbers. Sums, means and norms are computed from those of the parts;
// products, and whether elements are 0, need both parts of each element.
#include "Reduce/Complex.h"
#include "Support/Complex.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"

namespace tl {
namespace {

using Number = Complex<double>;

/// Calls body(element) for the elements of one output, starting at `base`, converted to complex128.
template <class Body>
void each_element(const Iteration& fold, const char* base, int64_t size, ConvertBlock load, Body&& body) {
    if (fold.count == 0) return;
    constexpr int64_t block = 128;
    Number values[block];
    const int64_t length = fold.rank ? fold.shape[0] : 1, stride = fold.rank ? fold.strides[0][0] : 0;
    StridedIterator iterator(fold, 1, 0);
    for (int64_t run = 0; run < fold.count / length; ++run, iterator.step())
        for (int64_t i = 0; i < length; i += block) {
            const int64_t count = std::min(block, length - i);
            load(base + (iterator.offset[0] + i * stride) * size, stride, values, 1, count);
            for (int64_t j = 0; j < count; ++j) body(values[j]);
        }
}

/// Products, and whether any or all elements are not 0, for one output at a time.
void fold_elements(int32_t op, const tl_tensor& x, int32_t reduced, const tl_tensor& out) {
    const int split = x.rank - reduced;
    const tl_tensor* tensors[] = {&x, &out};
    Iteration kept(tensors, 2, 0, split), fold(tensors, 1, split, x.rank);
    fold.merge();
    const ConvertBlock load = convert_block(x.dtype, TL_COMPLEX128), store = convert_block(TL_COMPLEX128, out.dtype);
    const int64_t size = size_of_dtype(x.dtype), out_size = size_of_dtype(out.dtype);
    parallel_for(kept.count, std::max<int64_t>(1, 8192 / std::max<int64_t>(fold.count, 1)),
                 [&](int64_t begin, int64_t end) {
                     StridedIterator iterator(kept, 0, begin);
                     for (int64_t i = begin; i < end; ++i, iterator.step()) {
                         const char* base = static_cast<const char*>(x.data) + iterator.offset[0] * size;
                         Number product{1, 0};
                         bool any = false, all = true;
                         each_element(fold, base, size, load, [&](Number z) {
                             const bool is_true = z.re != 0 || z.im != 0;
                             any |= is_true;
                             all &= is_true;
                             if (op == TL_REDUCE_PROD) product = product * z;
                         });
                         if (op == TL_REDUCE_ANY) product = {any ? 1.0 : 0.0, 0};
                         if (op == TL_REDUCE_ALL) product = {all ? 1.0 : 0.0, 0};
                         store(&product, 1, static_cast<char*>(out.data) + iterator.offset[1] * out_size, 1, 1);
                     }
                 });
}

/// Calls step(carried, element, index) along the last dimension of x and writes the results to `out`.
template <class Step>
void scan_elements(const tl_tensor& x, const tl_tensor* factors, const tl_tensor& out, Step&& step) {
    const int last = x.rank - 1;
    const tl_tensor* tensors[] = {&x, &out, factors};
    const int number = factors ? 3 : 2;
    const Iteration rows(tensors, number, 0, last < 0 ? 0 : last);
    const int64_t length = last < 0 ? 1 : x.shape[last];
    if (rows.count == 0 || length == 0) return;
    const ConvertBlock load = convert_block(x.dtype, TL_COMPLEX128), store = convert_block(TL_COMPLEX128, out.dtype);
    const ConvertBlock load_factor = convert_block(factors ? factors->dtype : x.dtype, TL_COMPLEX128);
    const auto at = [last](const tl_tensor& tensor, int64_t offset, int64_t i) {
        const int64_t stride = last < 0 ? 0 : tensor.strides[last];
        return static_cast<char*>(tensor.data) + (offset + i * stride) * size_of_dtype(tensor.dtype);
    };
    parallel_for(rows.count, std::max<int64_t>(1, 4096 / length), [&](int64_t begin, int64_t end) {
        StridedIterator iterator(rows, 0, begin);
        for (int64_t row = begin; row < end; ++row, iterator.step()) {
            Number carried{0, 0}, value, factor{0, 0};
            for (int64_t i = 0; i < length; ++i) {
                load(at(x, iterator.offset[0], i), 1, &value, 1, 1);
                if (factors) load_factor(at(*factors, iterator.offset[2], i), 1, &factor, 1, 1);
                carried = i == 0 ? value : step(carried, value, factor);
                store(&carried, 1, at(out, iterator.offset[1], i), 1, 1);
            }
        }
    });
}

} // namespace

void reduce_complex(int32_t op, const tl_tensor& x, int32_t reduced, const tl_tensor& out) {
    const int split = x.rank - reduced;
    const int32_t part = part_dtype(x.dtype);
    switch (op) {
    case TL_REDUCE_SUM:
    case TL_REDUCE_MEAN: return tl_reduce(op, part, Parts(x, split).get(), reduced, Parts(out, split).get());
    case TL_REDUCE_NORM: return tl_reduce(op, part, Parts(x, x.rank).get(), reduced + 1, &out);
    default: return fold_elements(op, x, reduced, out);
    }
}

void scan_complex(int32_t op, const tl_tensor& x, const tl_tensor& out) {
    const int dim = x.rank > 0 ? x.rank - 1 : 0;
    if (op == TL_SCAN_SUM && x.rank > 0) return tl_scan(op, Parts(x, dim).get(), Parts(out, dim).get(), nullptr);
    scan_elements(x, nullptr, out, [](Number carried, Number value, Number) { return carried * value; });
}

void linear_scan_complex(const tl_tensor& x, const tl_tensor& factors, const tl_tensor& out) {
    scan_elements(x, &factors, out, [](Number carried, Number value, Number factor) { return value + factor * carried; });
}

} // namespace tl
