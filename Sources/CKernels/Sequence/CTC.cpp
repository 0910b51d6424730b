// Connectionist temporal classification (Graves et al. 2006), in logarithms, a thread a sample.
#include "Scalar/Scalar.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_sequence.h"
#include <algorithm>

namespace tl {
template <class T>
struct CTC {
    int64_t steps, classes, width, alpha_sample, blank;
    const int64_t *targets, *offsets, *target_lengths, *input_lengths;
    const T* log_probs;
    const int64_t* strides;
    T *losses, *alpha, *grad;
    const int64_t* grad_strides;

    int64_t target_length(int64_t n) const { return target_lengths[n]; }
    /// Blanks stand at even states, the labels between them.
    int64_t label(int64_t n, int64_t state) const {
        return state % 2 == 0 ? blank : targets[offsets[n] + state / 2];
    }
    T log_prob(int64_t t, int64_t n, int64_t c) const {
        return log_probs[t * strides[0] + n * strides[1] + c * strides[2]];
    }
    T* grad_at(int64_t t, int64_t n, int64_t c) const {
        return grad + t * grad_strides[0] + n * grad_strides[1] + c * grad_strides[2];
    }
};
} // namespace tl

#define TL_KERNEL_BODY "Sequence/CTC.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

template <class T>
static CTC<T> describe(const tl_ctc_params& p, const tl_tensor& x, const tl_tensor& losses, const tl_tensor& alpha) {
    CTC<T> c{};
    c.steps = x.shape[0];
    c.classes = x.shape[2];
    c.width = alpha.shape[2];
    c.alpha_sample = alpha.shape[1] * alpha.shape[2];
    c.blank = p.blank;
    c.targets = p.targets;
    c.offsets = p.offsets;
    c.target_lengths = p.target_lengths;
    c.input_lengths = p.input_lengths;
    c.log_probs = static_cast<const T*>(x.data);
    c.strides = x.strides;
    c.losses = static_cast<T*>(losses.data);
    c.alpha = static_cast<T*>(alpha.data);
    return c;
}

template <class Body>
static void each_sample(const tl_ctc_params& p, const tl_tensor& x, Body&& body) {
    const int64_t states = 2 * p.longest + 1, work = x.shape[0] * (states + x.shape[2]);
    parallel_for(x.shape[1], std::max<int64_t>(1, 4096 / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(4 * states + 4) * sizeof(double));
        for (int64_t n = begin; n < end; n++) body(n, memory);
    });
}

template <class Body>
static void with_type(int32_t dtype, Body&& body) {
    if (dtype == TL_FLOAT64) body(double());
    else body(float());
}

} // namespace tl

void tl_ctc(const tl_ctc_params* p, const tl_tensor* log_probs, const tl_tensor* losses, const tl_tensor* alpha) {
    TL_FORWARD(losses, ctc, (p, log_probs, losses, alpha));
    using namespace tl;
    with_type(log_probs->dtype, [&]<class T>(T) {
        const CTC<T> c = describe<T>(*p, *log_probs, *losses, *alpha);
        each_sample(*p, *log_probs, [&](int64_t n, const Scratch& memory) {
            TL_DISPATCH(ctc_forward<T>, c, n, memory.need<T>());
        });
    });
}

void tl_ctc_backward(const tl_ctc_params* p, const tl_tensor* scale, const tl_tensor* log_probs,
                     const tl_tensor* losses, const tl_tensor* alpha, bool zero_infinity, const tl_tensor* grad) {
    TL_FORWARD(grad, ctc_backward, (p, scale, log_probs, losses, alpha, zero_infinity, grad));
    using namespace tl;
    with_type(log_probs->dtype, [&]<class T>(T) {
        CTC<T> c = describe<T>(*p, *log_probs, *losses, *alpha);
        c.grad = static_cast<T*>(grad->data);
        c.grad_strides = grad->strides;
        const T* factors = static_cast<const T*>(scale->data);
        each_sample(*p, *log_probs, [&](int64_t n, const Scratch& memory) {
            TL_DISPATCH(ctc_backward<T>, c, n, factors[n * scale->strides[0]], zero_infinity, memory.need<T>());
        });
    });
}
