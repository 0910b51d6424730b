// Two ways through the data: plane by plane, for row-major tensors and all others, and position by position with the
// channels side by side, for channels-last ones.
namespace tl::TL_ISA {

/// The part of a window that lies inside: taps first ..< last of `kernel`, the first of them at `start`.
struct Reach {
    int64_t first, last, start;

    Reach(const Pool& p, int d, int64_t position) {
        const int64_t origin = position * p.stride[d] - p.padding[d], dilation = p.dilation[d];
        first = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
        last = p.kernel[d];
        while (last > first && origin + (last - 1) * dilation >= p.in[d]) last--;
        start = origin + first * dilation;
    }
};

/// What every number beats.
template <class T>
static inline T pool_lowest() {
    return -T(__builtin_huge_val());
}
template <>
inline int64_t pool_lowest<int64_t>() {
    return INT64_MIN;
}

/// How much of a window counts along one dimension when its elements are averaged.
static inline int64_t pool_span(const Pool& p, int d, int64_t position) {
    const int64_t begin = position * p.stride[d] - p.padding[d], end = begin + p.kernel[d];
    const int64_t low = p.count_include_pad ? -p.padding[d] : 0;
    const int64_t high = p.count_include_pad ? p.in[d] + p.padding[d] : p.in[d];
    const int64_t length = (end > high ? high : end) - (begin < low ? low : begin);
    return length > 0 ? length : 0;
}

/// What an average over the window at these positions is divided by.
static inline int64_t pool_divisor(const Pool& p, int64_t i, int64_t j, int64_t k) {
    return p.divisor ? p.divisor : pool_span(p, 0, i) * pool_span(p, 1, j) * pool_span(p, 2, k);
}

/// Calls body(offset into x, position in the plane) for every tap inside the window.
template <class Body>
static inline __attribute__((always_inline)) void each_tap(const Pool& p, int64_t i, int64_t j, int64_t k, Body&& body) {
    const Reach z(p, 0, i), y(p, 1, j), x(p, 2, k);
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

/// Rows of the most common pooling: 2 x 2, stride 2, nothing outside.
template <class T>
static void max_pool_pairs(const T* __restrict top, int64_t width, int64_t position, int64_t count, T* __restrict out,
                           int64_t* __restrict indices) {
    const T* __restrict bottom = top + width;
    for (int64_t k = 0; k < count; k++) {
        const T a = top[2 * k], b = top[2 * k + 1], c = bottom[2 * k], d = bottom[2 * k + 1];
        T best = a;
        int64_t at = 0;
        const bool second = (b > best) | (b != b);
        best = second ? b : best, at = second ? 1 : at;
        const bool third = (c > best) | (c != c);
        best = third ? c : best, at = third ? width : at;
        const bool fourth = (d > best) | (d != d);
        best = fourth ? d : best, at = fourth ? width + 1 : at;
        out[k] = best;
        indices[k] = position + 2 * k + at;
    }
}

constexpr int64_t pool_row = 128;  // results along the last dimension in one go

/// For the results first ..< first + count of row (i, j): calls body(from, to, offset into the plane, position in it)
/// for every tap: these are the place that result `from` takes from, and the results up to `to` take a stride further each.
template <class Body>
static inline __attribute__((always_inline)) void each_row_tap(const Pool& p, int64_t i, int64_t j, int64_t first,
                                                               int64_t count, Body&& body) {
    const Reach z(p, 0, i), y(p, 1, j);
    const int64_t stride = p.stride[2];
    for (int64_t a = z.first, at = z.start; a < z.last; a++, at += p.dilation[0])
        for (int64_t b = y.first, row = y.start; b < y.last; b++, row += p.dilation[1])
            for (int64_t c = 0; c < p.kernel[2]; c++) {
                // Results k with 0 <= k * stride + shift < width.
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

/// Calls body(i, j, first, count) for pieces of the rows of a plane of results.
template <class Body>
static inline __attribute__((always_inline)) void each_row(const Pool& p, Body&& body) {
    for (int64_t i = 0; i < p.out[0]; i++)
        for (int64_t j = 0; j < p.out[1]; j++)
            for (int64_t k = 0; k < p.out[2]; k += pool_row)
                body(i, j, k, p.out[2] - k < pool_row ? p.out[2] - k : pool_row);
}

template <class T>
static void max_pool_planes(const Pool& p, int64_t begin, int64_t end) {
    const bool pairs = p.kernel[0] == 1 && p.out[0] == 1 && p.kernel[1] == 2 && p.kernel[2] == 2 && p.stride[1] == 2 &&
                       p.stride[2] == 2 && p.padding[0] + p.padding[1] + p.padding[2] == 0 &&
                       p.dilation[1] == 1 && p.dilation[2] == 1 && p.x.step[2] == 1 && p.x.step[1] == p.in[2] &&
                       p.y.step[2] == 1 && p.indices.step[2] == 1 && p.in[1] >= 2 * p.out[1] &&
                       p.in[2] >= 2 * p.out[2];
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels;
        const T* x = static_cast<const T*>(p.x.data) + n * p.x.image + c * p.x.channel;
        T* y = static_cast<T*>(p.y.data) + n * p.y.image + c * p.y.channel;
        int64_t* indices = static_cast<int64_t*>(p.indices.data) + n * p.indices.image + c * p.indices.channel;
        if (pairs) {
            for (int64_t j = 0; j < p.out[1]; j++)
                max_pool_pairs(x + 2 * j * p.in[2], p.in[2], 2 * j * p.in[2], p.out[2], y + j * p.y.step[1],
                               indices + j * p.indices.step[1]);
            continue;
        }
        const int64_t step = p.stride[2] * p.x.step[2];
        each_row(p, [&](int64_t i, int64_t j, int64_t first, int64_t count) {
            T best[pool_row];
            int64_t index[pool_row];
            for (int64_t k = 0; k < count; k++) best[k] = pool_lowest<T>(), index[k] = -1;
            each_row_tap(p, i, j, first, count, [&](int64_t from, int64_t to, int64_t offset, int64_t position) {
                for (int64_t k = from; k < to; k++) {
                    const T value = x[offset + (k - from) * step];
                    const bool take = (value > best[k]) | (value != value) | (index[k] < 0);
                    best[k] = take ? value : best[k];
                    index[k] = take ? position + (k - from) * p.stride[2] : index[k];
                }
            });
            for (int64_t k = 0; k < count; k++) {
                y[i * p.y.step[0] + j * p.y.step[1] + (first + k) * p.y.step[2]] = best[k];
                indices[i * p.indices.step[0] + j * p.indices.step[1] + (first + k) * p.indices.step[2]] =
                    index[k] < 0 ? 0 : index[k];  // a dilated window may lie in the padding with every tap
            }
        });
    }
}

constexpr int64_t pool_channels = 64;  // side by side in one go

/// Channels-last: `begin ..< end` of images x rows of the output (its first two spatial dimensions).
template <class T>
static void max_pool_channels(const Pool& p, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
        const int64_t j = row % p.out[1], i = row / p.out[1] % p.out[0], n = row / (p.out[1] * p.out[0]);
        for (int64_t k = 0; k < p.out[2]; k++)
            for (int64_t c = 0; c < p.channels; c += pool_channels) {
                const int64_t count = p.channels - c < pool_channels ? p.channels - c : pool_channels;
                const T* x = static_cast<const T*>(p.x.data) + n * p.x.image + c;
                T best[pool_channels];
                int32_t index[pool_channels];
                for (int64_t s = 0; s < count; s++) best[s] = pool_lowest<T>(), index[s] = -1;
                each_tap(p, i, j, k, [&](int64_t offset, int64_t position) {
                    const T* values = x + offset;
                    const int32_t here = int32_t(position);
                    for (int64_t s = 0; s < count; s++) {
                        const bool take = (values[s] > best[s]) | (values[s] != values[s]) | (index[s] < 0);
                        best[s] = take ? values[s] : best[s];
                        index[s] = take ? here : index[s];
                    }
                });
                T* y = static_cast<T*>(p.y.data) + n * p.y.image + i * p.y.step[0] + j * p.y.step[1] +
                       k * p.y.step[2] + c;
                int64_t* indices = static_cast<int64_t*>(p.indices.data) + n * p.indices.image +
                                   i * p.indices.step[0] + j * p.indices.step[1] + k * p.indices.step[2] + c;
                for (int64_t s = 0; s < count; s++) y[s] = best[s];
                for (int64_t s = 0; s < count; s++) indices[s] = index[s] < 0 ? 0 : index[s];
            }
    }
}

/// Whole planes, so that no two threads add to one element.
template <class T>
static void max_pool_backward_planes(const Pool& p, int64_t begin, int64_t end) {
    // Dimensions of one element may have any stride.
    const auto is_dense = [](const auto& operand, const int64_t* size) {
        return (size[2] == 1 || operand.step[2] == 1) && (size[1] == 1 || operand.step[1] == size[2]) &&
               (size[0] == 1 || operand.step[0] == size[1] * size[2]);
    };
    const bool dense = is_dense(p.x, p.in), all_dense = dense && is_dense(p.y, p.out) && is_dense(p.indices, p.out);
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels;
        T* x = static_cast<T*>(p.x.data) + n * p.x.image + c * p.x.channel;
        const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + c * p.y.channel;
        const int64_t* indices = static_cast<const int64_t*>(p.indices.data) + n * p.indices.image + c * p.indices.channel;
        if (dense)
            for (int64_t i = 0, count = p.in[0] * p.in[1] * p.in[2]; i < count; i++) x[i] = 0;
        else
            for (int64_t i = 0; i < p.in[0]; i++)
                for (int64_t j = 0; j < p.in[1]; j++)
                    for (int64_t k = 0; k < p.in[2]; k++) x[i * p.x.step[0] + j * p.x.step[1] + k * p.x.step[2]] = 0;
        if (all_dense) {
            // The plane stays in the first cache: the gradients and indices are what memory has to bring.
            for (int64_t i = 0, count = p.out[0] * p.out[1] * p.out[2]; i < count; i++) x[indices[i]] += y[i];
            continue;
        }
        each_position(p, [&](int64_t i, int64_t j, int64_t k) {
            const int64_t index = indices[i * p.indices.step[0] + j * p.indices.step[1] + k * p.indices.step[2]];
            const T gradient = y[i * p.y.step[0] + j * p.y.step[1] + k * p.y.step[2]];
            if (dense) {
                x[index] += gradient;
            } else {
                const int64_t column = index % p.in[2], row = index / p.in[2];
                x[row / p.in[1] * p.x.step[0] + row % p.in[1] * p.x.step[1] + column * p.x.step[2]] += gradient;
            }
        });
    }
}

/// Channels-last and dense: whole images.
template <class T>
static void max_pool_backward_channels(const Pool& p, int64_t begin, int64_t end) {
    const int64_t channels = p.channels, count = p.in[0] * p.in[1] * p.in[2] * channels;
    for (int64_t n = begin; n < end; n++) {
        T* x = static_cast<T*>(p.x.data) + n * p.x.image;
        for (int64_t i = 0; i < count; i++) x[i] = 0;
        each_position(p, [&](int64_t i, int64_t j, int64_t k) {
            const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + i * p.y.step[0] + j * p.y.step[1] +
                         k * p.y.step[2];
            const int64_t* indices = static_cast<const int64_t*>(p.indices.data) + n * p.indices.image +
                                     i * p.indices.step[0] + j * p.indices.step[1] + k * p.indices.step[2];
            for (int64_t c = 0; c < channels; c++) x[indices[c] * channels + c] += y[c];
        });
    }
}

/// What the averages of a piece of a row are divided by. The part of the last dimension is kept from row to row.
template <class T>
class RowDivisors {
  public:
    explicit RowDivisors(const Pool& p) : p(p) {}
    /// The divisor of result first + k is of_row times of_column[k].
    void prepare(int64_t i, int64_t j, int64_t first, int64_t count) {
        of_row = T(p.divisor ? p.divisor : pool_span(p, 0, i) * pool_span(p, 1, j));
        if (first == ready) return;
        for (int64_t k = 0; k < count; k++) of_column[k] = T(p.divisor ? 1 : pool_span(p, 2, first + k));
        ready = first;
    }
    T of_row = 1, of_column[pool_row];

