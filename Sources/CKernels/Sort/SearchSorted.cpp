// Binary search in sorted rows.
#include "Sort/Keys.h"
#include "Support/Forward.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>

namespace tl {

namespace {

/// The number of elements of a sorted row that are less than `wanted`; with `right`, less or equal. The loop has no
/// branch that depends on the elements, because such branches are mispredicted.
template <class K>
int64_t position_in(const typename K::Raw* row, int64_t count, int64_t step, typename K::Key wanted, bool right) {
    int64_t at = 0;
    while (count > 0) {
        const int64_t half = count / 2;
        const auto key = K::call(row[(at + half) * step]);
        const bool later = key < wanted || (right && key == wanted);
        at = later ? at + half + 1 : at;
        count = later ? count - half - 1 : half;
    }
    return at;
}

/// Threads share all values, so that one long row is shared too.
template <class K, class Position>
void search_rows(const tl_tensor* sequence, const tl_tensor* values, const tl_tensor* out, bool right) {
    using Raw = typename K::Raw;
    const int64_t count = last_size(*sequence), width = last_size(*values);
    const int64_t step = last_stride(*sequence), value_step = last_stride(*values), out_step = last_stride(*out);
    const StridedLoop<3> rows(values->shape, values->rank - 1, {sequence, values, out});
    parallel_for(rows.count * width, 2048, [&](int64_t begin, int64_t end) {
        rows.run(begin / width, (end - 1) / width + 1, [&](char** address, int64_t row) {
            const auto* sorted = reinterpret_cast<const Raw*>(address[0]);
            const auto* wanted = reinterpret_cast<const Raw*>(address[1]);
            auto* to = reinterpret_cast<Position*>(address[2]);
            const int64_t first = std::max(begin - row * width, int64_t(0)), last = std::min(end - row * width, width);
            for (int64_t j = first; j < last; j++)
                to[j * out_step] =
                    Position(position_in<K>(sorted, count, step, K::call(wanted[j * value_step]), right));
        });
    });
}

} // namespace

} // namespace tl

void tl_search_sorted(const tl_tensor* sequence, const tl_tensor* values, const tl_tensor* out, bool right) {
    TL_FORWARD(out, search_sorted, (sequence, values, out, right));
    tl::with_key_type(values->dtype, [&]<class K>(K) {
        if (out->dtype == TL_INT32) tl::search_rows<K, int32_t>(sequence, values, out, right);
        else tl::search_rows<K, int64_t>(sequence, values, out, right);
    });
}
