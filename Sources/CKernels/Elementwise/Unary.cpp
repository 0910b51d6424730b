#include "Elementwise/Complex.h"
#include "Scalar/Operations.h"
#include "Scalar/Scalar.h"
#include "Support/ElementwiseDriver.h"
#include "Support/Forward.h"

#define TL_ONE(ENUM, name, ...) +1
static_assert(0 TL_UNARY_OPERATIONS(TL_ONE, TL_ONE, TL_ONE, TL_ONE) TL_UNARY_OPERATIONS_SMALL(TL_ONE)
                      TL_UNARY_OPERATIONS_1(TL_ONE) TL_UNARY_OPERATIONS_2(TL_ONE) ==
                  TL_UNARY_COUNT,
              "an operation has no kernel");
#undef TL_ONE

// Loops that call functions with inner loops (fmod, integer division) are not vectorised, which is expected.
#pragma clang diagnostic ignored "-Wpass-failed"

#define TL_KERNEL_BODY "Elementwise/Unary.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

static const Kernel (*choose())[3] {
#if defined(__x86_64__)
    if (detect_instruction_set() == InstructionSet::avx512) return tl::avx512::unary_table.kernels;
    if (detect_instruction_set() == InstructionSet::avx2) return tl::avx2::unary_table.kernels;
#endif
    return tl::baseline::unary_table.kernels;
}
static const Kernel (*const table)[3] = choose();

/// The kernel of the instruction set in use; `loop` is NULL where the operation does not exist for the compute dtype.
static const Kernel& kernel_of(int32_t op, int32_t compute) {
    const int index = compute_index(compute);
    return index < 0 || static_cast<uint32_t>(op) >= TL_UNARY_COUNT ? complex_unary_kernel(op, compute) : table[op][index];
}

const Kernel& tl::unary_kernel(int32_t op, int32_t compute) { return kernel_of(op, compute); }

/// Small contiguous arrays, which need only the loop.
static bool is_simple(const tl_tensor& x, int32_t dtype) { return x.dtype == dtype && is_contiguous(x); }

void tl_unary(int32_t op, int32_t compute, const tl_tensor* x, const tl_tensor* out, const double* params) {
    TL_FORWARD(out, unary, (op, compute, x, out, params));
    const Kernel& kernel = kernel_of(op, compute);
    if (!kernel.loop) missing_loop();
    const int32_t natives[] = {output_of(kernel, compute), compute};
    const int64_t count = element_count(*out);
    if (count <= simple_limit && is_simple(*out, natives[0]) && is_simple(*x, compute)) {
        const void* in[] = {x->data};
        static constexpr double none[3] = {};
        kernel.loop(out->data, in, count, params ? params : none);
        return;
    }
    const tl_tensor* tensors[] = {out, x};
    run_elementwise(kernel.loop, kernel.expensive, 2, tensors, natives, params);
}
