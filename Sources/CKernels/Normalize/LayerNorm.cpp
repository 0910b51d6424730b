#include "Normalize/Rows.h"
#include "Scalar/Scalar.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/WidestMoments.h"
#include "include/tl_normalize.h"
#include <algorithm>

namespace tl {
template <class T>
struct LayerNormBackward {
    const Rows &grad_out, &x, &grad_x;
    bool wants_x, adds_x;
    const T* weight;
    const double* mean;
    const T* rstd;
};
} // namespace tl

#define TL_KERNEL_BODY "Normalize/LayerNorm.kernels.h"
#include "Support/EachInstructionSet.h"

void tl_layer_norm(const tl_tensor* x, const tl_tensor* weight, const tl_tensor* bias, double epsilon,
                   const tl_tensor* out, const tl_tensor* mean, const tl_tensor* rstd) {
    TL_FORWARD(out, layer_norm, (x, weight, bias, epsilon, out, mean, rstd));
    using namespace tl;
    const Rows in(*x), result(*out);
    if (in.count == 0) return;
    with_compute_type(x->dtype, [&]<class T>(T) {
        const Vector<T> scale(weight), shift(bias), rstds(rstd, true);
        const Vector<double> means(mean, true);
        if (any_missing(scale, shift, rstds, means)) return;
        parallel_for(in.count, std::max<int64_t>(1, 8192 / std::max<int64_t>(in.width, 1)),
                     [&](int64_t begin, int64_t end) {
                         TL_DISPATCH(layer_norm_rows<T>, in, result, scale.get(), shift.get(), epsilon, means.get(),
                                     rstds.get(), begin, end);
                     });
        means.done();
        rstds.done();
    });
}

void tl_layer_norm_backward(const tl_tensor* grad_out, const tl_tensor* x, const tl_tensor* weight,
                            const tl_tensor* mean, const tl_tensor* rstd, const tl_tensor* grad_x, bool add_x,
                            const tl_tensor* grad_weight, const tl_tensor* grad_bias) {
    TL_FORWARD(grad_out, layer_norm_backward, (grad_out, x, weight, mean, rstd, grad_x, add_x, grad_weight, grad_bias));
    using namespace tl;
    const Rows gradient(*grad_out), in(*x), result(grad_x ? *grad_x : *x);
    const int64_t rows = in.count, width = in.width;
    // The sums over rows are split by shape, not by threads: at most 16 parts of at least 8 rows.
    const int64_t parts = std::clamp<int64_t>(rows / 8, 1, 16);
    with_compute_type(x->dtype, [&]<class T>(T) {
        const Vector<T> scale(weight), rstds(rstd);
        const Vector<double> means(mean);
        if (any_missing(scale, rstds, means)) return;
        const LayerNormBackward<T> p{gradient, in, result, grad_x != nullptr, add_x, scale.get(), means.get(), rstds.get()};
        const int sums = (grad_weight != nullptr) + (grad_bias != nullptr);
        const Scratch memory(size_t(sums * parts * width) * sizeof(T));
        if (memory.is_missing()) return;
        T* const weight_parts = grad_weight ? memory.get<T>() : nullptr;
        T* const bias_parts = grad_bias ? memory.get<T>() + (grad_weight ? parts * width : 0) : nullptr;
        std::fill_n(memory.get<T>(), sums * parts * width, T(0));
        parallel_for(parts, std::max<int64_t>(1, 8192 * parts / std::max<int64_t>(rows * width, 1)),
                     [&](int64_t begin, int64_t end) {
                         for (int64_t part = begin; part < end; part++)
                             TL_DISPATCH(layer_norm_backward_rows<T>, p, rows * part / parts, rows * (part + 1) / parts,
                                         weight_parts ? weight_parts + part * width : nullptr,
                                         bias_parts ? bias_parts + part * width : nullptr);
                     });
        const auto finish = [&](const tl_tensor* out, const T* from) {
            if (!out) return;
            const Vector<T> total(out, true);
            if (total.is_missing()) return;
            for (int64_t i = 0; i < width; i++) total.get()[i] = from[i];
            for (int64_t part = 1; part < parts; part++)
                for (int64_t i = 0; i < width; i++) total.get()[i] += from[part * width + i];
            total.done();
        };
        finish(grad_weight, weight_parts);
        finish(grad_bias, bias_parts);
    });
}
