// Direct convolutions of row-major float32 images, two spatial dimensions, one group: products of the weights as they
// lie with the windows of a few results at a time.
//
//     y[o, p] = sum over k of w[o, k] * windows[k, p]             k = (channel, row, column of the kernel), p a pixel
//     w[o, k] = sum over images and p of y[o, p] * windows[k, p]
//
// Neither images nor weights go through a blocked layout. The lanes of a vector are neighbouring pixels of y, whose
// windows are unfolded panel by panel; or, where images are small and many, the same pixel of neighbouring images, which
// multiplies nothing by padding (31 % of the places of a 4 x 4 image under a 3 x 3 kernel). Gradients of weights take
// channels of x.
//
// The bound is arithmetic: 12 multiplications and additions of vectors a step of the innermost loop (AVX2), 8 loads
// beside them. Of the 205 GFLOP/s of two Zen 3 cores, pixels side by side reach 165 to 190 forward and 190 to 198 for
// weights; images side by side, counting the places inside, 175 to 190 and 184 to 203.
#ifndef TL_DIRECT_H
#define TL_DIRECT_H
#include <cstdint>

namespace tl {

struct Direct {
    int64_t images;
    int64_t in_channels, in_height, in_width;     // of x
    int64_t out_channels, out_height, out_width;  // of y
    int64_t kernel_height, kernel_width;
    int64_t stride[2], padding[2], dilation[2];
    float *x, *y;     // row-major
    float* w;         // [out, in, height, width]
    float* bias;      // of y, or NULL

    int64_t taps() const { return kernel_height * kernel_width; }
    int64_t depth() const { return in_channels * taps(); }
    int64_t pixels() const { return out_height * out_width; }

    // x is first copied between zeros, so that every window lies inside. A row of the copy holds the columns 0, stride,
    // 2 stride, ... first, then 1, stride + 1, ... and so on: neighbouring results read neighbours.
    int64_t padded_height() const { return (out_height - 1) * stride[0] + (kernel_height - 1) * dilation[0] + 1; }
    int64_t phase_width() const { return out_width + (kernel_width - 1) * dilation[1] / stride[1]; }
    int64_t padded_width() const { return phase_width() * stride[1]; }
    int64_t padded_plane() const { return padded_height() * padded_width(); }
    /// Where the window of the first result has its place (row, column).
    int64_t tap_offset(int64_t row, int64_t column) const {
        const int64_t reach = column * dilation[1];
        return row * dilation[0] * padded_width() + reach % stride[1] * phase_width() + reach / stride[1];
    }
    /// Whether the lanes are images rather than neighbouring pixels: where the images are many and small.
    bool lanes_are_images() const { return pixels() <= 64 && (images + 15) / 16 * 64 <= images * 5; }
    /// From a result to the one below.
    int64_t row_step() const { return stride[0] * padded_width(); }
};

/// y from x and w. False where memory ran out.
bool direct_forward(const Direct& problem);
/// The gradient of x, which is written, from that of y. With neighbouring pixels as lanes only for stride 1 and padding
/// below the kernel's reach.
bool direct_backward_data(const Direct& problem);
/// w and bias from x and y.
bool direct_backward_weights(const Direct& problem);

} // namespace tl

#endif
