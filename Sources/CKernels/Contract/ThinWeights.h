// The gradient of the weights of a convolution with few input channels, such as the first layer of an image network: a
// matrix product would have only a few columns, so that each weight is computed as a product of shifted channels.
#ifndef TL_THIN_WEIGHTS_H
#define TL_THIN_WEIGHTS_H
#include <cstdint>

namespace tl {

/// float32, row-major, stride and dilation 1, kernels of 3, 5 or 7 columns: w[o, c, a, b] = sum over n, i, j of y[n, o,
/// i, j] x[n, c, i + a - top, j + b - left], bias[o] = sum of y[n, o, i, j].
struct ThinWeights {
    int64_t images, in_channels, in_height, in_width, out_channels, out_height, out_width;
    int64_t kernel_rows, kernel_columns, top, left;
    const float *x, *y;
    float *w, *bias;  // bias may be NULL
};
void thin_weights(const ThinWeights& problem);

} // namespace tl

#endif
