#include "Normalize/Rows.h"
#include "Scalar/Scalar.h"
#include "Support/Forward.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "include/tl_normalize.h"
#include <algorithm>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define TL_KERNEL_BODY "Normalize/Softmax.kernels.h"
#include "Support/EachInstructionSet.h"

void tl_softmax(const tl_tensor* x, const tl_tensor* out, bool logarithm) {
    TL_FORWARD(out, softmax, (x, out, logarithm));
    using namespace tl;
    const Rows in(*x), result(*out);
    if (in.width == 0) return;
    with_compute_type(x->dtype == TL_FLOAT64 ? TL_FLOAT64 : out->dtype, [&]<class T>(T) {
        parallel_for(in.count, std::max<int64_t>(1, 4096 / in.width), [&](int64_t begin, int64_t end) {
            TL_DISPATCH(softmax_rows<T>, in, result, logarithm, begin, end);
        });
    });
}

void tl_softmax_backward(const tl_tensor* grad_out, const tl_tensor* y, const tl_tensor* grad_x, bool logarithm) {
    TL_FORWARD(grad_x, softmax_backward, (grad_out, y, grad_x, logarithm));
    using namespace tl;
    const Rows gradient(*grad_out), output(*y), result(*grad_x);
    if (output.width == 0) return;
    with_compute_type(grad_x->dtype, [&]<class T>(T) {
        parallel_for(output.count, std::max<int64_t>(1, 4096 / output.width), [&](int64_t begin, int64_t end) {
            TL_DISPATCH(softmax_backward_rows<T>, gradient, output, result, logarithm, begin, end);
        });
    });
}
