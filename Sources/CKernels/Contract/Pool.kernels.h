// There are two loop orders: channel by channel, for row-major and other tensors, and position by position with
// channels in vectors, for channels-last tensors.
namespace tl::TL_ISA {

/// The part of a window that is inside: taps first ..< last of `kernel`, the first of them at `start`.
struct WindowRange {
    int64_t first, last, start;

    WindowRange(const Pool& p, int d, int64_t position) {
        const int64_t origin = position * p.stride[d] - p.padding[d], dilation = p.dilation[d];
        first = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
        last = p.kernel[d];
        while (last > first && origin + (last - 1) * dilation >= p.in[d]) last--;
        start = origin + first * dilation;
    }
};

/// A value below all others.
template <class T>
static inline T pool_lowest() {
    return -T(__builtin_huge_val());
}
template <>
inline int64_t pool_lowest<int64_t>() {
    return INT64_MIN;
}

/// Calls body(offset in x, position in the channel) for every tap inside.
template <class Body>
static inline __attribute__((always_inline)) void each_tap(const Pool& p, int64_t i, int64_t j, int64_t k, Body&& body) {
    const WindowRange z(p, 0, i), y(p, 1, j), x(p, 2, k);
    for (int64_t a = z.first, at = z.start; a < z.last; a++, at += p.dilation[0])
        for (int64_t b = y.first, row = y.start; b < y.last; b++, row += p.dilation[1])
            for (int64_t c = x.first, column = x.start; c < x.last; c++, column += p.dilation[2])
                body(at * p.x.step[0] + row * p.x.step[1] + column * p.x.step[2],
                     (at * p.in[1] + row) * p.in[2] + column);
}

template <class Body>
static inline __attribute__((always_inline)) void each_position(const Pool& p, Body&& body) {
    for (int64_t i = 0; i < p.out[0]; i++)
        for (int64_t j = 0; j < p.out[1]; j++)
            for (int64_t k = 0; k < p.out[2]; k++) body(i, j, k);
}

constexpr int64_t pool_row = 128;  // results along the last dimension per iteration

/// For the results first ..< first + count of row (i, j): calls body(from, to, offset in the channel, position in it)
/// for every tap. Offset and position are those of result `from`; each next result up to `to` is a stride further.
template <class Body>
static inline __attribute__((always_inline)) void each_row_tap(const Pool& p, int64_t i, int64_t j, int64_t first,
                                                               int64_t count, Body&& body) {
    const WindowRange z(p, 0, i), y(p, 1, j);
    const int64_t stride = p.stride[2];
    for (int64_t a = z.first, at = z.start; a < z.last; a++, at += p.dilation[0])
        for (int64_t b = y.first, row = y.start; b < y.last; b++, row += p.dilation[1])
            for (int64_t c = 0; c < p.kernel[2]; c++) {
                // The results k with 0 <= k * stride + shift < width.
                const int64_t shift = c * p.dilation[2] - p.padding[2], room = p.in[2] - shift;
                int64_t from = shift < 0 ? (-shift + stride - 1) / stride : 0;
                int64_t to = room > 0 ? (room + stride - 1) / stride : 0;
                from = (from < first ? first : from) - first;
                to = (to > first + count ? first + count : to) - first;
                if (from >= to) continue;
                const int64_t column = (from + first) * stride + shift;
                body(from, to, at * p.x.step[0] + row * p.x.step[1] + column * p.x.step[2],
                     (at * p.in[1] + row) * p.in[2] + column);
            }
}

/// Calls body(i, j, first, count) for ranges of the rows of a channel of results.
template <class Body>
static inline __attribute__((always_inline)) void each_row(const Pool& p, Body&& body) {
    for (int64_t i = 0; i < p.out[0]; i++)
        for (int64_t j = 0; j < p.out[1]; j++)
            for (int64_t k = 0; k < p.out[2]; k += pool_row)
                body(i, j, k, p.out[2] - k < pool_row ? p.out[2] - k : pool_row);
}

constexpr int64_t pool_channels = 64;  // channels per iteration

} // namespace tl::TL_ISA
