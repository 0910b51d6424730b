#include <cstring>

#include "tl_data.h"

void tl_lookup_rows(const uint8_t* rows, int64_t width, const int64_t* index, int64_t count, const float* table,
                    float* out) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t* row = rows + index[i] * width;
        for (int64_t j = 0; j < width; j++) out[i * width + j] = table[row[j]];
    }
}

void tl_copy_rows(const void* rows, int64_t width, const int64_t* index, int64_t count, void* out) {
    for (int64_t i = 0; i < count; i++) {
        std::memcpy(static_cast<char*>(out) + i * width, static_cast<const char*>(rows) + index[i] * width, width);
    }
}
