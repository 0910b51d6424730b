#include "Reduce/Target.h"
#include "Support/Forward.h"
#include "include/tl_create.h"
#include <cmath>
#include <limits>

using namespace tl;

void tl_variance(const tl_tensor* x, int32_t reduced, double correction, bool root, const tl_tensor* mean,
                 const tl_tensor* variance) {
    TL_FORWARD(variance, variance, (x, reduced, correction, root, mean, variance));
    const int split = x->rank - reduced;
    const int32_t compute = compute_dtype(x->dtype) == TL_FLOAT64 ? TL_FLOAT64 : TL_FLOAT32;
    const tl_tensor* tensors[] = {x, variance, mean};
    Iteration kept(tensors, mean ? 3 : 2, 0, split), fold(tensors, 1, split, x->rank);
    if (kept.count == 0) return;
    if (fold.count == 0) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        tl_fill(variance, nan, 0);
        if (mean) tl_fill(mean, nan, 0);
        return;
    }
    kept.sort();
    kept.merge();
    fold.sort();
    fold.merge();
    const Target to_variance = target(*variance, 1, TL_FLOAT64);
    const Target to_mean = mean ? target(*mean, 2, TL_FLOAT64) : Target{};
    const double freedom = static_cast<double>(fold.count) - correction;
    RowDriver(kept, fold, moment_kernel(compute), *x, compute)
        .run([&](const char* states, int64_t count, const StridedIterator& iterator, int64_t first) {
            double variances[RowDriver::batch], means[RowDriver::batch];
            for (int64_t i = 0; i < count; ++i) {
                const MomentState& state = reinterpret_cast<const MomentState*>(states)[i];
                // Without degrees of freedom: 0/0 or x/0, as in PyTorch.
                const long double variance = state.squares / (freedom > 0 ? freedom : 0);
                variances[i] = static_cast<double>(root ? std::sqrt(variance) : variance);
                means[i] = state.mean;
            }
            to_variance.write(kept, iterator, first, variances, count);
            if (mean) to_mean.write(kept, iterator, first, means, count);
        });
}
