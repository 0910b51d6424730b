#include "Reduce/Target.h"
#include "Support/Forward.h"
#include <cstring>

using namespace tl;

void tl_argreduce(bool largest, const tl_tensor* x, int32_t reduced, const tl_tensor* values,
                  const tl_tensor* indices) {
    TL_FORWARD(indices, argreduce, (largest, x, reduced, values, indices));
    const int split = x->rank - reduced;
    const int32_t compute = compute_dtype(x->dtype);
    const tl_tensor* tensors[] = {x, indices, values};
    Iteration kept(tensors, values ? 3 : 2, 0, split), fold(tensors, 1, split, x->rank);
    if (kept.count == 0 || fold.count == 0) return;
    kept.sort();
    kept.merge();
    fold.merge(); // not sorted: indices are row-major
    const Target to_indices = target(*indices, 1, TL_INT64);
    const Target to_values = values ? target(*values, 2, compute) : Target{};
    RowDriver(kept, fold, extreme_kernel(largest, compute), *x, compute)
        .run([&](const char* states, int64_t count, const StridedIterator& iterator, int64_t first) {
            int64_t found[RowDriver::batch];
            alignas(8) char best[RowDriver::batch * 8];
            for (int64_t i = 0; i < count; ++i) {
                if (compute == TL_FLOAT32) {
                    const auto& state = reinterpret_cast<const ExtremeState<float>*>(states)[i];
                    found[i] = state.index;
                    std::memcpy(best + i * 4, &state.value, 4);
                } else {
                    // The two other types have eight bytes and are copied as such.
                    const auto& state = reinterpret_cast<const ExtremeState<int64_t>*>(states)[i];
                    found[i] = state.index;
                    std::memcpy(best + i * 8, &state.value, 8);
                }
            }
            to_indices.write(kept, iterator, first, found, count);
            if (values) to_values.write(kept, iterator, first, best, count);
        });
}
