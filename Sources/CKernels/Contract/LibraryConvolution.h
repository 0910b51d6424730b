// Convolutions in oneDNN, split into parts that run on one thread each.
#ifndef TL_LIBRARY_CONVOLUTION_H
#define TL_LIBRARY_CONVOLUTION_H
#include "Contract/OneDNN.h"

namespace tl {

/// A convolution in one of its three directions. x, w, bias and out are values or gradients, depending on the
/// direction; exactly one of them is written (two with a bias).
struct ConvolutionCall {
    onednn::Convolution::Kind kind;
    const tl_conv_params* p;
    const tl_tensor *x, *w, *bias, *out;
};

enum class Dense { no, row_major, channels_last, both };

/// The memory layout of activations x [N, C, spatial...]; dimensions of size 1 may have any stride.
Dense density(const tl_tensor& x);

/// Requires contiguous operands of one dtype that oneDNN supports. Returns 0 or a oneDNN status.
int32_t library_convolution(const ConvolutionCall& call);

} // namespace tl

#endif
