#include "Normalize/Sums.kernels.h"

namespace tl::TL_ISA {

template <class T>
static void softmax_row(const T* __restrict x, T* __restrict y, int64_t n) {
    const T top = largest(x, n);
    for (int64_t i = 0; i < n; i++) y[i] = exponential(x[i] - top);
    // A division each: the factor 1 / total would round twice, and rows would sum to 1 less often.
    const T total = sum(y, n);
    for (int64_t i = 0; i < n; i++) y[i] /= total;
}

template <class T>
static void softmax_rows(const Rows& in, const Rows& out, bool logarithm, int64_t begin, int64_t end) {
    const RowReader<T> read(in);
    const RowWriter<T> write(out);
    for (int64_t row = begin; row < end; row++) {
        const T* x = read(row);
        T* y = write(row);
        if (logarithm) {
            T top;
            const T total = log_sum_exp(x, in.width, &top);
            for (int64_t i = 0; i < in.width; i++) y[i] = x[i] - total;
        } else {
            softmax_row(x, y, in.width);
        }
        write.done(row);
    }
}

template <class T>
static void softmax_backward_rows(const Rows& grad_out, const Rows& output, const Rows& grad_x, bool logarithm,
                                  int64_t begin, int64_t end) {
    const RowReader<T> read_gradient(grad_out), read_output(output);
    const RowWriter<T> write(grad_x);
    for (int64_t row = begin; row < end; row++) {
        const T *g = read_gradient(row), *y = read_output(row);
        T* result = write(row);
        const int64_t n = output.width;
        if (logarithm) {
            const T total = sum(g, n);
            for (int64_t i = 0; i < n; i++) result[i] = g[i] - exponential(y[i]) * total;
        } else {
            const T total = dot(g, y, n);
            for (int64_t i = 0; i < n; i++) result[i] = y[i] * (g[i] - total);
        }
        write.done(row);
    }
}

} // namespace tl::TL_ISA
