// Connectionist temporal classification (Graves et al. 2006) in log space; threads share the examples.
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
    int64_t samples, steps, classes, longest, width, alpha_sample, blank;
    const int64_t *targets, *target_lengths, *input_lengths;
    const T* log_probs;
    const int64_t* strides;
    T *losses, *alpha, *grad;
    const int64_t* grad_strides;

    int64_t target_length(int64_t n) const { return target_lengths[n]; }
    /// Even states are blanks, odd states are labels.
    int64_t label(int64_t n, int64_t state) const {
        return state % 2 == 0 ? blank : targets[n * longest + state / 2];
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
static CTC<T> describe(int64_t blank, const tl_tensor& x, const tl_tensor& targets, const tl_tensor& input_lengths,
                       const tl_tensor& target_lengths, const tl_tensor& losses, const tl_tensor& alpha) {
    CTC<T> c{};
    c.steps = x.shape[0];
    c.samples = x.shape[1];
    c.classes = x.shape[2];
    c.longest = targets.shape[1];
    c.width = alpha.shape[2];
    c.alpha_sample = alpha.shape[1] * alpha.shape[2];
    c.blank = blank;
    c.targets = static_cast<const int64_t*>(targets.data);
    c.target_lengths = static_cast<const int64_t*>(target_lengths.data);
    c.input_lengths = static_cast<const int64_t*>(input_lengths.data);
    c.log_probs = static_cast<const T*>(x.data);
    c.strides = x.strides;
    c.losses = static_cast<T*>(losses.data);
    c.alpha = static_cast<T*>(alpha.data);
    return c;
}

template <class T, class Body>
static void each_sample(const CTC<T>& c, Body&& body) {
    const int64_t states = 2 * c.longest + 1, work = std::max<int64_t>(c.steps * (states + c.classes), 1);
    parallel_for(c.samples, std::max<int64_t>(1, 4096 / work), [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(4 * states + 4) * sizeof(T));
        if (memory.is_missing()) return;
        for (int64_t n = begin; n < end; n++) body(n, memory.get<T>());
    });
}

template <class Body>
static void with_type(int32_t dtype, Body&& body) {
    if (dtype == TL_FLOAT64) body(double());
    else body(float());
}

} // namespace tl

void tl_ctc(int64_t blank, const tl_tensor* log_probs, const tl_tensor* targets, const tl_tensor* input_lengths,
            const tl_tensor* target_lengths, const tl_tensor* losses, const tl_tensor* alpha) {
    TL_FORWARD(losses, ctc, (blank, log_probs, targets, input_lengths, target_lengths, losses, alpha));
    using namespace tl;
    with_type(log_probs->dtype, [&]<class T>(T) {
        const CTC<T> c = describe<T>(blank, *log_probs, *targets, *input_lengths, *target_lengths, *losses, *alpha);
        each_sample(c, [&](int64_t n, T* work) { TL_DISPATCH(ctc_forward<T>, c, n, work); });
    });
}

void tl_ctc_backward(int64_t blank, bool zero_infinity, const tl_tensor* scale, const tl_tensor* log_probs,
                     const tl_tensor* targets, const tl_tensor* input_lengths, const tl_tensor* target_lengths,
                     const tl_tensor* losses, const tl_tensor* alpha, const tl_tensor* grad) {
    TL_FORWARD(grad, ctc_backward,
               (blank, zero_infinity, scale, log_probs, targets, input_lengths, target_lengths, losses, alpha, grad));
    using namespace tl;
    with_type(log_probs->dtype, [&]<class T>(T) {
        CTC<T> c = describe<T>(blank, *log_probs, *targets, *input_lengths, *target_lengths, *losses, *alpha);
        c.grad = static_cast<T*>(grad->data);
        c.grad_strides = grad->strides;
        const T* factors = static_cast<const T*>(scale->data);
        each_sample(c, [&](int64_t n, T* work) {
            TL_DISPATCH(ctc_backward<T>, c, n, factors[n * scale->strides[0]], zero_infinity, work);
        });
    });
}
