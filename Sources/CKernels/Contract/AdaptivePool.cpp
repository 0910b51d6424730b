#include "Contract/Pool.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "include/tl_create.h"

#define TL_KERNEL_BODY "Contract/AdaptivePool.kernels.h"
#include "Support/EachInstructionSet.h"

/// The windows of adaptive pooling depend on the sizes only.
static int64_t adaptive_work(const tl::Pool& p) { return p.in[0] * p.in[1] * p.in[2] + p.positions(); }

void tl_adaptive_max_pool(int32_t spatial, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices) {
    TL_FORWARD(out, adaptive_max_pool, (spatial, x, out, indices));
    using namespace tl;
    if (needs_conversion(x))
        return converted(x, out, [&](const tl_tensor* from, const tl_tensor* to) {
            tl_adaptive_max_pool(spatial, from, to, indices);
        });
    Pool p(nullptr, spatial, *x, *out);
    p.indices = PooledTensor(*indices);
    with_type(x->dtype, [&]<class T>(T) {
        parallel_for(p.images * p.channels, grain_of(adaptive_work(p)),
                     [&](int64_t begin, int64_t end) { TL_DISPATCH(adaptive_max_planes<T>, p, begin, end); });
    });
}

void tl_adaptive_avg_pool(int32_t spatial, const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, adaptive_avg_pool, (spatial, x, out));
    using namespace tl;
    if (needs_conversion(x))
        return converted(x, out, [&](const tl_tensor* from, const tl_tensor* to) {
            tl_adaptive_avg_pool(spatial, from, to);
        });
    const Pool p(nullptr, spatial, *x, *out);
    with_type(x->dtype, [&]<class T>(T) {
        parallel_for(p.images * p.channels, grain_of(adaptive_work(p)),
                     [&](int64_t begin, int64_t end) { TL_DISPATCH(adaptive_average_planes<T>, p, begin, end); });
    });
}

void tl_adaptive_avg_pool_backward(int32_t spatial, const tl_tensor* grad_out, const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, adaptive_avg_pool_backward, (spatial, grad_out, grad_x));
    using namespace tl;
    if (needs_conversion(grad_x))
        return converted(grad_out, grad_x, [&](const tl_tensor* from, const tl_tensor* to) {
            tl_adaptive_avg_pool_backward(spatial, from, to);
        });
    tl_fill(grad_x, 0, 0);
    const Pool p(nullptr, spatial, *grad_x, *grad_out);
    with_type(grad_x->dtype, [&]<class T>(T) {
        parallel_for(p.images * p.channels, grain_of(adaptive_work(p)), [&](int64_t begin, int64_t end) {
            TL_DISPATCH(adaptive_average_backward_planes<T>, p, begin, end);
        });
    });
}
