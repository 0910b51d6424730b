#include "Support/Convert.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "include/tl_view.h"
#include <algorithm>

using namespace tl;

static constexpr int64_t grain_of_rows = 32768;

void tl_triangle(const tl_tensor* x, const tl_tensor* out, int64_t diagonal, bool upper) {
    TL_FORWARD(out, triangle, (x, out, diagonal, upper));
    const tl_tensor* tensors[] = {out, x};
    const int rank = out->rank;
    const int64_t rows = out->shape[rank - 2], columns = out->shape[rank - 1];
    const Iteration outer(tensors, 2, 0, rank - 2);
    const ConvertBlock move = convert_block(out->dtype, out->dtype);
    const int64_t size = size_of_dtype(out->dtype), from = x->strides[rank - 1], to = out->strides[rank - 1];
    static constexpr char zero[16] = {};
    if (rows == 0 || columns == 0) return;
    parallel_for(outer.count * rows, std::max<int64_t>(1, grain_of_rows / columns), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const StridedIterator iterator(outer, 0, task / rows);
            const int64_t row = task % rows;
            char* target = static_cast<char*>(out->data) + (iterator.offset[0] + row * out->strides[rank - 2]) * size;
            const char* source =
                static_cast<const char*>(x->data) + (iterator.offset[1] + row * x->strides[rank - 2]) * size;
            // The first column after the diagonal (upper: on it); the kept part is before (upper: from) it.
            int64_t edge = row + diagonal + (upper ? 0 : 1);
            edge = edge < 0 ? 0 : edge > columns ? columns : edge;
            const int64_t keep = upper ? edge : 0, kept = upper ? columns - edge : edge;
            const int64_t clear = upper ? 0 : edge, cleared = columns - kept;
            if (source != target) move(source + keep * from * size, from, target + keep * to * size, to, kept);
            move(zero, 0, target + clear * to * size, to, cleared);
        }
    });
}
