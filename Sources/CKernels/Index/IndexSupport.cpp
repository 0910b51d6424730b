// The range check of indices.
#include "Support/Forward.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>
#include <atomic>

namespace tl {

namespace {

/// Whether an index is outside low ..< high: a difference is then negative, or wraps to a negative number.
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
    const StridedLoop<1> loop(indices->shape, rank ? rank - 1 : 0, {indices});
    if (width == 0) return -1;
    std::atomic<bool> outside = false;
    // A single long row is split.
    if (loop.count == 1) {
        const auto* index = static_cast<const int64_t*>(indices->data);
        parallel_for(width, 65536, [&](int64_t begin, int64_t end) {
            if (any_outside(index + begin * step, end - begin, step, low, high)) outside = true;
        });
    } else {
        parallel_for(loop.count, std::max<int64_t>(1, 65536 / width), [&](int64_t begin, int64_t end) {
            loop.run(begin, end, [&](char** address, int64_t) {
                if (any_outside(reinterpret_cast<const int64_t*>(address[0]), width, step, low, high)) outside = true;
            });
        });
    }
    if (!outside) return -1;
    // The first bad index is searched only if there is one.
    int64_t bad = -1;
    loop.run(0, loop.count, [&](char** address, int64_t row) {
        const auto* index = reinterpret_cast<const int64_t*>(address[0]);
        for (int64_t i = 0; bad < 0 && i < width; i++)
            if (index[i * step] < low || index[i * step] >= high) bad = row * width + i;
    });
    return bad;
}
