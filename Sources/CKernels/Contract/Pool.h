// The arguments of pooling kernels, always with three spatial dimensions.
#ifndef TL_POOL_H
#define TL_POOL_H
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_contract.h"
#include <algorithm>
#include <type_traits>

namespace tl {

/// The dtype of the sums over large windows.
template <class T>
using WideSum = std::conditional_t<std::is_same_v<T, float>, double, T>;

struct PooledTensor {
    void* data = nullptr;
    int64_t image = 0, channel = 0, step[3] = {0, 0, 0};  // strides

    PooledTensor() = default;
    explicit PooledTensor(const tl_tensor& x) : data(x.data), image(x.strides[0]), channel(x.strides[1]) {
        for (int i = 2; i < x.rank; i++) step[3 - x.rank + i] = x.strides[i];
    }
};

struct Pool {
    int64_t images, channels;
    int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
    int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, padding[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};
    bool count_include_pad = false;
    int64_t divisor = 0;
    PooledTensor x, y, indices;  // y is the smaller operand; in backward passes both are gradients

    Pool(const tl_pool_params* p, int32_t spatial, const tl_tensor& large, const tl_tensor& small)
        : images(large.shape[0]), channels(large.shape[1]), x(large), y(small) {
        for (int i = 0; i < spatial; i++) {
            const int to = 3 - spatial + i;
            in[to] = large.shape[i + 2], out[to] = small.shape[i + 2];
            if (!p) continue;
            kernel[to] = p->kernel[i], stride[to] = p->stride[i], padding[to] = p->padding[i];
            dilation[to] = p->dilation[i];
        }
        if (p) count_include_pad = p->count_include_pad, divisor = p->divisor;
    }

    int64_t positions() const { return out[0] * out[1] * out[2]; }
    int64_t window() const { return kernel[0] * kernel[1] * kernel[2]; }
};

/// The dtype that the kernels read: half types are pooled in float32, integers in int64.
inline int32_t pooled_dtype(int32_t dtype) {
    const int32_t computed = compute_dtype(dtype);
    return computed == TL_INT64 || computed == TL_FLOAT64 ? computed : TL_FLOAT32;
}

inline bool needs_conversion(const tl_tensor* x) { return pooled_dtype(x->dtype) != x->dtype; }

/// The number of operations from which a thread is used.
constexpr int64_t pool_grain = 16384;

inline int64_t grain_of(int64_t work_of_one) { return std::max<int64_t>(1, pool_grain / std::max<int64_t>(work_of_one, 1)); }

inline bool is_channels_last(const Pool& p) {
    return p.channels > 1 && p.x.channel == 1 && p.y.channel == 1 && (!p.indices.data || p.indices.channel == 1);
}

/// Calls the body with the type of the elements, for template kernels.
template <class Body>
void with_type(int32_t dtype, Body&& body) {
    if (dtype == TL_FLOAT64) body(double());
    else if (dtype == TL_INT64) body(int64_t());
    else body(float());
}

/// Runs on copies in a dtype that the kernels read, and writes the result back.
template <class Body>
void converted(const tl_tensor* in, const tl_tensor* out, Body&& body) {
    const int32_t dtype = pooled_dtype(in->dtype);
    DenseCopy from(*in, dtype), to(*out, dtype);
    if (any_missing(from, to)) return;
    from.read();
    body(&from.tensor, &to.tensor);
    to.write_back();
}

} // namespace tl

#endif