  private:
    const Pool& p;
    int64_t ready = -1;
};

template <class T>
static void average_pool_planes(const Pool& p, int64_t begin, int64_t end) {
    RowDivisors<T> divisors(p);
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels, step = p.stride[2] * p.x.step[2];
        const T* x = static_cast<const T*>(p.x.data) + n * p.x.image + c * p.x.channel;
        T* y = static_cast<T*>(p.y.data) + n * p.y.image + c * p.y.channel;
        each_row(p, [&](int64_t i, int64_t j, int64_t first, int64_t count) {
            divisors.prepare(i, j, first, count);
            T sum[pool_row];
            for (int64_t k = 0; k < count; k++) sum[k] = 0;
            each_row_tap(p, i, j, first, count, [&](int64_t from, int64_t to, int64_t offset, int64_t) {
                for (int64_t k = from; k < to; k++) sum[k] += x[offset + (k - from) * step];
            });
            for (int64_t k = 0; k < count; k++)
                y[i * p.y.step[0] + j * p.y.step[1] + (first + k) * p.y.step[2]] =
                    sum[k] / (divisors.of_row * divisors.of_column[k]);
        });
    }
}

template <class T>
static void average_pool_channels(const Pool& p, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
        const int64_t j = row % p.out[1], i = row / p.out[1] % p.out[0], n = row / (p.out[1] * p.out[0]);
        for (int64_t k = 0; k < p.out[2]; k++) {
            const T divisor = T(pool_divisor(p, i, j, k));
            T* y = static_cast<T*>(p.y.data) + n * p.y.image + i * p.y.step[0] + j * p.y.step[1] + k * p.y.step[2];
            for (int64_t c = 0; c < p.channels; c += pool_channels) {
                const int64_t count = p.channels - c < pool_channels ? p.channels - c : pool_channels;
                const T* x = static_cast<const T*>(p.x.data) + n * p.x.image + c;
                T sum[pool_channels] = {};
                each_tap(p, i, j, k, [&](int64_t offset, int64_t) {
                    for (int64_t s = 0; s < count; s++) sum[s] += x[offset + s];
                });
                for (int64_t s = 0; s < count; s++) y[c + s] = sum[s] / divisor;
            }
        }
    }
}

