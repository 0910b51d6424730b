#include "Contract/Pool.kernels.h"

namespace tl::TL_ISA {

/// Rows of the most common pooling: kernel size 2 x 2, stride 2, no padding.
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
                    index[k] < 0 ? 0 : index[k];  // all taps of a dilated window may be in the padding
            }
        });
    }
}

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

/// Whether an index is inside a channel. Indices of a forward pass are; those of a recorded graph from a file may not
/// be.
static bool is_inside(int64_t index, int64_t count) { return static_cast<uint64_t>(index) < static_cast<uint64_t>(count); }

/// Whole channels, so that no two threads add to the same element.
template <class T>
static void max_pool_backward_planes(const Pool& p, int64_t begin, int64_t end) {
    // Dimensions of size 1 may have any stride.
    const auto is_dense = [](const auto& operand, const int64_t* size) {
        return (size[2] == 1 || operand.step[2] == 1) && (size[1] == 1 || operand.step[1] == size[2]) &&
               (size[0] == 1 || operand.step[0] == size[1] * size[2]);
    };
    const bool dense = is_dense(p.x, p.in), all_dense = dense && is_dense(p.y, p.out) && is_dense(p.indices, p.out);
    const int64_t size = p.in[0] * p.in[1] * p.in[2];
    for (int64_t plane = begin; plane < end; plane++) {
        const int64_t n = plane / p.channels, c = plane % p.channels;
        T* x = static_cast<T*>(p.x.data) + n * p.x.image + c * p.x.channel;
        const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + c * p.y.channel;
        const int64_t* indices = static_cast<const int64_t*>(p.indices.data) + n * p.indices.image + c * p.indices.channel;
        if (dense)
            for (int64_t i = 0; i < size; i++) x[i] = 0;
        else
            for (int64_t i = 0; i < p.in[0]; i++)
                for (int64_t j = 0; j < p.in[1]; j++)
                    for (int64_t k = 0; k < p.in[2]; k++) x[i * p.x.step[0] + j * p.x.step[1] + k * p.x.step[2]] = 0;
        if (all_dense) {
            // The channel fits in the L1 cache: only gradients and indices are read from memory.
            for (int64_t i = 0, count = p.out[0] * p.out[1] * p.out[2]; i < count; i++)
                if (is_inside(indices[i], size)) x[indices[i]] += y[i];
            continue;
        }
        each_position(p, [&](int64_t i, int64_t j, int64_t k) {
            const int64_t index = indices[i * p.indices.step[0] + j * p.indices.step[1] + k * p.indices.step[2]];
            if (!is_inside(index, size)) return;
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

/// Channels-last and contiguous: whole images.
template <class T>
static void max_pool_backward_channels(const Pool& p, int64_t begin, int64_t end) {
    const int64_t channels = p.channels, size = p.in[0] * p.in[1] * p.in[2], count = size * channels;
    for (int64_t n = begin; n < end; n++) {
        T* x = static_cast<T*>(p.x.data) + n * p.x.image;
        for (int64_t i = 0; i < count; i++) x[i] = 0;
        each_position(p, [&](int64_t i, int64_t j, int64_t k) {
            const T* y = static_cast<const T*>(p.y.data) + n * p.y.image + i * p.y.step[0] + j * p.y.step[1] +
                         k * p.y.step[2];
            const int64_t* indices = static_cast<const int64_t*>(p.indices.data) + n * p.indices.image +
                                     i * p.indices.step[0] + j * p.indices.step[1] + k * p.indices.step[2];
            for (int64_t c = 0; c < channels; c++)
                if (is_inside(indices[c], size)) x[indices[c] * channels + c] += y[c];
        });
    }
}

} // namespace tl::TL_ISA
