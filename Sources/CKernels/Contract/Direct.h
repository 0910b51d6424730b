// Direct convolutions of row-major float32 images, two spatial dimensions, one group: products of the unpacked weights
// with the windows of a few results at a time.
//
//     y[o, p] = sum over k of w[o, k] * windows[k, p]             k = (channel, row, column of the kernel), p a pixel
//     w[o, k] = sum over images and p of y[o, p] * windows[k, p]
//
// Images and weights are not reordered to a blocked layout. The lanes of a vector are neighbouring pixels of y, whose
// windows are unfolded panel by panel; or, for many small images, the same pixel of neighbouring images, which avoids
// multiplications by padding (31 % of the taps of a 4 x 4 image with a 3 x 3 kernel). For gradients of weights the
// lanes are channels of x.
//
// The bound is arithmetic: 12 vector FMAs and 8 loads per iteration of the inner loop (AVX2). Of the 205 GFLOP/s of two
// Zen 3 cores, lanes of pixels reach 165 to 190 forward and 190 to 198 for weights; lanes of images, without counting
// padding, 175 to 190 and 184 to 203.
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

    // x is first copied with zero padding, so that every window is inside. A row of the copy contains the columns 0,
    // stride, 2 stride, ... first, then 1, stride + 1, ... and so on: neighbouring results read neighbouring elements.
    int64_t padded_height() const { return (out_height - 1) * stride[0] + (kernel_height - 1) * dilation[0] + 1; }
    int64_t phase_width() const { return out_width + (kernel_width - 1) * dilation[1] / stride[1]; }
    int64_t padded_width() const { return phase_width() * stride[1]; }
    int64_t padded_plane() const { return padded_height() * padded_width(); }
    /// The offset of a tap (row, column) of the window of the first result.
    int64_t tap_offset(int64_t row, int64_t column) const {
        const int64_t reach = column * dilation[1];
        return row * dilation[0] * padded_width() + reach % stride[1] * phase_width() + reach / stride[1];
    }
    /// Whether the lanes are images instead of neighbouring pixels: for many small images.
    bool lanes_are_images() const { return pixels() <= 64 && (images + 15) / 16 * 64 <= images * 5; }
    /// The offset between vertically neighbouring results.
    int64_t row_step() const { return stride[0] * padded_width(); }
};

/// Computes y from x and w. Returns false if an allocation failed.
bool direct_forward(const Direct& problem);
/// Computes the gradient of x from that of y. Lanes of neighbouring pixels require stride 1 and padding below the
/// kernel extent.
bool direct_backward_data(const Direct& problem);
/// Computes the gradients of w and bias from x and the gradient of y.
bool direct_backward_weights(const Direct& problem);

} // namespace tl

#endif
