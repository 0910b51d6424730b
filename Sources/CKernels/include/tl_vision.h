// Images: resampling along a dimension, sampling at grid points, and adding of overlapping windows.
#ifndef TL_VISION_H
#define TL_VISION_H
#include "tl_contract.h"

/// The taps of a weighted sum along one dimension: result i uses the elements indices[starts[i] ..< starts[i + 1]]. The
/// tables are in host memory, on every device.
typedef struct {
    const int64_t* starts;
    const int64_t* indices;
    const double* weights;
} tl_taps;
/// out[o, i, n] = sum over the taps t of i of weight[t] * x[o, indices[t], n]: rank 3 views around one dimension,
/// contiguous, one floating-point dtype.
TL_API void tl_resample(const tl_tensor* x, const tl_taps* taps, const tl_tensor* out);
/// The transpose: out[o, indices[t], n] += weight[t] * grad[o, i, n] on zeros.
TL_API void tl_resample_backward(const tl_tensor* grad, const tl_taps* taps, const tl_tensor* out);

enum { TL_SAMPLE_BILINEAR, TL_SAMPLE_NEAREST, TL_SAMPLE_BICUBIC };
enum { TL_BORDER_ZEROS, TL_BORDER_EDGE, TL_BORDER_REFLECTION };
typedef struct {
    int32_t mode, border;
    bool align_corners;
} tl_grid_params;
/// x [N, C, spatial...] sampled at grid [N, positions..., 2 or 3] (the last dimension of x first; -1 and 1 are its
/// ends): out [N, C, positions...]. Two or three spatial dimensions, floating point, all of one dtype.
TL_API void tl_grid_sample(const tl_grid_params* p, const tl_tensor* x, const tl_tensor* grid, const tl_tensor* out);
/// Both gradients; either may be NULL.
TL_API void tl_grid_sample_backward(const tl_grid_params* p, const tl_tensor* grad_out, const tl_tensor* x,
                                    const tl_tensor* grid, const tl_tensor* grad_x, const tl_tensor* grad_grid);

/// out[n, c, i * stride + k * dilation - padding] += x[n, c, k..., i...] on zeros, over two dimensions: x of rank 6 [N,
/// C, kernel height, kernel width, rows, columns], out [N, C, height, width]. Every dtype except bool.
TL_API void tl_fold(const tl_pool_params* p, const tl_tensor* x, const tl_tensor* out);

#endif
