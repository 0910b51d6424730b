// Selection of elements by a mask.
#include "Index/Segments.h"
#include "Support/ElementTypes.h"
#include "Support/Forward.h"
#include "Support/Scratch.h"
#include "include/tl_index.h"

namespace tl {

namespace {

/// The stride of a result or a source with one element per true element.
int64_t compact_step(const tl_tensor& x) { return x.rank == 0 ? 0 : x.rank == 1 ? x.strides[0] : 1; }

/// move(address in the masked tensor, address in the compact one) for each true element.
template <class T, class Move>
void match(const tl_tensor* masked, const tl_tensor* mask, const tl_tensor* compact, Move&& move) {
    const Segments<2> segments({mask, masked});
    if (segments.count == 0) return;
    const Scratch counts(size_t(segments.count) * sizeof(int64_t));
    if (counts.is_missing()) return;
    const auto* starts = counts.get<int64_t>();
    segments.positions(counts.get<int64_t>());
    const int64_t step = compact_step(*compact);
    segments.run([&](int64_t s, const uint8_t* truth, char** address, int64_t, int64_t, int64_t length) {
        auto* element = reinterpret_cast<T*>(address[1]);
        auto* other = static_cast<T*>(compact->data) + starts[s] * step;
        for (int64_t i = 0; i < length; i++, element += segments.steps[1])
            if (truth[i]) {
                move(*element, *other);
                other += step;
            }
    });
}

} // namespace

} // namespace tl

int64_t tl_count_nonzero(const tl_tensor* x) {
    TL_FORWARD(x, count_nonzero, (x));
    using namespace tl;
    const Segments<1> segments({x});
    if (segments.count == 0) return 0;
    const Scratch counts(size_t(segments.count) * sizeof(int64_t));
    return counts.is_missing() ? 0 : segments.positions(counts.get<int64_t>());
}

void tl_masked_select(const tl_tensor* x, const tl_tensor* mask, const tl_tensor* out) {
    TL_FORWARD(out, masked_select, (x, mask, out));
    tl::with_raw_type(x->dtype, [&]<class T>(T) {
        tl::match<T>(x, mask, out, [](T& element, T& compact) { compact = element; });
    });
}

void tl_masked_scatter(const tl_tensor* out, const tl_tensor* mask, const tl_tensor* source) {
    TL_FORWARD(out, masked_scatter, (out, mask, source));
    tl::with_raw_type(out->dtype, [&]<class T>(T) {
        tl::match<T>(out, mask, source, [](T& element, T& compact) { element = compact; });
    });
}
