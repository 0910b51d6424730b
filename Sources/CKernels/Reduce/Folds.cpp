#include "Reduce/Folds.h"
#include "Scalar/Scalar.h"
#include "Support/ElementLoop.h"
#include "Support/WidestMoments.h"
#include <cmath>
#include <cstring>
#include <limits>

// Vectors are passed only between inlined functions, so that the calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#define TL_KERNEL_BODY "Reduce/Folds.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

const Fold& fold_kernel(int32_t op, int32_t compute) { return TL_DISPATCH(fold, op, compute_index(compute)); }
const RowFold& extreme_kernel(bool largest, int32_t compute) {
    return TL_DISPATCH(extreme, largest, compute_index(compute));
}
const RowFold& moment_kernel(int32_t compute) { return TL_DISPATCH(moment, compute_index(compute)); }

void finish_logsumexp(int32_t compute, const void* states, void* results, int64_t count) {
    TL_DISPATCH(finish_exponentials, compute_index(compute), states, results, count);
}

void square_roots(int32_t compute, void* results, int64_t count) {
    if (compute == TL_FLOAT32)
        for (int64_t i = 0; i < count; ++i) static_cast<float*>(results)[i] = std::sqrt(static_cast<float*>(results)[i]);
    else
        for (int64_t i = 0; i < count; ++i) static_cast<double*>(results)[i] = std::sqrt(static_cast<double*>(results)[i]);
}

void divide_results(void* results, int64_t count, double divisor) {
    double* const x = static_cast<double*>(results);
    for (int64_t i = 0; i < count; ++i) x[i] /= divisor;
}

} // namespace tl
