// Distances of all pairs of rows, one row at a time, so that no differences of vectors are stored.
#include "Scalar/Scalar.h"
#include "Support/Convert.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_reduce.h"
#include <algorithm>
#include <cmath>

namespace tl {

enum class Metric { count, manhattan, euclidean, general, chebyshev };
constexpr int64_t distance_columns = 256;

template <class T>
struct Distances {
    Metric metric;
    double p, shift;
    int64_t width;
};

} // namespace tl

#define TL_KERNEL_BODY "Reduce/Distance.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

namespace {

template <class T>
Distances<T> describe(double p, double shift, int64_t width) {
    const Metric metric = p == 0              ? Metric::count
                          : p == 1            ? Metric::manhattan
                          : p == 2            ? Metric::euclidean
                          : std::isinf(p)     ? Metric::chebyshev
                                              : Metric::general;
    return {metric, p, shift, width};
}

/// Rows [batch, count, width] with a contiguous last dimension.
template <class T>
struct Points {
    const T* data;
    int64_t count, width, batch_stride, stride;
    explicit Points(const tl_tensor& x)
        : data(static_cast<const T*>(x.data)), count(x.shape[1]), width(x.shape[2]), batch_stride(x.strides[0]),
          stride(x.strides[1]) {}
    const T* row(int64_t batch, int64_t i) const { return data + batch * batch_stride + i * stride; }
    /// Transposes the rows of a batch: the coordinates d of all rows are contiguous.
    void transpose(int64_t batch, T* into) const {
        const int64_t block = 32;
        parallel_for((count + block - 1) / block, std::max<int64_t>(1, 32768 / (block * std::max<int64_t>(width, 1))),
                     [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin * block; i < std::min(end * block, count); i += block)
                             for (int64_t d = 0; d < width; d += block)
                                 transpose_block(sizeof(T), row(batch, i) + d, stride, into + d * count + i, count,
                                                 std::min(block, width - d), std::min(block, count - i));
                     });
    }
};

/// The minimum number of rows per thread.
int64_t grain(int64_t columns, int64_t width) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, columns * width)); }

/// The index of the pair i < j among those of n rows in order.
int64_t pair_index(int64_t n, int64_t i, int64_t j) { return i * n - i * (i + 1) / 2 + j - i - 1; }

template <class Body>
void with_real_type(int32_t dtype, Body&& body) {
    if (dtype == TL_FLOAT64) body(double());
    else body(float());
}

} // namespace

} // namespace tl

void tl_pair_distance(const tl_tensor* a, const tl_tensor* b, double p, double shift, const tl_tensor* out) {
    TL_FORWARD(out, pair_distance, (a, b, p, shift, out));
    using namespace tl;
    with_real_type(a->dtype, [&]<class T>(T) {
        const Points<T> points(*a), others(*b);
        const Distances<T> s = describe<T>(p, shift, points.width);
        const Scratch memory(size_t(others.count * others.width) * sizeof(T));
        if (memory.is_missing()) return;
        T* const turned = memory.get<T>();
        T* const results = static_cast<T*>(out->data);
        for (int64_t batch = 0; batch < a->shape[0]; batch++) {
            if (batch == 0 || others.batch_stride != 0) others.transpose(batch, turned);
            parallel_for(points.count, grain(others.count, s.width), [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++)
                    TL_DISPATCH(distances<T>, s, points.row(batch, i), turned, others.count, others.count,
                                results + (batch * points.count + i) * others.count);
            });
        }
    });
}

