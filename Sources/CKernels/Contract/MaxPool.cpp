#include "Contract/Pool.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"

#define TL_KERNEL_BODY "Contract/MaxPool.kernels.h"
#include "Support/EachInstructionSet.h"

void tl_max_pool(const tl_pool_params* params, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices) {
    TL_FORWARD(out, max_pool, (params, x, out, indices));
    using namespace tl;
    if (needs_conversion(x))
        return converted(x, out, [&](const tl_tensor* from, const tl_tensor* to) {
            tl_max_pool(params, from, to, indices);
        });
    Pool p(params, params->spatial, *x, *out);
    p.indices = PooledTensor(*indices);
    const bool channels_last = is_channels_last(p) && p.in[0] * p.in[1] * p.in[2] < INT32_MAX;
    with_type(x->dtype, [&]<class T>(T) {
        if (channels_last)
            parallel_for(p.images * p.out[0] * p.out[1], grain_of(p.out[2] * p.channels * p.window()),
                         [&](int64_t begin, int64_t end) { TL_DISPATCH(max_pool_channels<T>, p, begin, end); });
        else
            parallel_for(p.images * p.channels, grain_of(p.positions() * p.window()),
                         [&](int64_t begin, int64_t end) { TL_DISPATCH(max_pool_planes<T>, p, begin, end); });
    });
}

void tl_max_pool_backward(const tl_tensor* grad_out, const tl_tensor* indices, int32_t spatial,
                          const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, max_pool_backward, (grad_out, indices, spatial, grad_x));
    using namespace tl;
    if (needs_conversion(grad_x))
        return converted(grad_out, grad_x, [&](const tl_tensor* from, const tl_tensor* to) {
            tl_max_pool_backward(from, indices, spatial, to);
        });
    Pool p(nullptr, spatial, *grad_x, *grad_out);
    p.indices = PooledTensor(*indices);
    const bool channels_last = is_channels_last(p) && p.x.step[2] == p.channels &&
                              (p.in[1] == 1 || p.x.step[1] == p.channels * p.in[2]) &&
                              (p.in[0] == 1 || p.x.step[0] == p.channels * p.in[2] * p.in[1]);
    const int64_t work = p.in[0] * p.in[1] * p.in[2] + p.positions();
    with_type(grad_x->dtype, [&]<class T>(T) {
        if (channels_last)
            parallel_for(p.images, grain_of(work * p.channels), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(max_pool_backward_channels<T>, p, begin, end);
            });
        else
            parallel_for(p.images * p.channels, grain_of(work), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(max_pool_backward_planes<T>, p, begin, end);
            });
    });
}
