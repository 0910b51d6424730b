#include "Contract/Pool.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "include/tl_create.h"

#define TL_KERNEL_BODY "Contract/AvgPool.kernels.h"
#include "Support/EachInstructionSet.h"

void tl_avg_pool(const tl_pool_params* params, const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, avg_pool, (params, x, out));
    using namespace tl;
    if (needs_conversion(x))
        return converted(
            x, out, [&](const tl_tensor* from, const tl_tensor* to) { tl_avg_pool(params, from, to); });
    const Pool p(params, params->spatial, *x, *out);
    with_type(x->dtype, [&]<class T>(T) {
        if (is_channels_last(p))
            parallel_for(p.images * p.out[0] * p.out[1], grain_of(p.out[2] * p.channels * p.window()),
                         [&](int64_t begin, int64_t end) {
                             TL_DISPATCH(average_pool_channels<T>, p, begin, end);
                         });
        else
            parallel_for(p.images * p.channels, grain_of(p.positions() * p.window()), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(average_pool_planes<T>, p, begin, end);
            });
    });
}

void tl_avg_pool_backward(const tl_pool_params* params, const tl_tensor* grad_out, const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, avg_pool_backward, (params, grad_out, grad_x));
    using namespace tl;
    if (needs_conversion(grad_x))
        return converted(
            grad_out, grad_x, [&](const tl_tensor* from, const tl_tensor* to) { tl_avg_pool_backward(params, from, to); });
    tl_fill(grad_x, 0, 0);
    const Pool p(params, params->spatial, *grad_x, *grad_out);
    with_type(grad_x->dtype, [&]<class T>(T) {
        if (is_channels_last(p))
            parallel_for(p.images, grain_of(p.positions() * p.window() * p.channels), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(average_pool_backward_channels<T>, p, begin, end);
            });
        else
            parallel_for(p.images * p.channels, grain_of(p.positions() * p.window()), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(average_pool_backward_planes<T>, p, begin, end);
            });
    });
}
