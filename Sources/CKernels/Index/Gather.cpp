// Elements gathered along the last dimension.
#include "Support/ElementTypes.h"
#include "Support/Forward.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>

void tl_gather(const tl_tensor* x, const tl_tensor* index, const tl_tensor* out) {
    TL_FORWARD(out, gather, (x, index, out));
    using namespace tl;
    const int64_t width = last_size(*index);
    const int64_t x_step = last_stride(*x), index_step = last_stride(*index), out_step = last_stride(*out);
    const StridedLoop<3> loop(index->shape, std::max(index->rank - 1, 0), {x, index, out});
    with_raw_type(x->dtype, [&]<class T>(T) {
        loop.run_parallel(width, [&](char** address, int64_t) {
            const auto* from = reinterpret_cast<const T*>(address[0]);
            const auto* at = reinterpret_cast<const int64_t*>(address[1]);
            auto* to = reinterpret_cast<T*>(address[2]);
            if (x_step == 1 && index_step == 1 && out_step == 1)
                for (int64_t j = 0; j < width; j++) to[j] = from[at[j]];
            else
                for (int64_t j = 0; j < width; j++) to[j * out_step] = from[at[j * index_step] * x_step];
        });
    });
}
