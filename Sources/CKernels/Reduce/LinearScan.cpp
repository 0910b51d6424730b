#include "Reduce/Complex.h"
#include "Reduce/ScanRows.h"

using namespace tl;

void tl_linear_scan(const tl_tensor* x, const tl_tensor* factors, const tl_tensor* out) {
    TL_FORWARD(out, linear_scan, (x, factors, out));
    if (is_complex(x->dtype)) return linear_scan_complex(*x, *factors, *out);
    const tl_tensor* tensors[] = {x, factors, out};
    const int last = x->rank - 1;
    const Iteration rows(tensors, 3, 0, last < 0 ? 0 : last);
    const int64_t length = last < 0 ? 1 : x->shape[last];
    if (rows.count == 0 || length == 0) return;
    const ConvertBlock load = convert_block(x->dtype, TL_FLOAT64), load_factors = convert_block(factors->dtype, TL_FLOAT64);
    const ConvertBlock store = convert_block(TL_FLOAT64, out->dtype);
    parallel_for(rows.count, std::max<int64_t>(1, 8192 / length), [&](int64_t begin, int64_t end) {
        double values[scan_block], carried_by[scan_block];
        StridedIterator iterator(rows, 0, begin);
        for (int64_t row = begin; row < end; ++row, iterator.step()) {
            double carried = 0;
            for (int64_t start = 0; start < length; start += scan_block) {
                const int64_t n = std::min(scan_block, length - start);
                load(row_start(x, iterator, 0, start), row_stride(x), values, 1, n);
                load_factors(row_start(factors, iterator, 1, start), row_stride(factors), carried_by, 1, n);
                // The first element has no predecessor; its factor is not used.
                for (int64_t i = 0; i < n; ++i)
                    values[i] = carried = start + i == 0 ? values[i] : values[i] + carried_by[i] * carried;
                store(values, 1, row_start(out, iterator, 2, start), row_stride(out), n);
            }
        }
    });
}
