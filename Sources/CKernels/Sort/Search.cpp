// Binary search in sorted rows, and the order of whole rows.
#include "Index/Walk.h"
#include "Sort/Keys.h"
#include "Support/Forward.h"
#include "include/tl_index.h"

namespace tl {

namespace {

int64_t last_size(const tl_tensor& x) { return x.shape[x.rank - 1]; }
int64_t last_stride(const tl_tensor& x) { return x.strides[x.rank - 1]; }

/// How many elements of a sorted row come before `wanted`; with `right`, before or at it. The loop has no branch that
/// depends on the elements, since no processor could foresee it.
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
    const Walk<3> rows(values->shape, values->rank - 1, {sequence, values, out});
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

/// The order of contiguous rows: by their first elements, where these agree by the next, and so on.
template <class K>
void order_rows(const typename K::Raw* x, int64_t count, int64_t width, int64_t* order) {
    // The first element lies beside the row's number: most comparisons need no more.
    struct Row {
        typename K::Key first;
        uint32_t number;
    };
    const Scratch memory(size_t(count) * sizeof(Row));
    Row* const rows = memory.need<Row>();
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

void tl_search_sorted(const tl_tensor* sequence, const tl_tensor* values, const tl_tensor* out, bool right) {
    TL_FORWARD(out, search_sorted, (sequence, values, out, right));
    tl::with_key_type(values->dtype, [&]<class K>(K) {
        if (out->dtype == TL_INT32) tl::search_rows<K, int32_t>(sequence, values, out, right);
        else tl::search_rows<K, int64_t>(sequence, values, out, right);
    });
}

void tl_row_order(const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, row_order, (x, out));
    tl::with_key_type(x->dtype, [&]<class K>(K) {
        tl::order_rows<K>(static_cast<const typename K::Raw*>(x->data), x->shape[0], x->shape[1],
                          static_cast<int64_t*>(out->data));
    });
}
