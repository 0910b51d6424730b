// Adds overlapping windows to an image (col2im).
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_vision.h"
#include <algorithm>

namespace tl {

namespace {

struct Folding {
    int64_t kernel[2], count[2], size[2], stride[2], padding[2], dilation[2];
};

/// One channel: out [height, width] from contiguous windows [kernel height, kernel width, rows, columns].
template <class T>
void fold_plane(const Folding& f, const T* x, T* out) {
    std::fill(out, out + f.size[0] * f.size[1], T(0));
    for (int64_t a = 0; a < f.kernel[0]; a++)
        for (int64_t b = 0; b < f.kernel[1]; b++) {
            // The columns j with 0 <= j * stride + shift < width.
            const int64_t stride = f.stride[1], shift = b * f.dilation[1] - f.padding[1], rest = f.size[1] - shift;
            const int64_t from = shift < 0 ? (-shift + stride - 1) / stride : 0;
            const int64_t to = std::min(f.count[1], rest > 0 ? (rest + stride - 1) / stride : 0);
            for (int64_t i = 0; i < f.count[0]; i++) {
                const int64_t row = i * f.stride[0] + a * f.dilation[0] - f.padding[0];
                if (row < 0 || row >= f.size[0]) continue;
                const T* __restrict source = x + ((a * f.kernel[1] + b) * f.count[0] + i) * f.count[1];
                T* __restrict target = out + row * f.size[1] + shift;
                if (stride == 1)
                    for (int64_t j = from; j < to; j++) target[j] += source[j];
                else
                    for (int64_t j = from; j < to; j++) target[j * stride] += source[j];
            }
        }
}

template <class T>
void fold_planes(const Folding& f, int64_t planes, const T* x, T* out) {
    const int64_t windows = f.kernel[0] * f.kernel[1] * f.count[0] * f.count[1], area = f.size[0] * f.size[1];
    parallel_for(planes, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, windows)), [&](int64_t begin, int64_t end) {
        for (int64_t plane = begin; plane < end; plane++) fold_plane(f, x + plane * windows, out + plane * area);
    });
}

} // namespace

} // namespace tl

void tl_fold(const tl_pool_params* p, const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, fold, (p, x, out));
    using namespace tl;
    const int32_t dtype = compute_dtype(x->dtype);
    if (x->dtype != dtype) {
        DenseCopy from(*x, dtype), to(*out, dtype);
        if (any_missing(from, to)) return;
        from.read();
        tl_fold(p, &from.tensor, &to.tensor);
        return to.write_back();
    }
    Folding f;
    for (int d = 0; d < 2; d++) {
        f.kernel[d] = x->shape[2 + d], f.count[d] = x->shape[4 + d], f.size[d] = out->shape[2 + d];
        f.stride[d] = p->stride[d], f.padding[d] = p->padding[d], f.dilation[d] = p->dilation[d];
    }
    const int64_t planes = out->shape[0] * out->shape[1];
    if (dtype == TL_FLOAT64)
        fold_planes(f, planes, static_cast<const double*>(x->data), static_cast<double*>(out->data));
    else if (dtype == TL_FLOAT32)
        fold_planes(f, planes, static_cast<const float*>(x->data), static_cast<float*>(out->data));
    else
        fold_planes(f, planes, static_cast<const int64_t*>(x->data), static_cast<int64_t*>(out->data));
}
