// Convolutions. float32 (and half types where the processor multiplies them) run in oneDNN, large 3x3 ones by Winograd's
// algorithm, and those for which oneDNN's AVX2 kernels fall short in our own; other half types convert to float32;
// float64 unfolds the windows into a matrix and multiplies.
//
// Channels-last activations run as they lie, which costs nothing beside oneDNN's own blocked layout; row-major ones are
// reordered to the blocked layout and back, which beats the kernels that work on rows.
#include "Contract/Direct.h"
#include "Contract/OneDNN.h"
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
using onednn::Layout;

/// One convolution in one of its three directions. For the gradients x, w, bias and out are the gradients or the values,
/// as the direction has it; exactly one of them is written (two with a bias).
struct Call {
    Convolution::Kind kind;
    const tl_conv_params* p;
    const tl_tensor *x, *w, *bias, *out;
};

enum class Dense { no, row_major, channels_last, both };

/// How the activations x [N, C, spatial...] lie in memory; dimensions of size 1 may have any stride.
Dense density(const tl_tensor& x) {
    bool row_major = true, channels_last = true;
    int64_t step = 1;
    for (int i = x.rank - 1; i >= 0; i--) {
        if (x.shape[i] != 1 && x.strides[i] != step) row_major = false;
        step *= x.shape[i];
    }
    step = 1;
    const auto check = [&](int i) {
        if (x.shape[i] != 1 && x.strides[i] != step) channels_last = false;
        step *= x.shape[i];
    };
    check(1);
    for (int i = x.rank - 1; i >= 2; i--) check(i);
    check(0);
    return row_major ? channels_last ? Dense::both : Dense::row_major : channels_last ? Dense::channels_last : Dense::no;
}

/// Strides as if every dimension were larger than 1, so that oneDNN recognises the layout.
void dense_strides(const tl_tensor& x, bool channels_last, int64_t* strides) {
    int64_t step = 1;
    const auto place = [&](int i) {
        strides[i] = step;
        step *= x.shape[i];
    };
    if (channels_last) place(1);
    for (int i = x.rank - 1; i >= (channels_last ? 2 : 1); i--) place(i);
    place(0);
}

/// Whether row-major images had better go through blocks of 16 channels than through what oneDNN likes best.
///
/// With AVX-512 it prefers for the forward pass in float32 a kernel on channels-last images (brgconv) that takes 1.7 to 2
/// instructions a multiplication of vectors where the one on blocks (jit), which the gradients get anyway, takes 1.2:
/// counted in an emulator, reorders included, on the convolutions of ResNet-18. The latter was measured at the whole
/// arithmetic of a Zen 5.
bool prefers_blocks(const Call& c) {
    const int64_t in = c.x->shape[1], out = c.out->shape[1];
    return instruction_set == InstructionSet::avx512 && c.kind == Convolution::forward && c.x->dtype == TL_FLOAT32 &&
           c.p->spatial == 2 && c.p->groups == 1 && (in % 16 == 0 || in <= 3) && out % 16 == 0;
}

