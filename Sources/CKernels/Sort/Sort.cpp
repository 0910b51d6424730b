// Sorting and selection along the last dimension, row by row.
#include "Sort/Keys.h"
#include "Support/Forward.h"
#include "Support/Scratch.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>
#include <utility>

namespace tl {

namespace {

/// Radix sort, least significant byte first; bytes that are equal in all keys are skipped. Returns the address of the
/// sorted entries.
template <class E>
E* radix_sort(E* entries, E* other, int64_t count, int digits) {
    for (int digit = 0; digit < digits; digit++) {
        int64_t starts[256] = {};
        for (int64_t i = 0; i < count; i++) starts[entries[i].digit(digit)]++;
        if (starts[entries[0].digit(digit)] == count) continue;
        int64_t total = 0;
        for (int64_t& start : starts) {
            const int64_t here = start;
            start = total;
            total += here;
        }
        for (int64_t i = 0; i < count; i++) other[starts[entries[i].digit(digit)]++] = entries[i];
        std::swap(entries, other);
    }
    return entries;
}

/// The `wanted` smallest of `count` entries in order. The smallest so far are kept sorted; most later entries are
/// rejected by one comparison with the largest of them.
template <class E, class Read>
void select_least(E* best, int64_t wanted, int64_t count, Read&& read) {
    for (int64_t i = 0; i < wanted; i++) best[i] = read(i);
    std::sort(best, best + wanted);
    for (int64_t i = wanted; i < count; i++) {
        const E entry = read(i);
        if (!(entry < best[wanted - 1])) continue;
        int64_t rank = wanted - 1;
        for (; rank > 0 && entry < best[rank - 1]; rank--) best[rank] = best[rank - 1];
        best[rank] = entry;
    }
}

/// The largest selection that is kept sorted while a row is read; larger ones are partitioned.
constexpr int64_t selection_limit = 64;

/// The length below which a comparison sort is faster.
constexpr int64_t radix_threshold = 512;

/// The first `wanted` entries of every row in ascending (or descending) order; ties by index in both cases.
template <class K>
void sort_rows(const tl_tensor* x, bool descending, const tl_tensor* values, const tl_tensor* indices) {
    using Raw = typename K::Raw;
    using Key = typename K::Key;
    using E = Entry<Key>;
    const int last = x->rank - 1;
    const int64_t width = x->rank ? x->shape[last] : 1, wanted = x->rank ? values->shape[last] : 1;
    const int64_t x_step = x->rank ? x->strides[last] : 0, value_step = x->rank ? values->strides[last] : 0;
    const int64_t index_step = x->rank ? indices->strides[last] : 0;
    if (width == 0 || wanted == 0) return;
    const bool all = wanted == width, radix = all && width >= radix_threshold;
    // A descending row would move every entry; this cost is limited for short selections.
    const bool few = wanted <= selection_limit && wanted * 8 <= width;
    const StridedLoop<3> loop(x->shape, std::max(last, 0), {x, values, indices});
    parallel_for(loop.count, std::max<int64_t>(1, 2048 / width), [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(width) * sizeof(E) * (radix ? 2 : 1));
        if (memory.is_missing()) return;
        E* const entries = memory.get<E>();
        loop.run(begin, end, [&](char** address, int64_t) {
            const auto* from = reinterpret_cast<const Raw*>(address[0]);
            // The complement of a key reverses the order and keeps ties in order.
            const Key flip = descending ? Key(~Key(0)) : Key(0);
            const auto entry = [&](int64_t i) { return E(Key(K::call(from[i * x_step]) ^ flip), uint32_t(i)); };
            const E* sorted = entries;
            if (few) {
                select_least(entries, wanted, width, entry);
            } else {
                for (int64_t i = 0; i < width; i++) entries[i] = entry(i);
                if (radix) {
                    sorted = radix_sort(entries, entries + width, width, K::bits / 8);
                } else {
                    if (!all) std::nth_element(entries, entries + wanted - 1, entries + width);
                    std::sort(entries, entries + wanted);
                }
            }
            auto* to = reinterpret_cast<Raw*>(address[1]);
            auto* at = reinterpret_cast<int64_t*>(address[2]);
            for (int64_t i = 0; i < wanted; i++) {
                const int64_t position = sorted[i].position();
                to[i * value_step] = from[position * x_step];
                at[i * index_step] = position;
            }
        });
    });
}

} // namespace

} // namespace tl

void tl_sort(const tl_tensor* x, bool descending, const tl_tensor* values, const tl_tensor* indices) {
    TL_FORWARD(x, sort, (x, descending, values, indices));
    tl::with_key_type(x->dtype, [&]<class K>(K) { tl::sort_rows<K>(x, descending, values, indices); });
}

void tl_topk(const tl_tensor* x, bool largest, const tl_tensor* values, const tl_tensor* indices) {
    TL_FORWARD(x, topk, (x, largest, values, indices));
    tl::with_key_type(x->dtype, [&]<class K>(K) { tl::sort_rows<K>(x, largest, values, indices); });
}
