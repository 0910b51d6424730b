// Addition of rows by one index along one dimension, which is also the gradient of an embedding.
#include "Support/ElementTypes.h"
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>

void tl_index_add(const tl_tensor* out, const tl_tensor* index, const tl_tensor* x) {
    TL_FORWARD(out, index_add, (out, index, x));
    using namespace tl;
    const int64_t outer = x->shape[0], count = x->shape[1], inner = x->shape[2];
    if (count_of(*x) == 0) return;
    if (half_as_float(out, x, [&](const tl_tensor* a, const tl_tensor* b) { tl_index_add(a, index, b); })) return;
    const auto* indices = static_cast<const int64_t*>(index->data);
    const int64_t index_step = index->rank ? index->strides[0] : 0;

    with_number_type(out->dtype, [&]<class T>(T) {
        const auto* from = static_cast<const T*>(x->data);
        auto* to = static_cast<T*>(out->data);
        const int64_t to_step = out->strides[2], from_step = x->strides[2];
        const auto add_rows = [&](int64_t o, int64_t row_begin, int64_t row_end, int64_t begin, int64_t end) {
            for (int64_t i = 0; i < count; i++) {
                const int64_t row = wrap(indices[i * index_step], out->shape[1]);
                if (row < row_begin || row >= row_end) continue;
                T* target = to + o * out->strides[0] + row * out->strides[1];
                const T* source = from + o * x->strides[0] + i * x->strides[1];
                if (to_step == 1 && from_step == 1)
                    for (int64_t n = begin; n < end; n++) target[n] = add(target[n], source[n]);
                else
                    for (int64_t n = begin; n < end; n++)
                        target[n * to_step] = add(target[n * to_step], source[n * from_step]);
            }
        };
        // Each thread writes its own part, in the order of the indices: slices of the outer dimension, otherwise
        // columns, otherwise destination rows.
        const int64_t threads = tl_num_threads(), rows = out->shape[1];
        const auto grain = [&](int64_t pieces) { return std::max<int64_t>(1, 16384 * pieces / (outer * count * inner)); };
        if (outer >= threads)
            parallel_for(outer, grain(outer), [&](int64_t begin, int64_t end) {
                for (int64_t o = begin; o < end; o++) add_rows(o, 0, rows, 0, inner);
            });
        else if (const int64_t blocks = (inner + 31) / 32; blocks >= 2 * threads)
            parallel_for(blocks, grain(blocks), [&](int64_t begin, int64_t end) {
                for (int64_t o = 0; o < outer; o++) add_rows(o, 0, rows, begin * 32, std::min(end * 32, inner));
            });
        else
            parallel_for(rows, grain(rows), [&](int64_t begin, int64_t end) {
                for (int64_t o = 0; o < outer; o++) add_rows(o, begin, end, 0, inner);
            });
    });
}
