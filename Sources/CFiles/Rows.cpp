#include "tl_files.h"
#include <cstring>

namespace {

/// Rows in random order are read from memory, not from a cache: the next one is prefetched while this one is copied.
inline void prefetch(const uint8_t* row, int64_t width) {
    for (int64_t j = 0; j < width; j += 64) __builtin_prefetch(row + j);
}

} // namespace

void tl_lookup_rows(const uint8_t* rows, int64_t width, const int64_t* index, int64_t count,
                    const float* __restrict table, float* __restrict out) {
    for (int64_t i = 0; i < count; i++, out += width) {
        const uint8_t* row = rows + index[i] * width;
        if (i + 1 < count) prefetch(rows + index[i + 1] * width, width);
        int64_t j = 0;
        // Eight bytes a load: the table is in the first cache, so the number of loads is what counts.
        for (; j + 8 <= width; j += 8) {
            uint64_t bytes;
            std::memcpy(&bytes, row + j, 8);
            for (int k = 0; k < 8; k++) out[j + k] = table[bytes >> 8 * k & 255];
        }
        for (; j < width; j++) out[j] = table[row[j]];
    }
}

void tl_copy_rows(const void* rows, int64_t width, const int64_t* index, int64_t count, void* out) {
    for (int64_t i = 0; i < count; i++) {
        std::memcpy(static_cast<char*>(out) + i * width, static_cast<const char*>(rows) + index[i] * width, width);
    }
}
