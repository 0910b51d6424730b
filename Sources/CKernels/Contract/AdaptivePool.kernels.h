#include "Contract/Pool.kernels.h"

namespace tl::TL_ISA {

/// Window i of adaptive pooling is floor(i * in / out) ..< ceil((i + 1) * in / out).
static inline int64_t adaptive_begin(const Pool& p, int d, int64_t i) { return i * p.in[d] / p.out[d]; }
static inline int64_t adaptive_end(const Pool& p, int d, int64_t i) {
    return ((i + 1) * p.in[d] + p.out[d] - 1) / p.out[d];
}

/// Calls body(offset of the channel in x, offset of the result in y and in the indices, begin and end of the window).
template <class Body>
static inline __attribute__((always_inline)) void each_adaptive(const Pool& p, int64_t begin, int64_t end, Body&& body) {
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels;
        each_position(p, [&](int64_t i, int64_t j, int64_t k) {
            const int64_t from[3] = {adaptive_begin(p, 0, i), adaptive_begin(p, 1, j), adaptive_begin(p, 2, k)};
            const int64_t to[3] = {adaptive_end(p, 0, i), adaptive_end(p, 1, j), adaptive_end(p, 2, k)};
            const auto at = [&](const PooledTensor& t) {
                return n * t.image + c * t.channel + i * t.step[0] + j * t.step[1] + k * t.step[2];
            };
            body(n * p.x.image + c * p.x.channel, at(p.y), at(p.indices), from, to);
        });
    }
}

template <class T>
static void adaptive_max_planes(const Pool& p, int64_t begin, int64_t end) {
    each_adaptive(p, begin, end, [&](int64_t x_at, int64_t y_at, int64_t i_at, const int64_t* from, const int64_t* to) {
        const T* x = static_cast<const T*>(p.x.data) + x_at;
        T best = pool_lowest<T>();
        int64_t index = -1;
        for (int64_t a = from[0]; a < to[0]; a++)
            for (int64_t b = from[1]; b < to[1]; b++) {
                const T* row = x + a * p.x.step[0] + b * p.x.step[1];
                for (int64_t c = from[2]; c < to[2]; c++) {
                    const T value = row[c * p.x.step[2]];
                    if ((value > best) | (value != value) | (index < 0))
                        best = value, index = (a * p.in[1] + b) * p.in[2] + c;
                }
            }
        static_cast<T*>(p.y.data)[y_at] = best;
        static_cast<int64_t*>(p.indices.data)[i_at] = index;
    });
}

template <class T>
static void adaptive_average_planes(const Pool& p, int64_t begin, int64_t end) {
    each_adaptive(p, begin, end, [&](int64_t x_at, int64_t y_at, int64_t, const int64_t* from, const int64_t* to) {
        const T* x = static_cast<const T*>(p.x.data) + x_at;
        WideSum<T> sum = 0;
        for (int64_t a = from[0]; a < to[0]; a++)
            for (int64_t b = from[1]; b < to[1]; b++) {
                const T* row = x + a * p.x.step[0] + b * p.x.step[1];
                for (int64_t c = from[2]; c < to[2]; c++) sum += row[c * p.x.step[2]];
            }
        const int64_t count = (to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2]);
        static_cast<T*>(p.y.data)[y_at] = T(sum / WideSum<T>(count));
    });
}

/// grad_x must be zero.
template <class T>
static void adaptive_average_backward_planes(const Pool& p, int64_t begin, int64_t end) {
    each_adaptive(p, begin, end, [&](int64_t x_at, int64_t y_at, int64_t, const int64_t* from, const int64_t* to) {
        T* x = static_cast<T*>(p.x.data) + x_at;
        const T share = static_cast<const T*>(p.y.data)[y_at] /
                        T((to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2]));
        for (int64_t a = from[0]; a < to[0]; a++)
            for (int64_t b = from[1]; b < to[1]; b++) {
                T* row = x + a * p.x.step[0] + b * p.x.step[1];
                for (int64_t c = from[2]; c < to[2]; c++) row[c * p.x.step[2]] += share;
            }
    });
}

} // namespace tl::TL_ISA
