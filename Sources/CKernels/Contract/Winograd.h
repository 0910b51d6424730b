// 3 x 3 convolutions of stride 1 by Winograd's minimal filtering, F(4 x 4, 3 x 3): Lavin and Gray, "Fast algorithms for
// convolutional neural networks" (CVPR 2016). A tile of 4 x 4 results takes 36 multiplications a pair of channels
// instead of 144:
//
//     y = A' [(G w G') * (B' x B)] A        with * element by element, x a tile of 6 x 6
//
// and, being bilinear, the gradient of the weights is G' [(B' x B) * (A y A')] G summed over the tiles. The element-wise
// products, summed over channels or tiles, are 36 matrix products. float32, on the dense activations of either order.
//
// The bound is the arithmetic of the products, a quarter of the direct algorithm's; of it 58 to 75 % are reached with 64
// to 512 channels on two Zen 3 cores, 42 to 58 % with 32, the rest going to the transforms of the tiles.
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
    bool x_last, y_last;  // the channels side by side, otherwise planes
    float* w;     // [out, in, 3, 3] in the strides below, a kernel being 9 floats side by side
    int64_t w_out, w_in;
    bool rotated; // kernels turned by 180 degrees: the gradient of x is such a convolution of the gradient of y
    float* bias;  // of y, or NULL

    int64_t tile_rows() const { return (out_height + 3) / 4; }
    int64_t tile_columns() const { return (out_width + 3) / 4; }
    int64_t tiles() const { return images * tile_rows() * tile_columns(); }
    /// Whether it pays, and the channels fill whole vectors.
    bool worthwhile() const {
        const int64_t multiplications = tile_rows() * tile_columns() * 36, direct = out_height * out_width * 9;
        return in_channels % 32 == 0 && out_channels % 32 == 0 && direct >= 2 * multiplications && tiles() >= 32;
    }
};

/// Floats from one of the 36 matrices to the next. A line more than the matrix has, or they would all meet in a few sets
/// of the cache.
inline int64_t winograd_step(int64_t rows, int64_t columns) { return rows * columns + 16; }

/// y from x and w. False where memory ran out.
bool winograd_forward(const Winograd& problem);
/// w and bias from x and y.
bool winograd_backward_weights(const Winograd& problem);

} // namespace tl

#endif
