#include "Support/Convert.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "include/tl_create.h"
#include <algorithm>

using namespace tl;

void tl_arange(const tl_tensor* out, double start, double step, int64_t int_start, int64_t int_step) {
    TL_FORWARD(out, arange, (out, start, step, int_start, int_step));
    const int64_t count = element_count(*out), stride = out->rank ? out->strides[out->rank - 1] : 1;
    const bool integer = compute_dtype(out->dtype) == TL_INT64;
    const ConvertBlock store = convert_block(integer ? TL_INT64 : TL_FLOAT64, out->dtype);
    const int64_t size = size_of_dtype(out->dtype);
    parallel_for(count, 65536, [&](int64_t begin, int64_t end) {
        union {
            double reals[256];
            int64_t integers[256];
        } block;
        for (int64_t i = begin; i < end; i += 256) {
            const int64_t n = std::min<int64_t>(256, end - i);
            if (integer)
                for (int64_t j = 0; j < n; ++j)
                    block.integers[j] =
                        static_cast<int64_t>(uint64_t(int_start) + uint64_t(i + j) * uint64_t(int_step));
            else
                for (int64_t j = 0; j < n; ++j) block.reals[j] = start + static_cast<double>(i + j) * step;
            store(&block, 1, static_cast<char*>(out->data) + i * stride * size, stride, n);
        }
    });
}
