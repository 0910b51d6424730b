#include "Normalize/Rows.h"
#include "Scalar/Scalar.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "include/tl_normalize.h"
#include <algorithm>

namespace tl {
template <class T>
struct CrossEntropy {
    const int64_t* targets;
    int64_t target_stride;
    const T* weight;  // per class, or NULL
    T weight_sum;
    int64_t ignore_index;
    T smoothing;
    int64_t target(int64_t row) const { return targets[row * target_stride]; }
};
} // namespace tl

#define TL_KERNEL_BODY "Normalize/CrossEntropyRows.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

template <class T>
static CrossEntropy<T> describe(const tl_tensor& target, const T* weight, int64_t classes, int64_t ignore_index,
                                double smoothing) {
    double sum = 0;
    for (int64_t i = 0; weight && i < classes; i++) sum += double(weight[i]);
    return {static_cast<const int64_t*>(target.data), target.strides[0], weight, T(sum), ignore_index, T(smoothing)};
}

} // namespace tl

int64_t tl_cross_entropy(const tl_tensor* x, const tl_tensor* target, const tl_tensor* weight, int64_t ignore_index,
                         double smoothing, const tl_tensor* losses, const tl_tensor* weights_out,
                         const tl_tensor* logsumexp) {
    TL_FORWARD(losses, cross_entropy, (x, target, weight, ignore_index, smoothing, losses, weights_out, logsumexp));
    using namespace tl;
    const int64_t rows = x->shape[0], classes = x->shape[1];
    const auto* targets = static_cast<const int64_t*>(target->data);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t t = targets[i * target->strides[0]];
        if (t != ignore_index && (t < 0 || t >= classes)) return i;
    }
    const Rows in(*x);
    with_compute_type(x->dtype, [&]<class T>(T) {
        const Vector<T> class_weights(weight), loss(losses, true), row_weights(weights_out, true), total(logsumexp, true);
        if (any_missing(class_weights, loss, row_weights, total)) return;
        const CrossEntropy<T> c = describe(*target, class_weights.get(), classes, ignore_index, smoothing);
        parallel_for(rows, std::max<int64_t>(1, 4096 / std::max<int64_t>(classes, 1)), [&](int64_t begin, int64_t end) {
            TL_DISPATCH(cross_entropy_rows<T>, in, c, loss.get(), row_weights.get(), total.get(), begin, end);
        });
        loss.done();
        row_weights.done();
        total.done();
    });
    return -1;
}

void tl_cross_entropy_backward(const tl_tensor* scale, const tl_tensor* x, const tl_tensor* target,
                               const tl_tensor* weight, int64_t ignore_index, double smoothing,
                               const tl_tensor* logsumexp, const tl_tensor* grad_x) {
    TL_FORWARD(grad_x, cross_entropy_backward, (scale, x, target, weight, ignore_index, smoothing, logsumexp, grad_x));
    using namespace tl;
    const int64_t rows = x->shape[0], classes = x->shape[1];
    if (rows == 0 || classes == 0) return;
    const Rows in(*x), out(*grad_x);
    with_compute_type(x->dtype, [&]<class T>(T) {
        const Vector<T> class_weights(weight), factors(scale), total(logsumexp);
        if (any_missing(class_weights, factors, total)) return;
        const CrossEntropy<T> c = describe(*target, class_weights.get(), classes, ignore_index, smoothing);
        parallel_for(rows, std::max<int64_t>(1, 4096 / classes), [&](int64_t begin, int64_t end) {
            TL_DISPATCH(cross_entropy_backward_rows<T>, in, out, c, factors.get(), total.get(), begin, end);
        });
    });
}
