// Whole rows gathered and added by one index along one dimension: index-select, embeddings and their gradient.
#include "Index/Walk.h"
#include "Support/Forward.h"
#include "include/tl_index.h"
#include <atomic>

namespace tl {

namespace {

/// Whether one of the indices is outside low ..< high: then a difference is negative or wraps into a sign.
bool any_outside(const int64_t* index, int64_t count, int64_t step, int64_t low, int64_t high) {
    uint64_t signs = 0;
    if (step == 1)
        for (int64_t i = 0; i < count; i++)
            signs |= (uint64_t(index[i]) - uint64_t(low)) | (uint64_t(high - 1) - uint64_t(index[i]));
    else
        for (int64_t i = 0; i < count; i++)
            signs |= (uint64_t(index[i * step]) - uint64_t(low)) | (uint64_t(high - 1) - uint64_t(index[i * step]));
    return signs >> 63;
}

} // namespace

} // namespace tl

int64_t tl_check_indices(const tl_tensor* indices, int64_t low, int64_t high) {
    TL_FORWARD(indices, check_indices, (indices, low, high));
    using namespace tl;
    const int rank = indices->rank;
    const int64_t width = rank ? indices->shape[rank - 1] : 1, step = rank ? indices->strides[rank - 1] : 1;
    const Walk<1> walk(indices->shape, rank ? rank - 1 : 0, {indices});
    if (width == 0) return -1;
    std::atomic<bool> outside = false;
    // One long row is cut as well.
    if (walk.count == 1) {
        const auto* index = static_cast<const int64_t*>(indices->data);
        parallel_for(width, 65536, [&](int64_t begin, int64_t end) {
            if (any_outside(index + begin * step, end - begin, step, low, high)) outside = true;
        });
    } else {
        parallel_for(walk.count, std::max<int64_t>(1, 65536 / width), [&](int64_t begin, int64_t end) {
            walk.run(begin, end, [&](char** address, int64_t) {
                if (any_outside(reinterpret_cast<const int64_t*>(address[0]), width, step, low, high)) outside = true;
            });
        });
    }
    if (!outside) return -1;
    // The first is searched where there is one.
    int64_t bad = -1;
    walk.run(0, walk.count, [&](char** address, int64_t row) {
        const auto* index = reinterpret_cast<const int64_t*>(address[0]);
        for (int64_t i = 0; bad < 0 && i < width; i++)
            if (index[i * step] < low || index[i * step] >= high) bad = row * width + i;
    });
    return bad;
}

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
        // Threads take what no other thread writes, and go through the indices in order: slices of the outer dimension,
        // else columns, else destination rows.
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
