// Products, convolutions and pooling.
#ifndef TL_CONTRACT_H
#define TL_CONTRACT_H
#include "tl_types.h"

/// out[b, m, n] = alpha * a[b, m, k] @ b[b, k, n] + beta * out. All of rank 3 and one dtype; batch strides may be 0.
/// Any strides: transposed operands are handed to the library as such, others are packed first.
/// float32 runs in oneDNN; float64 and integers in a blocked loop; half types where the processor has them, otherwise
/// through float32. The factors are converted to the type that computes: of integers they must be whole, and float32
/// products see them rounded. Returns 0, or a oneDNN status.
TL_API int32_t tl_matmul(const tl_tensor* a, const tl_tensor* b, const tl_tensor* out, double alpha, double beta);
/// The short cut of small products: out[m, n] = a[m, k] @ b[k, n], float32, contiguous rows, nothing empty. CPU memory
/// only: it is not forwarded to other devices.
TL_API int32_t tl_matmul_contiguous(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* out);

/// out[m, n] = x[m, k] @ w[n, k]^T + bias[n]; float32 or a half type, all operands the same, which adds up in
/// float32 and rounds once; rows of x and w contiguous. bias may be NULL.
TL_API int32_t tl_linear(const tl_tensor* x, const tl_tensor* w, const tl_tensor* bias, const tl_tensor* out);

/// out[m, n] = x[m, k] @ w^T + bias[n] with weights of integers. x, bias and out: float32 or a half type, contiguous.
/// codes: uint8 [panels, steps, 64] of 8 or 4 `bits`; scales and offsets: float32 or a half type [panels, groups, 16],
/// each for 16 rows and `group` columns, a multiple of 32 (Contract/QuantizedLinear.h). w = scale * (code - 128), or
/// code - 8 of 4 bits; with offsets scale * code + offset. With `integer_products` each row of x is rounded to int8 in
/// blocks of 32 columns. offsets and bias may be NULL. Returns 0, or a status.
TL_API int32_t tl_quantized_linear(const tl_tensor* x, const tl_tensor* codes, const tl_tensor* scales,
                                   const tl_tensor* offsets, const tl_tensor* bias, const tl_tensor* out, int32_t bits,
                                   int64_t group, bool integer_products);

/// Convolution of `spatial` (1, 2 or 3) dimensions: x [N, C, spatial...], w [O, C/groups, kernel...], bias [O] or
/// NULL, out [N, O, spatial...]. Any dtype that is floating point; x and out may be dense in channels-first or
/// channels-last order (by their strides).
typedef struct {
    int32_t spatial;
    int64_t stride[3], padding[3], dilation[3];
    int64_t groups;
} tl_conv_params;
TL_API int32_t tl_conv_forward(const tl_conv_params* p, const tl_tensor* x, const tl_tensor* w, const tl_tensor* bias,
                               const tl_tensor* out);
TL_API int32_t tl_conv_backward_data(const tl_conv_params* p, const tl_tensor* grad_out, const tl_tensor* w,
                                     const tl_tensor* grad_x);
/// grad_bias may be NULL.
TL_API int32_t tl_conv_backward_weights(const tl_conv_params* p, const tl_tensor* x, const tl_tensor* grad_out,
                                        const tl_tensor* grad_w, const tl_tensor* grad_bias);

/// Whether 3x3 float32 convolutions of stride 1 may run by Winograd's algorithm, which takes a quarter of the
/// multiplications and rounds differently (errors of 0.5e-5 to 2e-5 of the largest result with 32 to 512 channels; direct
/// sums have 2e-6). On unless TORCHLIGHT_WINOGRAD=0.
TL_API bool tl_winograd(void);
TL_API void tl_set_winograd(bool enabled);

/// Pooling over `spatial` trailing dimensions of x [N, C, spatial...]; out sizes are given by `out`. Floating point, or
/// integers but bool (an average rounds towards zero).
typedef struct {
    int32_t spatial;
    int64_t kernel[3], stride[3], padding[3], dilation[3];
    bool count_include_pad;      // average pooling
    int64_t divisor;             // average pooling: 0 for the size of the window
} tl_pool_params;
/// indices: int64, position in the flattened spatial dimensions of x; NaN wins, the first of equals wins.
TL_API void tl_max_pool(const tl_pool_params* p, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices);
/// grad_x is zeroed, then grad_out is added at the indices.
TL_API void tl_max_pool_backward(const tl_tensor* grad_out, const tl_tensor* indices, int32_t spatial,
                                 const tl_tensor* grad_x);
TL_API void tl_avg_pool(const tl_pool_params* p, const tl_tensor* x, const tl_tensor* out);
TL_API void tl_avg_pool_backward(const tl_pool_params* p, const tl_tensor* grad_out, const tl_tensor* grad_x);

/// Pooling with windows that the sizes give: window i of `out` over `in` elements reaches from i * in / out, rounded
/// down, to (i + 1) * in / out, rounded up. Floating point or integers but bool.
TL_API void tl_adaptive_max_pool(int32_t spatial, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices);
TL_API void tl_adaptive_avg_pool(int32_t spatial, const tl_tensor* x, const tl_tensor* out);
TL_API void tl_adaptive_avg_pool_backward(int32_t spatial, const tl_tensor* grad_out, const tl_tensor* grad_x);

#endif