/// grad_x was zeroed already.
template <class T>
static void average_pool_backward_planes(const Pool& p, int64_t begin, int64_t end) {
    RowDivisors<T> divisors(p);
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels, step = p.stride[2] * p.x.step[2];
        T* x = static_cast<T*>(p.x.data) + n * p.x.image + c * p.x.channel;
        const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + c * p.y.channel;
        each_row(p, [&](int64_t i, int64_t j, int64_t first, int64_t count) {
            divisors.prepare(i, j, first, count);
            T share[pool_row];
            for (int64_t k = 0; k < count; k++)
                share[k] = y[i * p.y.step[0] + j * p.y.step[1] + (first + k) * p.y.step[2]] /
                           (divisors.of_row * divisors.of_column[k]);
            each_row_tap(p, i, j, first, count, [&](int64_t from, int64_t to, int64_t offset, int64_t) {
                for (int64_t k = from; k < to; k++) x[offset + (k - from) * step] += share[k];
            });
        });
    }
}

/// Channels-last: whole images; grad_x was zeroed already.
template <class T>
static void average_pool_backward_channels(const Pool& p, int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++)
        each_position(p, [&](int64_t i, int64_t j, int64_t k) {
            T* x = static_cast<T*>(p.x.data) + n * p.x.image;
            const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + i * p.y.step[0] + j * p.y.step[1] +
                         k * p.y.step[2];
            const T divisor = T(pool_divisor(p, i, j, k));
            each_tap(p, i, j, k, [&](int64_t offset, int64_t) {
                for (int64_t c = 0; c < p.channels; c++) x[offset + c] += y[c] / divisor;
            });
        });
}

/// Window i of adaptive pooling reaches from i * in / out, rounded down, to (i + 1) * in / out, rounded up.
static inline int64_t adaptive_begin(const Pool& p, int d, int64_t i) { return i * p.in[d] / p.out[d]; }
static inline int64_t adaptive_end(const Pool& p, int d, int64_t i) {
    return ((i + 1) * p.in[d] + p.out[d] - 1) / p.out[d];
}

/// Calls body(offset of the plane in x, of the result in y and in the indices, begin and end of the window).
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
        T sum = 0;
        for (int64_t a = from[0]; a < to[0]; a++)
            for (int64_t b = from[1]; b < to[1]; b++) {
                const T* row = x + a * p.x.step[0] + b * p.x.step[1];
                for (int64_t c = from[2]; c < to[2]; c++) sum += row[c * p.x.step[2]];
            }
        static_cast<T*>(p.y.data)[y_at] = sum / T((to[0] - from[0]) * (to[1] - from[1]) * (to[2] - from[2]));
    });
}

/// grad_x was zeroed already.
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
