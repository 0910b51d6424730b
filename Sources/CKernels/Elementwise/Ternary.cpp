#include "Elementwise/Loops.h"
#include "Scalar/Scalar.h"

#define TL_KERNEL_BODY "Elementwise/Ternary.kernels.h"
#include "Support/EachInstructionSet.h"

static const tl::Kernel (*choose())[3] {
#if defined(__x86_64__)
    if (tl::detect_instruction_set() == tl::InstructionSet::avx512) return tl::avx512::ternary_table;
    if (tl::detect_instruction_set() == tl::InstructionSet::avx2) return tl::avx2::ternary_table;
#endif
    return tl::baseline::ternary_table;
}
static const tl::Kernel (*const table)[3] = choose();
static constexpr tl::Kernel none;

const tl::Kernel& tl::ternary_kernel(int32_t op, int32_t compute) {
    const int index = compute_index(compute);
    return index < 0 || static_cast<uint32_t>(op) >= TL_TERNARY_COUNT ? none : table[op][index];
}
