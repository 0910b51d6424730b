#include "Elementwise/Loops.h"
#include "Elementwise/Operations.h"
#include "Scalar/Scalar.h"

// Loops over functions with loops of their own (fmod, integer division) stay scalar, which is no news.
#pragma clang diagnostic ignored "-Wpass-failed"

#define TL_KERNEL_BODY "Elementwise/Unary.kernels.h"
#include "Support/EachInstructionSet.h"

const tl::Kernel& tl::unary_kernel(int32_t op, int32_t compute) {
    const int index = compute_index(compute);
    static const Kernel none;
    if (index < 0 || op < 0 || op >= TL_UNARY_COUNT) return none;
#if defined(__x86_64__)
    if (instruction_set == InstructionSet::avx512) return avx512::unary_table.kernels[op][index];
    if (instruction_set == InstructionSet::avx2) return avx2::unary_table.kernels[op][index];
#endif
    return baseline::unary_table.kernels[op][index];
}
