#include "Contract/Pool.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <algorithm>

#define TL_KERNEL_BODY "Contract/Pool.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

namespace {

/// The dtype that the kernels read: half types are pooled as float32, integers as int64.
int32_t pooled_dtype(int32_t dtype) {
    const int32_t computed = compute_dtype(dtype);
    return computed == TL_INT64 || computed == TL_FLOAT64 ? computed : TL_FLOAT32;
}

bool needs_conversion(const tl_tensor* x) { return pooled_dtype(x->dtype) != x->dtype; }

/// Elements of about this many operations are worth a thread.
constexpr int64_t pool_grain = 16384;

int64_t grain_of(int64_t work_of_one) { return std::max<int64_t>(1, pool_grain / std::max<int64_t>(work_of_one, 1)); }

bool channels_side_by_side(const Pool& p) {
    return p.channels > 1 && p.x.channel == 1 && p.y.channel == 1 && (!p.indices.data || p.indices.channel == 1);
}

/// The type of the elements, for a kernel that is a template.
template <class Body>
void with_type(int32_t dtype, Body&& body) {
    if (dtype == TL_FLOAT64) body(double());
    else if (dtype == TL_INT64) body(int64_t());
    else body(float());
}

/// Runs on copies of a dtype that the kernels read, and writes the result back.
template <class Body>
void converted(const tl_tensor* in, const tl_tensor* out, Body&& body) {
    const int32_t dtype = pooled_dtype(in->dtype);
    DenseCopy from(*in, dtype), to(*out, dtype);
    if (!from || !to) __builtin_trap();
    from.read();
    body(&from.tensor, &to.tensor);
    to.write_back();
}

} // namespace

} // namespace tl

void tl_max_pool(const tl_pool_params* params, const tl_tensor* x, const tl_tensor* out, const tl_tensor* indices) {
    TL_FORWARD(out, max_pool, (params, x, out, indices));
    using namespace tl;
    if (needs_conversion(x))
        return converted(x, out, [&](const tl_tensor* from, const tl_tensor* to) {
            tl_max_pool(params, from, to, indices);
        });
    Pool p(params, params->spatial, *x, *out);
    p.indices = PooledTensor(*indices);
    const bool side_by_side = channels_side_by_side(p) && p.in[0] * p.in[1] * p.in[2] < INT32_MAX;
    with_type(x->dtype, [&]<class T>(T) {
        if (side_by_side)
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
    const bool side_by_side = channels_side_by_side(p) && p.x.step[2] == p.channels &&
                              (p.in[1] == 1 || p.x.step[1] == p.channels * p.in[2]) &&
                              (p.in[0] == 1 || p.x.step[0] == p.channels * p.in[2] * p.in[1]);
    const int64_t work = p.in[0] * p.in[1] * p.in[2] + p.positions();
    with_type(grad_x->dtype, [&]<class T>(T) {
        if (side_by_side)
            parallel_for(p.images, grain_of(work * p.channels), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(max_pool_backward_channels<T>, p, begin, end);
            });
        else
            parallel_for(p.images * p.channels, grain_of(work), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(max_pool_backward_planes<T>, p, begin, end);
            });
    });
}

void tl_avg_pool(const tl_pool_params* params, const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, avg_pool, (params, x, out));
    using namespace tl;
    if (needs_conversion(x))
        return converted(
            x, out, [&](const tl_tensor* from, const tl_tensor* to) { tl_avg_pool(params, from, to); });
    const Pool p(params, params->spatial, *x, *out);
    with_type(x->dtype, [&]<class T>(T) {
        if (channels_side_by_side(p))
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

namespace tl {

namespace {

/// The windows of adaptive pooling are given by the sizes alone.
int64_t adaptive_work(const Pool& p) { return p.in[0] * p.in[1] * p.in[2] + p.positions(); }

} // namespace

} // namespace tl

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

void tl_avg_pool_backward(const tl_pool_params* params, const tl_tensor* grad_out, const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, avg_pool_backward, (params, grad_out, grad_x));
    using namespace tl;
    if (needs_conversion(grad_x))
        return converted(
            grad_out, grad_x, [&](const tl_tensor* from, const tl_tensor* to) { tl_avg_pool_backward(params, from, to); });
    tl_fill(grad_x, 0, 0);
    const Pool p(params, params->spatial, *grad_x, *grad_out);
    with_type(grad_x->dtype, [&]<class T>(T) {
        if (channels_side_by_side(p))
            parallel_for(p.images, grain_of(p.positions() * p.window() * p.channels), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(average_pool_backward_channels<T>, p, begin, end);
            });
        else
            parallel_for(p.images * p.channels, grain_of(p.positions() * p.window()), [&](int64_t begin, int64_t end) {
                TL_DISPATCH(average_pool_backward_planes<T>, p, begin, end);
            });
    });
}
