#include "Random/Blocks.h"
#include "Support/Forward.h"
#include "Support/Scratch.h"
#include <utility>

using namespace tl;

void tl_random_permutation(const tl_tensor* key, const tl_tensor* out) {
    TL_FORWARD(out, random_permutation, (key, out));
    const tl_philox philox = read_key(*key);
    const int64_t count = element_count(*out);
    if (count == 0) return;
    // Radix sort of 64-bit keys, 11 bits per pass, least significant first: stable, and linear in the count.
    struct Entry {
        uint64_t key;
        int64_t index;
    };
    const Scratch memory(2 * static_cast<size_t>(count) * sizeof(Entry));
    if (memory.is_missing()) return;
    Entry *from = memory.get<Entry>(), *to = from + count;
    for_blocks(count, [&](int64_t first, int64_t n) {
        uint32_t words[2 * block];
        make_words(philox, first, n, words, 2);
        for (int64_t i = 0; i < n; ++i)
            from[first + i] = {uint64_t(words[2 * i]) << 32 | words[2 * i + 1], first + i};
    });
    for (int shift = 0; shift < 64; shift += 11) {
        int64_t starts[2048] = {};
        for (int64_t i = 0; i < count; ++i) ++starts[from[i].key >> shift & 2047];
        int64_t sum = 0;
        for (int64_t& start : starts) sum += std::exchange(start, sum);
        for (int64_t i = 0; i < count; ++i) to[starts[from[i].key >> shift & 2047]++] = from[i];
        std::swap(from, to);
    }
    int64_t* permutation = static_cast<int64_t*>(out->data);
    for (int64_t i = 0; i < count; ++i) permutation[i] = from[i].index;
}
