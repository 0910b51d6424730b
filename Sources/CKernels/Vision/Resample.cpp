// Weighted sums of elements along one dimension, the kernel of all separable interpolations.
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_vision.h"
#include <algorithm>

namespace tl {

/// The arguments of a call, with weights in the type of the elements.
template <class T>
struct Resampling {
    int64_t outer, from, to, inner;  // `from` elements are resampled to `to`
    const int64_t* starts;
    const int64_t* indices;
    const T* weights;
};

} // namespace tl

#define TL_KERNEL_BODY "Vision/Resample.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

namespace {

constexpr int64_t resample_grain = 16384;

/// The number of taps per result if it is the same for all; otherwise 0.
int64_t even_taps(const tl_taps* taps, int64_t count) {
    const int64_t each = count ? taps->starts[1] - taps->starts[0] : 0;
    for (int64_t i = 0; i < count; i++)
        if (taps->starts[i + 1] - taps->starts[i] != each) return 0;
    return each;
}

template <class Body>
void on_dense(const tl_tensor* in, const tl_tensor* out, Body&& body) {
    const int32_t dtype = compute_dtype(in->dtype);
    if (in->dtype == dtype) return body(in, out);
    DenseCopy from(*in, dtype), to(*out, dtype);
    if (any_missing(from, to)) return;
    from.read();
    body(&from.tensor, &to.tensor);
    to.write_back();
}

/// Calls body(arguments of the kernel, elements of in, elements of out), in float or double.
template <class T, class Body>
void typed(const tl_taps* taps, int64_t count, const tl_tensor* in, const tl_tensor* out, Body&& body) {
    const int64_t total = taps->starts[count];
    Scratch memory(size_t(total) * sizeof(T));
    if (memory.is_missing()) return;
    T* weights = memory.get<T>();
    for (int64_t t = 0; t < total; t++) weights[t] = T(taps->weights[t]);
    body(Resampling<T>{in->shape[0], in->shape[1], out->shape[1], in->shape[2], taps->starts, taps->indices, weights},
         static_cast<const T*>(in->data), static_cast<T*>(out->data));
}

template <class T>
void forward(const tl_taps* taps, const tl_tensor* x, const tl_tensor* out) {
    typed<T>(taps, out->shape[1], x, out, [&](const Resampling<T>& r, const T* from, T* to) {
        const int64_t each = even_taps(taps, r.to);
        const int64_t rows = r.inner == 1 ? r.outer : r.outer * r.to;
        const int64_t work = (r.inner == 1 ? r.to : r.inner) * (each ? each : 4);
        parallel_for(rows, std::max<int64_t>(1, resample_grain / work), [&](int64_t begin, int64_t end) {
            if (r.inner == 1) {
                TL_DISPATCH(resample_rows<T>, r, each, from, to, begin, end);
            } else {
                TL_DISPATCH(resample_columns<T>, r, from, to, begin, end);
            }
        });
    });
}

template <class T>
void backward(const tl_taps* taps, const tl_tensor* grad, const tl_tensor* out) {
    typed<T>(taps, grad->shape[1], grad, out, [&](const Resampling<T>& r, const T* from, T* to) {
        parallel_for(r.outer, std::max<int64_t>(1, resample_grain / std::max<int64_t>(1, r.from * r.inner * 2)),
                     [&](int64_t begin, int64_t end) { TL_DISPATCH(resample_back<T>, r, from, to, begin, end); });
    });
}

} // namespace

} // namespace tl

void tl_resample(const tl_tensor* x, const tl_taps* taps, const tl_tensor* out) {
    TL_FORWARD(out, resample, (x, taps, out));
    tl::on_dense(x, out, [&](const tl_tensor* from, const tl_tensor* to) {
        if (from->dtype == TL_FLOAT64) tl::forward<double>(taps, from, to);
        else tl::forward<float>(taps, from, to);
    });
}

void tl_resample_backward(const tl_tensor* grad, const tl_taps* taps, const tl_tensor* out) {
    TL_FORWARD(out, resample_backward, (grad, taps, out));
    tl::on_dense(grad, out, [&](const tl_tensor* from, const tl_tensor* to) {
        if (from->dtype == TL_FLOAT64) tl::backward<double>(taps, from, to);
        else tl::backward<float>(taps, from, to);
    });
}
