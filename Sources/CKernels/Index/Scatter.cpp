// Elements scattered along the last dimension.
#include "Support/ElementTypes.h"
#include "Support/Forward.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>

namespace tl {

namespace {

template <int32_t op, class T>
T combine(T old, T value) {
    if constexpr (op == TL_SCATTER_ADD) return add(old, value);
    if constexpr (op == TL_SCATTER_MULTIPLY) {
        if constexpr (std::is_same_v<T, bool>) return old && value;
        else if constexpr (std::is_integral_v<T>) return T(uint64_t(old) * uint64_t(value));
        else return old * value;
    }
    // NaN is propagated. Complex numbers are not ordered, and no caller needs their extremes.
    if constexpr (op == TL_SCATTER_MAX && !is_complex_type<T>) return old != old || old > value ? old : value;
    if constexpr (op == TL_SCATTER_MIN && !is_complex_type<T>) return old != old || old < value ? old : value;
    return value;
}

/// Threads share rows; if there are too few, each thread processes a range of the destination and iterates over all
/// indices, so that additions to one element are in order.
template <class T, class Update>
void scatter_rows(const tl_tensor* out, const tl_tensor* index, const tl_tensor* source, Update&& update) {
    const int64_t width = last_size(*index), size = last_size(*out);
    const int64_t out_step = last_stride(*out), index_step = last_stride(*index), source_step = last_stride(*source);
    const StridedLoop<3> loop(index->shape, std::max(index->rank - 1, 0), {out, index, source});
    const auto row = [&](char** address, int64_t low, int64_t high) {
        auto* to = reinterpret_cast<T*>(address[0]);
        const auto* at = reinterpret_cast<const int64_t*>(address[1]);
        const auto* from = reinterpret_cast<const T*>(address[2]);
        if (low > 0 || high < size) {
            for (int64_t j = 0; j < width; j++) {
                const int64_t target = at[j * index_step];
                if (target >= low && target < high) update(to[target * out_step], from[j * source_step]);
            }
        } else if (out_step == 1 && index_step == 1 && source_step == 1) {
            for (int64_t j = 0; j < width; j++) update(to[at[j]], from[j]);
        } else {
            for (int64_t j = 0; j < width; j++) update(to[at[j * index_step] * out_step], from[j * source_step]);
        }
    };
    if (loop.count >= tl_num_threads() || width < 65536)
        loop.run_parallel(width, [&](char** address, int64_t) { row(address, 0, size); });
    else
        parallel_for(size, 4096, [&](int64_t low, int64_t high) {
            loop.run(0, loop.count, [&](char** address, int64_t) { row(address, low, high); });
        });
}

} // namespace

} // namespace tl

void tl_scatter(int32_t op, const tl_tensor* out, const tl_tensor* index, const tl_tensor* source) {
    TL_FORWARD(out, scatter, (op, out, index, source));
    using namespace tl;
    if (op == TL_SCATTER_SET)
        return with_raw_type(out->dtype, [&]<class T>(T) {
            scatter_rows<T>(out, index, source, [](T& old, T value) { old = value; });
        });
    if (half_as_float(out, source, [&](const tl_tensor* a, const tl_tensor* b) { tl_scatter(op, a, index, b); })) return;
    with_number_type(out->dtype, [&]<class T>(T) {
        const auto scatter = [&]<int32_t kind>(std::integral_constant<int32_t, kind>) {
            scatter_rows<T>(out, index, source, [](T& old, T value) { old = combine<kind>(old, value); });
        };
        switch (op) {
        case TL_SCATTER_ADD: return scatter(std::integral_constant<int32_t, TL_SCATTER_ADD>());
        case TL_SCATTER_MULTIPLY: return scatter(std::integral_constant<int32_t, TL_SCATTER_MULTIPLY>());
        case TL_SCATTER_MAX: return scatter(std::integral_constant<int32_t, TL_SCATTER_MAX>());
        default: return scatter(std::integral_constant<int32_t, TL_SCATTER_MIN>());
        }
    });
}
