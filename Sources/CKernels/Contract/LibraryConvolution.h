// Convolutions in oneDNN, cut into parts that run on one thread each.
#ifndef TL_LIBRARY_CONVOLUTION_H
#define TL_LIBRARY_CONVOLUTION_H
#include "Contract/OneDNN.h"

namespace tl {

/// One convolution in one of its three directions. For the gradients x, w, bias and out are the gradients or the values,
/// as the direction has it; exactly one of them is written (two with a bias).
struct ConvolutionCall {
    onednn::Convolution::Kind kind;
    const tl_conv_params* p;
    const tl_tensor *x, *w, *bias, *out;
};

enum class Dense { no, row_major, channels_last, both };

/// How the activations x [N, C, spatial...] lie in memory; dimensions of size 1 may have any stride.
Dense density(const tl_tensor& x);

/// On dense operands of one dtype that oneDNN computes with. Returns 0, or a oneDNN status.
int32_t library_convolution(const ConvolutionCall& call);

} // namespace tl

#endif
