// Products, convolutions and pooling.
#ifndef TL_CONTRACT_H
#define TL_CONTRACT_H
#include "tl_types.h"

/// out[b, m, n] = alpha * a[b, m, k] @ b[b, k, n] + beta * out. All of rank 3 and one dtype; batch strides may be 0.
/// Any strides: transposed operands are passed to the library as such, others are packed first. float32 uses oneDNN;
/// float64 and integers a blocked GEMM; half types oneDNN if the CPU has instructions for them, otherwise float32. The
/// factors are converted to the compute type: for integers they must be integers, and for float32 products they are
/// rounded. Returns 0, or a oneDNN status.
TL_API int32_t tl_matmul(const tl_tensor* a, const tl_tensor* b, const tl_tensor* out, double alpha, double beta);
/// The fast path of small products: out[m, n] = a[m, k] @ b[k, n], float32, contiguous rows, no empty operands. CPU
/// memory only: it is not forwarded to other devices.
TL_API int32_t tl_matmul_contiguous(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* out);

/// out[m, n] = x[m, k] @ w[n, k]^T + bias[n]; all operands are float32 or of one half type, which is accumulated in
/// float32 and rounded once. The rows of x and w are contiguous. bias may be NULL.
TL_API int32_t tl_linear(const tl_tensor* x, const tl_tensor* w, const tl_tensor* bias, const tl_tensor* out);

/// out[m, n] = x[m, k] @ w^T + bias[n] with quantised weights. x, bias and out: float32 or a half type, contiguous.
/// codes: uint8 [panels, steps, 64] of 8 or 4 `bits`; scales and offsets: float32 or a half type [panels, groups, 16],
/// each for 16 rows and `group` columns, a multiple of 32 (Contract/QuantizedLinear.h). w = scale * (code - 128), or
/// scale * (code - 8) for 4 bits; with offsets scale * code + offset. With `integer_products` each row of x is rounded
/// to int8 in blocks of 32 columns. offsets and bias may be NULL. Returns 0, or a status.
TL_API int32_t tl_quantized_linear(const tl_tensor* x, const tl_tensor* codes, const tl_tensor* scales,
                                   const tl_tensor* offsets, const tl_tensor* bias, const tl_tensor* out, int32_t bits,
                                   int64_t group, bool integer_products);

/// Convolution of `spatial` (1, 2 or 3) dimensions: x [N, C, spatial...], w [O, C/groups, kernel...], bias [O] or NULL,
/// out [N, O, spatial...]. Any floating-point dtype; x and out may be contiguous or channels-last (by their strides).
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

/// Whether 3x3 float32 convolutions with stride 1 may use Winograd's algorithm, which has a quarter of the
/// multiplications and larger rounding errors (0.5e-5 to 2e-5 of the largest result with 32 to 512 channels; direct
/// sums have 2e-6). On unless TORCHLIGHT_WINOGRAD=0.
TL_API bool tl_winograd(void);
TL_API void tl_set_winograd(bool enabled);

/// Pooling over the `spatial` trailing dimensions of x [N, C, spatial...]; the output sizes are those of `out`.
/// Floating point or integers, without bool (an average is rounded towards zero).
typedef struct {
    int32_t spatial;
    int64_t kernel[3], stride[3], padding[3], dilation[3];
    bool count_include_pad;      // average pooling
    int64_t divisor;             // average pooling: 0 for the size of the window
} tl_pool_params;
/// indices: int64, the index in the flattened spatial dimensions of x. NaN is the maximum; for ties the first element
/// is used.
TL_API void tl_max_pool(const tl_pool_params* p, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices);
/// grad_x is zeroed, then grad_out is added at the indices.
TL_API void tl_max_pool_backward(const tl_tensor* grad_out, const tl_tensor* indices, int32_t spatial,
                                 const tl_tensor* grad_x);
TL_API void tl_avg_pool(const tl_pool_params* p, const tl_tensor* x, const tl_tensor* out);
TL_API void tl_avg_pool_backward(const tl_pool_params* p, const tl_tensor* grad_out, const tl_tensor* grad_x);

/// Adaptive pooling: window i of `out` over `in` elements is floor(i * in / out) ..< ceil((i + 1) * in / out). Floating
/// point or integers, without bool.
TL_API void tl_adaptive_max_pool(int32_t spatial, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices);
TL_API void tl_adaptive_avg_pool(int32_t spatial, const tl_tensor* x, const tl_tensor* out);
TL_API void tl_adaptive_avg_pool_backward(int32_t spatial, const tl_tensor* grad_out, const tl_tensor* grad_x);

#endif
