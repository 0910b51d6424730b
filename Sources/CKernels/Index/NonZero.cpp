#include "Index/Segments.h"
#include "Support/Forward.h"
#include "Support/Scratch.h"
#include "include/tl_index.h"

void tl_nonzero(const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, nonzero, (x, out));
    using namespace tl;
    const Segments<1> segments({x});
    if (segments.count == 0 || x->rank == 0) return;
    const Scratch counts(size_t(segments.count) * sizeof(int64_t));
    if (counts.is_missing()) return;
    const auto* starts = counts.get<int64_t>();
    segments.positions(counts.get<int64_t>());
    const int last = x->rank - 1;
    segments.run([&](int64_t s, const uint8_t* truth, char**, int64_t row, int64_t column, int64_t length) {
        int64_t at[TL_MAX_RANK];
        for (int d = last - 1; d >= 0; d--) {
            at[d] = row % x->shape[d];
            row /= x->shape[d];
        }
        auto* to = static_cast<int64_t*>(out->data) + starts[s] * out->strides[0];
        for (int64_t i = 0; i < length; i++)
            if (truth[i]) {
                for (int d = 0; d < last; d++) to[d * out->strides[1]] = at[d];
                to[last * out->strides[1]] = column + i;
                to += out->strides[0];
            }
    });
}
