#include "Support/Convert.h"
#include "Support/Forward.h"
#include "Support/Iteration.h"
#include "Support/Parallel.h"
#include "include/tl_create.h"
#include <algorithm>
#include <cmath>

using namespace tl;

/// out[i] = of(start + i * step) for equal steps from start to end. Each half is computed from its end, so that the
/// last number is exact.
template <class Function>
static void fill_spaced(const tl_tensor& out, double start, double end, Function&& of) {
    const int64_t count = element_count(out), stride = out.strides[0], size = size_of_dtype(out.dtype);
    const double step = count > 1 ? (end - start) / double(count - 1) : 0;
    const ConvertBlock store = convert_block(TL_FLOAT64, out.dtype);
    parallel_for(count, 16384, [&](int64_t begin, int64_t last) {
        double block[256];
        for (int64_t i = begin; i < last; i += 256) {
            const int64_t n = std::min<int64_t>(256, last - i);
            for (int64_t j = 0; j < n; ++j) {
                const int64_t at = i + j;
                block[j] = of(at < count / 2 || count == 1 ? start + step * double(at)
                                                           : end - step * double(count - 1 - at));
            }
            store(block, 1, static_cast<char*>(out.data) + i * stride * size, stride, n);
        }
    });
}

void tl_linspace(const tl_tensor* out, double start, double end) {
    TL_FORWARD(out, linspace, (out, start, end));
    fill_spaced(*out, start, end, [](double x) { return x; });
}

void tl_logspace(const tl_tensor* out, double start, double end, double base) {
    TL_FORWARD(out, logspace, (out, start, end, base));
    fill_spaced(*out, start, end, [base](double x) { return std::pow(base, x); });
}
