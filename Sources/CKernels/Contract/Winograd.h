// 3 x 3 convolutions with stride 1 by Winograd's minimal filtering, F(4 x 4, 3 x 3): Lavin and Gray, "Fast algorithms
// for convolutional neural networks" (CVPR 2016). A tile of 4 x 4 results has 36 multiplications per pair of channels
// instead of 144:
//
//     y = A' [(G w G') * (B' x B)] A        with * element by element, x a tile of 6 x 6
//
// The gradient of the weights is G' [(B' x B) * (A y A')] G summed over the tiles, because the algorithm is bilinear.
// The element-wise products, summed over channels or tiles, are 36 matrix products. float32, for contiguous or
// channels-last activations.
//
// The bound is the arithmetic of the products, a quarter of that of the direct algorithm; of it 58 to 75 % are reached
// with 64 to 512 channels on two Zen 3 cores, 42 to 58 % with 32. The rest is the time of the transforms of the tiles.
#ifndef TL_WINOGRAD_H
#define TL_WINOGRAD_H
#include <cstdint>

namespace tl {

struct Winograd {
    int64_t images;
    int64_t in_channels, in_height, in_width;     // of x
    int64_t out_channels, out_height, out_width;  // of y
    int64_t padding_top, padding_left;
    float* x;     // dense
    float* y;
    bool x_last, y_last;  // channels-last, otherwise row-major
    float* w;     // [out, in, 3, 3] in the strides below, a kernel is 9 contiguous floats
    int64_t w_out, w_in;
    bool rotated; // kernels rotated by 180 degrees: the gradient of x is such a convolution of the gradient of y
    float* bias;  // of y, or NULL

    int64_t tile_rows() const { return (out_height + 3) / 4; }
    int64_t tile_columns() const { return (out_width + 3) / 4; }
    int64_t tiles() const { return images * tile_rows() * tile_columns(); }
    /// Whether the algorithm is faster than others, and the channels are a multiple of the vector width.
    bool worthwhile() const {
        const int64_t multiplications = tile_rows() * tile_columns() * 36, direct = out_height * out_width * 9;
        return in_channels % 32 == 0 && out_channels % 32 == 0 && direct >= 2 * multiplications && tiles() >= 32;
    }
};

/// The distance between two of the 36 matrices, in floats. It is a cache line more than the size of a matrix; otherwise
/// all matrices would map to a few sets of the cache.
inline int64_t winograd_step(int64_t rows, int64_t columns) { return rows * columns + 16; }

/// Computes y from x and w. Returns false if an allocation failed.
bool winograd_forward(const Winograd& problem);
/// Computes the gradients of w and bias from x and the gradient of y.
bool winograd_backward_weights(const Winograd& problem);

} // namespace tl

#endif
