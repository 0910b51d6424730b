// Copies of short runs of elements, for which an indirect call would take longer than the copy.
#ifndef TL_SHORT_LINES_H
#define TL_SHORT_LINES_H
#include <algorithm>
#include <cstdint>

namespace tl {

/// Longer runs are copied by functions that are selected once.
constexpr int64_t longest_short_line = 64;

template <typename T>
inline void move_short_line(const T* __restrict from, int64_t from_stride, T* __restrict to, int64_t to_stride, int64_t n) {
    if (to_stride != 1) {
        for (int64_t i = 0; i < n; ++i) to[i * to_stride] = from[i * from_stride];
    } else if (from_stride == 1) {
        for (int64_t i = 0; i < n; ++i) to[i] = from[i];
    } else if (from_stride == 0) {
        std::fill_n(to, n, from[0]);
    } else {
        for (int64_t i = 0; i < n; ++i) to[i] = from[i * from_stride];
    }
}

/// Calls the body with a value of the unsigned type of this size in bytes; returns false for other sizes.
template <typename Body>
inline bool with_type_of_size(int64_t size, const Body& body) {
    switch (size) {
    case 1: return body(uint8_t()), true;
    case 2: return body(uint16_t()), true;
    case 4: return body(uint32_t()), true;
    case 8: return body(uint64_t()), true;
    default: return false;
    }
}

} // namespace tl
#endif
