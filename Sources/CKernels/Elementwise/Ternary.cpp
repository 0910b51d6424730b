#include "Elementwise/Complex.h"
#include "Scalar/Scalar.h"
#include "Support/ElementwiseDriver.h"
#include "Support/Forward.h"

#define TL_KERNEL_BODY "Elementwise/Ternary.kernels.h"
#include "Support/EachInstructionSet.h"

using namespace tl;

static const Kernel (*choose())[3] {
#if defined(__x86_64__)
    if (detect_instruction_set() == InstructionSet::avx512) return tl::avx512::ternary_table;
    if (detect_instruction_set() == InstructionSet::avx2) return tl::avx2::ternary_table;
#endif
    return tl::baseline::ternary_table;
}
static const Kernel (*const table)[3] = choose();

/// The kernel of the instruction set in use; `loop` is NULL where the operation does not exist for the compute dtype.
static const Kernel& kernel_of(int32_t op, int32_t compute) {
    const int index = compute_index(compute);
    return index < 0 || static_cast<uint32_t>(op) >= TL_TERNARY_COUNT ? complex_ternary_kernel(op, compute) : table[op][index];
}

const Kernel& tl::ternary_kernel(int32_t op, int32_t compute) { return kernel_of(op, compute); }

void tl_ternary(int32_t op, int32_t compute, const tl_tensor* a, const tl_tensor* b, const tl_tensor* c,
                const tl_tensor* out, const double* params) {
    TL_FORWARD(out, ternary, (op, compute, a, b, c, out, params));
    const Kernel& kernel = kernel_of(op, compute);
    if (!kernel.loop) missing_loop();
    const int32_t natives[] = {compute, op == TL_TERNARY_WHERE ? int32_t(TL_BOOL) : compute, compute, compute};
    const tl_tensor* tensors[] = {out, a, b, c};
    run_elementwise(kernel.loop, kernel.expensive, 4, tensors, natives, params);
}