void tl_pair_distance_backward(const tl_tensor* gradient, const tl_tensor* a, const tl_tensor* b,
                               const tl_tensor* distance, double p, double shift, const tl_tensor* grad_a) {
    TL_FORWARD(grad_a, pair_distance_backward, (gradient, a, b, distance, p, shift, grad_a));
    using namespace tl;
    with_real_type(a->dtype, [&]<class T>(T) {
        const Points<T> points(*a), others(*b);
        const Distances<T> s = describe<T>(p, shift, points.width);
        const Scratch memory(size_t(others.count * others.width) * sizeof(T));
        if (memory.is_missing()) return;
        T* const turned = memory.get<T>();
        T* const results = static_cast<T*>(grad_a->data);
        const auto row = [](const tl_tensor& x, int64_t batch, int64_t i, T* into, int64_t count) {
            const T* const from = static_cast<const T*>(x.data) + batch * x.strides[0] + i * x.strides[1];
            if (x.strides[2] == 1) return from;
            for (int64_t j = 0; j < count; j++) into[j] = from[j * x.strides[2]];
            return static_cast<const T*>(into);
        };
        for (int64_t batch = 0; batch < a->shape[0]; batch++) {
            if (batch == 0 || others.batch_stride != 0) others.transpose(batch, turned);
            parallel_for(points.count, grain(others.count, s.width), [&](int64_t begin, int64_t end) {
                const Scratch rows(size_t(2 * others.count) * sizeof(T));
                if (rows.is_missing()) return;
                T *const first = rows.get<T>(), *const second = first + others.count;
                for (int64_t i = begin; i < end; i++)
                    TL_DISPATCH(distance_gradient<T>, s, points.row(batch, i), turned, others.count, others.count,
                                row(*gradient, batch, i, first, others.count),
                                row(*distance, batch, i, second, others.count),
                                results + (batch * points.count + i) * s.width);
            });
        }
    });
}

void tl_condensed_distance(const tl_tensor* x, double p, const tl_tensor* out) {
    TL_FORWARD(out, condensed_distance, (x, p, out));
    using namespace tl;
    with_real_type(x->dtype, [&]<class T>(T) {
        const Points<T> points(*x);
        const int64_t n = points.count;
        const Distances<T> s = describe<T>(p, 0, points.width);
        const Scratch memory(size_t(n * points.width) * sizeof(T));
        if (memory.is_missing()) return;
        T* const turned = memory.get<T>();
        points.transpose(0, turned);
        T* const results = static_cast<T*>(out->data);
        // Row i has n - 1 - i pairs: rows i and n - 1 - i together are one unit of work.
        parallel_for((n + 1) / 2, grain(n, s.width), [&](int64_t begin, int64_t end) {
            const auto run = [&](int64_t i) {
                TL_DISPATCH(distances<T>, s, points.row(0, i), turned + i + 1, n, n - 1 - i, results + pair_index(n, i, i + 1));
            };
            for (int64_t i = begin; i < end; i++) {
                run(i);
                if (n - 1 - i != i) run(n - 1 - i);
            }
        });
    });
}

void tl_condensed_distance_backward(const tl_tensor* gradient, const tl_tensor* x, const tl_tensor* distance, double p,
                                    const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, condensed_distance_backward, (gradient, x, distance, p, grad_x));
    using namespace tl;
    with_real_type(x->dtype, [&]<class T>(T) {
        const Points<T> points(*x);
        const int64_t n = points.count;
        const Distances<T> s = describe<T>(p, 0, points.width);
        const Scratch memory(size_t(n * points.width) * sizeof(T));
        if (memory.is_missing()) return;
        T* const turned = memory.get<T>();
        points.transpose(0, turned);
        T* const results = static_cast<T*>(grad_x->data);
        parallel_for(n, grain(n, s.width), [&](int64_t begin, int64_t end) {
            const Scratch rows(size_t(2 * n) * sizeof(T));
            if (rows.is_missing()) return;
            const auto gather = [n](const tl_tensor& from, int64_t i, T* into) {
                const T* const all = static_cast<const T*>(from.data);
                for (int64_t j = 0; j < i; j++) into[j] = all[pair_index(n, j, i)];
                into[i] = 0;
                std::copy_n(all + pair_index(n, i, i + 1), n - 1 - i, into + i + 1);
                return static_cast<const T*>(into);
            };
            for (int64_t i = begin; i < end; i++)
                TL_DISPATCH(distance_gradient<T>, s, points.row(0, i), turned, n, n,
                            gather(*gradient, i, rows.get<T>()), gather(*distance, i, rows.get<T>() + n),
                            results + i * s.width);
        });
    });
}
