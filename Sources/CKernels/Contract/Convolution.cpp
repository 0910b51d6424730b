// Convolutions. float32 (and half types on CPUs with instructions for their products) use oneDNN, large 3x3 kernels
// Winograd's algorithm, and convolutions for which the AVX2 kernels of oneDNN are slow the direct kernels of Direct.h.
// Other half types are converted to float32; float64 unfolds the windows to a matrix and multiplies (im2col).
//
// Channels-last activations are used in their layout, which is as fast as the blocked layout of oneDNN. Row-major
// activations are reordered to the blocked layout and back, which is faster than the row-major kernels.
#include "Contract/Direct.h"
#include "Contract/LibraryConvolution.h"
#include "Contract/ThinWeights.h"
#include "Contract/Unfold.h"
#include "Contract/Winograd.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Scratch.h"
#include "include/tl_contract.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace tl {

namespace {

using onednn::Convolution;
using Call = ConvolutionCall;

bool is_written(const Call& c, const tl_tensor* x) {
    if (c.kind == Convolution::forward) return x == c.out;
    if (c.kind == Convolution::backward_data) return x == c.x;
    return x == c.w || x == c.bias;
}

/// Replaces one operand by a contiguous copy and runs.
template <class Run>
int32_t with_copy(const Call& call, const tl_tensor* Call::* which, int32_t dtype, Order order, Run&& run) {
    const tl_tensor* original = call.*which;
    DenseCopy copy(*original, dtype, order);
    if (!copy) return dnnl_out_of_memory;
    const bool written = is_written(call, original);
    if (!written) copy.read();
    Call changed = call;
    changed.*which = &copy.tensor;
    const int32_t status = run(changed);
    if (written && status == 0) copy.write_back();
    return status;
}

bool winograd_from_environment() {
    const char* setting = std::getenv("TORCHLIGHT_WINOGRAD");
    return !setting || std::strcmp(setting, "0") != 0;
}
bool winograd_enabled = winograd_from_environment();

/// The arguments of Winograd's algorithm. The gradient of x is the convolution of the gradient of y with the rotated
/// kernels and exchanged channels, with padding 2 minus that of the forward pass.
Winograd winograd_of(const Call& c) {
    const bool data = c.kind == Convolution::backward_data;
    const tl_tensor &x = data ? *c.out : *c.x, &y = data ? *c.x : *c.out;
    const int64_t channels = c.w->shape[1];
    const auto values = [](const tl_tensor* t) { return t ? static_cast<float*>(t->data) : nullptr; };
    Winograd w{};
    w.images = x.shape[0];
    w.in_channels = x.shape[1], w.in_height = x.shape[2], w.in_width = x.shape[3];
    w.out_channels = y.shape[1], w.out_height = y.shape[2], w.out_width = y.shape[3];
    w.padding_top = data ? 2 - c.p->padding[0] : c.p->padding[0];
    w.padding_left = data ? 2 - c.p->padding[1] : c.p->padding[1];
    w.x_last = density(x) == Dense::channels_last, w.y_last = density(y) == Dense::channels_last;
    w.x = values(&x), w.y = values(&y), w.w = values(c.w), w.bias = values(c.bias);
    w.w_out = data ? 9 : channels * 9, w.w_in = data ? channels * 9 : 9;
    w.rotated = data;
    return w;
}

bool can_use_winograd(const Call& c) {
    const tl_conv_params& p = *c.p;
    if (!winograd_enabled || c.x->dtype != TL_FLOAT32 || p.spatial != 2 || p.groups != 1) return false;
    for (int i = 0; i < 2; i++)
        if (c.w->shape[i + 2] != 3 || p.stride[i] != 1 || p.dilation[i] != 1 || p.padding[i] > 2) return false;
    return winograd_of(c).worthwhile();
}

int32_t run_winograd(const Call& c) {
    const Winograd w = winograd_of(c);
    const bool enough_memory =
        c.kind == Convolution::backward_weights ? winograd_backward_weights(w) : winograd_forward(w);
    return enough_memory ? 0 : dnnl_out_of_memory;
}

/// Gradients of weights with few input channels in row-major layout, for which oneDNN is slow.
bool can_use_thin_weights(const Call& c) {
    const tl_conv_params& p = *c.p;
    if (c.kind != Convolution::backward_weights || c.x->dtype != TL_FLOAT32 || p.spatial != 2 || p.groups != 1)
        return false;
    for (int i = 0; i < 2; i++)
        if (p.stride[i] != 1 || p.dilation[i] != 1) return false;
    const int64_t columns = c.w->shape[3];
    return c.x->shape[1] <= 2 && (columns == 3 || columns == 5 || columns == 7) &&
           density(*c.x) != Dense::channels_last && density(*c.out) != Dense::channels_last;
}

int32_t run_thin_weights(const Call& c) {
    thin_weights({c.x->shape[0], c.x->shape[1], c.x->shape[2], c.x->shape[3], c.out->shape[1], c.out->shape[2],
                  c.out->shape[3], c.w->shape[2], c.w->shape[3], c.p->padding[0], c.p->padding[1],
                  static_cast<const float*>(c.x->data), static_cast<const float*>(c.out->data),
                  static_cast<float*>(c.w->data), c.bias ? static_cast<float*>(c.bias->data) : nullptr});
    return 0;
}

/// The arguments of the direct kernels.
Direct direct_of(const Call& c) {
    const tl_conv_params& p = *c.p;
    const auto values = [](const tl_tensor* t) { return t ? static_cast<float*>(t->data) : nullptr; };
    return {c.x->shape[0], c.x->shape[1], c.x->shape[2], c.x->shape[3], c.out->shape[1], c.out->shape[2],
            c.out->shape[3], c.w->shape[2], c.w->shape[3], {p.stride[0], p.stride[1]}, {p.padding[0], p.padding[1]},
            {p.dilation[0], p.dilation[1]}, values(c.x), values(c.out), values(c.w), values(c.bias)};
}

/// Where the direct kernels were measured faster than oneDNN 2.6 with AVX2 on row-major images. The AVX-512 kernels of
/// oneDNN reach 90 to 98 % of peak, and 1x1 kernels gain nothing.
bool can_use_direct(const Call& c) {
    const tl_conv_params& p = *c.p;
    if (instruction_set != InstructionSet::avx2 || c.x->dtype != TL_FLOAT32 || p.spatial != 2 || p.groups != 1)
        return false;
    if (density(*c.x) == Dense::channels_last || density(*c.out) == Dense::channels_last) return false;
    const Direct d = direct_of(c);
    if (d.taps() < 4 || d.in_channels < 16 || d.out_channels < 16) return false;
    switch (c.kind) {
    case Convolution::forward: return d.lanes_are_images() || (d.images * d.pixels() <= 128 && d.out_width % 4 == 0);
    case Convolution::backward_data: return d.lanes_are_images() && d.pixels() <= 16;
    case Convolution::backward_weights: return d.lanes_are_images() || d.images * d.pixels() >= 1024;
    }
    return false;
}

int32_t run_direct(const Call& c) {
    const Direct d = direct_of(c);
    const bool enough_memory = c.kind == Convolution::forward         ? direct_forward(d)
                               : c.kind == Convolution::backward_data ? direct_backward_data(d)
                                                                      : direct_backward_weights(d);
    return enough_memory ? 0 : dnnl_out_of_memory;
}

int32_t run(const Call& c) {
    const int32_t dtype = c.out->dtype;
    const bool half = dtype == TL_FLOAT16 || dtype == TL_BFLOAT16;
    const int32_t wanted = half && !onednn::multiplies(dtype) ? TL_FLOAT32 : dtype;
    const auto activations = [&](const tl_tensor& x) { return x.dtype == wanted && density(x) != Dense::no; };
    const auto dense = [&](const tl_tensor& x) {
        const Dense order = density(x);
        return x.dtype == wanted && (order == Dense::row_major || order == Dense::both);
    };
    const auto order = [](const tl_tensor& x) {
        return density(x) == Dense::channels_last ? Order::channels_last : Order::row_major;
    };
    if (!activations(*c.x)) return with_copy(c, &Call::x, wanted, order(*c.x), run);
    if (!activations(*c.out)) return with_copy(c, &Call::out, wanted, order(*c.out), run);
    if (!dense(*c.w)) return with_copy(c, &Call::w, wanted, Order::row_major, run);
    if (c.bias && !dense(*c.bias)) return with_copy(c, &Call::bias, wanted, Order::row_major, run);
    if (can_use_winograd(c)) return run_winograd(c);
    if (can_use_thin_weights(c)) return run_thin_weights(c);
    if (can_use_direct(c)) return run_direct(c);
    if (wanted != TL_FLOAT64) {
        const int32_t status = library_convolution(c);
        // Half types that the library does not support are computed in float32, as on other CPUs.
        return half && status == dnnl_unimplemented ? with_copy(c, &Call::out, TL_FLOAT32, order(*c.out), run) : status;
    }

    const Unfolded problem{c.p, c.x, c.w, c.bias, c.out};
    const bool enough_memory = c.kind == Convolution::forward         ? unfolded_forward(problem)
                               : c.kind == Convolution::backward_data ? unfolded_backward_data(problem)
                                                                      : unfolded_backward_weights(problem);
    return enough_memory ? 0 : dnnl_out_of_memory;
}

/// An empty sum: the result is zero, or the bias.
bool is_empty(const tl_tensor& x) { return count_of(x) == 0; }

void fill_zero(const tl_tensor* x) {
    if (x) tl_fill(x, 0, 0);
}

} // namespace

} // namespace tl

