#include "Elementwise/Loops.h"
#include "Scalar/Scalar.h"

#define TL_KERNEL_BODY "Elementwise/Ternary.kernels.h"
#include "Support/EachInstructionSet.h"

const tl::Kernel& tl::ternary_kernel(int32_t op, int32_t compute) {
    const int index = compute_index(compute);
    static const Kernel none;
    if (index < 0 || op < 0 || op >= TL_TERNARY_COUNT) return none;
#if defined(__x86_64__)
    if (instruction_set == InstructionSet::avx512) return avx512::ternary_table[op][index];
    if (instruction_set == InstructionSet::avx2) return avx2::ternary_table[op][index];
#endif
    return baseline::ternary_table[op][index];
}