/// Runs in oneDNN on dense operands of one dtype.
int32_t run_library(const Call& c) {
    using namespace onednn;
    const Dense x_order = density(*c.x), out_order = density(*c.out);
    // One channels-last operand decides for both: reordering the other alone is cheaper than going to blocks and back.
    const bool last = x_order == Dense::channels_last || out_order == Dense::channels_last;
    const bool x_last = x_order == Dense::channels_last || (x_order == Dense::both && last);
    const bool out_last = out_order == Dense::channels_last || (out_order == Dense::both && last);

    const int spatial = c.p->spatial;
    Key key;
    key.add('c');
    key.add(c.kind);
    key.add(c.x->dtype);
    key.add(x_last * 2 + out_last);
    key.add(c.bias != nullptr);
    key.add(c.p->groups);
    for (const tl_tensor* x : {c.x, c.w, c.out}) key.add(x->shape, spatial + 2);
    key.add(c.p->stride, spatial);
    key.add(c.p->padding, spatial);
    key.add(c.p->dilation, spatial);

    Plan* plan = find_plan(key);
    if (!plan) {
        const dnnl_data_type_t type = data_type(c.x->dtype);
        Convolution convolution{c.kind, spatial, {}, {}, {}, {}};
        for (int i = 0; i < spatial; i++) {
            const int64_t reach = (c.w->shape[i + 2] - 1) * c.p->dilation[i] + 1;
            convolution.stride[i] = c.p->stride[i];
            convolution.padding[i] = c.p->padding[i];
            // What the last window needs beyond the end; negative where the windows stop before it.
            convolution.padding_end[i] =
                (c.out->shape[i + 2] - 1) * c.p->stride[i] + reach - c.x->shape[i + 2] - c.p->padding[i];
            convolution.dilation[i] = c.p->dilation[i] - 1;
        }
        int64_t x_strides[max_rank], out_strides[max_rank], w_shape[max_rank], w_strides[max_rank];
        dense_strides(*c.x, x_last, x_strides);
        dense_strides(*c.out, out_last, out_strides);
        // oneDNN counts the groups as a dimension of the weights.
        const int groups = c.p->groups > 1;
        w_shape[0] = c.p->groups;
        w_shape[groups] = c.w->shape[0] / c.p->groups;
        for (int i = 1; i < spatial + 2; i++) w_shape[groups + i] = c.w->shape[i];
        int64_t step = 1;
        for (int i = groups + spatial + 1; i >= 0; i--) {
            w_strides[i] = step;
            step *= w_shape[i];
        }
        const int64_t unit = 1;
        const int rank = spatial + 2;
        const Layout x_caller(type, rank, c.x->shape, x_strides), out_caller(type, rank, c.out->shape, out_strides),
            w_caller(type, rank + groups, w_shape, w_strides), w_any(type, rank + groups, w_shape, nullptr);
        const Layout bias = c.bias ? Layout(type, 1, c.bias->shape, &unit) : Layout();
        // The strides of channels-last, or the library's choice.
        dense_strides(*c.x, true, x_strides);
        dense_strides(*c.out, true, out_strides);
        const Layout x_wanted(type, rank, c.x->shape, last ? x_strides : nullptr),
            out_wanted(type, rank, c.out->shape, last ? out_strides : nullptr);

        dnnl_primitive_desc_t description = nullptr;
        dnnl_status_t status = dnnl_unimplemented;
        if (!last && prefers_blocks(c)) {
            // Up to three channels are read as they lie.
            const bool few = c.x->shape[1] <= 3;
            const Layout x_blocks = few ? Layout(x_caller.view()) : Layout::blocked_images(type, c.x->shape);
            status = describe_convolution(convolution, x_blocks, w_any, bias,
                                          Layout::blocked_images(type, c.out->shape), &description);
            if (status == dnnl_success) status = refuse_reference(&description);
        }
        if (status != dnnl_success)
            status = describe_convolution(convolution, x_wanted, w_any, bias, out_wanted, &description);
        if (status == dnnl_success && type != dnnl_f32) status = refuse_reference(&description);
        if (status != dnnl_success) return status;
        Plan::Operand list[4];
        int count = 0;
        const bool data = c.kind == Convolution::backward_data, weights = c.kind == Convolution::backward_weights;
        list[count++] = {data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, data, &x_caller};
        list[count++] = {weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, weights, &w_caller};
        list[count++] = {data || weights ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, !data && !weights, &out_caller};
        if (c.bias) list[count++] = {weights ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, weights, &bias};
        auto made = std::make_unique<Plan>();
        status = made->build(description, list, count);
        if (status != dnnl_success) return status;
        plan = keep_plan(key, std::move(made));
    }
    void* const pointers[4] = {c.x->data, c.w->data, c.out->data, c.bias ? c.bias->data : nullptr};
    return plan->run(pointers);
}

bool is_written(const Call& c, const tl_tensor* x) {
    if (c.kind == Convolution::forward) return x == c.out;
    if (c.kind == Convolution::backward_data) return x == c.x;
    return x == c.w || x == c.bias;
}

/// Replaces one operand by a dense copy and runs.
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

/// The same convolution for Winograd's algorithm. The gradient of x is the convolution of the gradient of y with the
/// kernels turned and the channels exchanged, padded by what the forward one leaves of 2.
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

bool suits_winograd(const Call& c) {
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

/// Gradients of weights for which oneDNN has no good answer on row-major data: a few channels in.
bool suits_thin_weights(const Call& c) {
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

/// The same convolution for our own direct kernels.
Direct direct_of(const Call& c) {
    const tl_conv_params& p = *c.p;
    const auto values = [](const tl_tensor* t) { return t ? static_cast<float*>(t->data) : nullptr; };
    return {c.x->shape[0], c.x->shape[1], c.x->shape[2], c.x->shape[3], c.out->shape[1], c.out->shape[2],
            c.out->shape[3], c.w->shape[2], c.w->shape[3], {p.stride[0], p.stride[1]}, {p.padding[0], p.padding[1]},
            {p.dilation[0], p.dilation[1]}, values(c.x), values(c.out), values(c.w), values(c.bias)};
}

/// Where our kernels were measured ahead of oneDNN 2.6 with AVX2 on row-major images. Its AVX-512 kernels reach 90 to 98 %
/// of the arithmetic, and 1x1 kernels have nothing to gain.
bool suits_direct(const Call& c) {
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
    if (suits_winograd(c)) return run_winograd(c);
    if (suits_thin_weights(c)) return run_thin_weights(c);
    if (suits_direct(c)) return run_direct(c);
    if (wanted != TL_FLOAT64) {
        const int32_t status = run_library(c);
        // What the library has no kernel for in a half type goes through float32, as on other processors.
        return half && status == dnnl_unimplemented ? with_copy(c, &Call::out, TL_FLOAT32, order(*c.out), run) : status;
    }

    const Unfolded problem{c.p, c.x, c.w, c.bias, c.out};
    const bool enough_memory = c.kind == Convolution::forward         ? unfolded_forward(problem)
                               : c.kind == Convolution::backward_data ? unfolded_backward_data(problem)
                                                                      : unfolded_backward_weights(problem);
    return enough_memory ? 0 : dnnl_out_of_memory;
}

/// Nothing to sum over: the result is zero, or the bias.
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
