// Gathering of rows by one index along one dimension, which is also the forward pass of an embedding.
#include "Support/ElementTypes.h"
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>
#include <cstring>

void tl_index_select(const tl_tensor* x, const tl_tensor* index, const tl_tensor* out) {
    TL_FORWARD(out, index_select, (x, index, out));
    using namespace tl;
    const int64_t count = out->shape[1], inner = out->shape[2], size = size_of_dtype(x->dtype);
    if (count_of(*out) == 0) return;
    const auto* indices = static_cast<const int64_t*>(index->data);
    const int64_t index_step = index->rank ? index->strides[0] : 0;
    const bool rows = (x->strides[2] == 1 && out->strides[2] == 1) || inner == 1;
    with_raw_type(x->dtype, [&]<class T>(T) {
        const auto* from = static_cast<const T*>(x->data);
        auto* to = static_cast<T*>(out->data);
        parallel_for(out->shape[0] * count, std::max<int64_t>(1, 16384 / inner), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++) {
                const int64_t o = row / count, i = row % count;
                const T* source = from + o * x->strides[0] + wrap(indices[i * index_step], x->shape[1]) * x->strides[1];
                T* target = to + o * out->strides[0] + i * out->strides[1];
                if (inner == 1) *target = *source;
                else if (rows) std::memcpy(target, source, size_t(inner * size));
                else
                    for (int64_t n = 0; n < inner; n++) target[n * out->strides[2]] = source[n * x->strides[2]];
            }
        });
    });
}
