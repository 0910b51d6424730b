// The lexicographic order of rows.
#include "Sort/Keys.h"
#include "Support/Forward.h"
#include "Support/Scratch.h"
#include "include/tl_index.h"
#include <algorithm>

namespace tl {

namespace {

/// The lexicographic order of contiguous rows.
template <class K>
void order_rows(const typename K::Raw* x, int64_t count, int64_t width, int64_t* order) {
    // The first element is stored with the row number: it decides most comparisons.
    struct Row {
        typename K::Key first;
        uint32_t number;
    };
    const Scratch memory(size_t(count) * sizeof(Row));
    if (memory.is_missing()) return;
    Row* const rows = memory.get<Row>();
    for (int64_t i = 0; i < count; i++) rows[i] = {width ? K::call(x[i * width]) : 0, uint32_t(i)};
    std::sort(rows, rows + count, [&](const Row& a, const Row& b) {
        if (a.first != b.first) return a.first < b.first;
        for (int64_t j = 1; j < width; j++) {
            const auto left = K::call(x[a.number * width + j]), right = K::call(x[b.number * width + j]);
            if (left != right) return left < right;
        }
        return a.number < b.number;
    });
    for (int64_t i = 0; i < count; i++) order[i] = rows[i].number;
}

} // namespace

} // namespace tl

void tl_row_order(const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, row_order, (x, out));
    tl::with_key_type(x->dtype, [&]<class K>(K) {
        tl::order_rows<K>(static_cast<const typename K::Raw*>(x->data), x->shape[0], x->shape[1],
                          static_cast<int64_t*>(out->data));
    });
}
