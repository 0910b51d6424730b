// What the pooling kernels need to know, with three spatial dimensions always.
#ifndef TL_POOL_H
#define TL_POOL_H
#include "include/tl_contract.h"

namespace tl {

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
    PooledTensor x, y, indices;  // y is the smaller side; in backward passes both are gradients

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

} // namespace tl

#endif