bool tl_winograd(void) { return tl::winograd_enabled; }
void tl_set_winograd(bool enabled) { tl::winograd_enabled = enabled; }

int32_t tl_conv_forward(const tl_conv_params* p, const tl_tensor* x, const tl_tensor* w, const tl_tensor* bias,
                        const tl_tensor* out) {
    TL_FORWARD(out, conv_forward, (p, x, w, bias, out));
    using namespace tl;
    if (is_empty(*out)) return 0;
    if (is_empty(*x) || is_empty(*w)) {
        fill_zero(out);
        if (bias) {
            int64_t strides[TL_MAX_RANK] = {};
            strides[1] = bias->strides[0];
            const tl_tensor broadcast{bias->data, out->shape, strides, out->rank, bias->dtype, TL_DEVICE_CPU};
            tl_copy(&broadcast, out);
        }
        return 0;
    }
    return run({onednn::Convolution::forward, p, x, w, bias, out});
}

int32_t tl_conv_backward_data(const tl_conv_params* p, const tl_tensor* grad_out, const tl_tensor* w,
                              const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, conv_backward_data, (p, grad_out, w, grad_x));
    using namespace tl;
    if (is_empty(*grad_x)) return 0;
    if (is_empty(*grad_out) || is_empty(*w)) {
        fill_zero(grad_x);
        return 0;
    }
    return run({onednn::Convolution::backward_data, p, grad_x, w, nullptr, grad_out});
}

int32_t tl_conv_backward_weights(const tl_conv_params* p, const tl_tensor* x, const tl_tensor* grad_out,
                                 const tl_tensor* grad_w, const tl_tensor* grad_bias) {
    TL_FORWARD(grad_w, conv_backward_weights, (p, x, grad_out, grad_w, grad_bias));
    using namespace tl;
    if (is_empty(*grad_w) && (!grad_bias || is_empty(*grad_bias))) return 0;
    if (is_empty(*x) || is_empty(*grad_out) || is_empty(*grad_w)) {
        fill_zero(grad_w);
        fill_zero(grad_bias);
        return 0;
    }
    return run({onednn::Convolution::backward_weights, p, x, grad_w, grad_bias, grad_out});
}
