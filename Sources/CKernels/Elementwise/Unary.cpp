#include "Elementwise/Loops.h"
#include "Elementwise/Operations.h"
#include "Scalar/Scalar.h"

#define TL_ONE(ENUM, name, ...) +1
static_assert(0 TL_UNARY_OPERATIONS(TL_ONE, TL_ONE, TL_ONE, TL_ONE) TL_UNARY_OPERATIONS_SMALL(TL_ONE)
                      TL_UNARY_OPERATIONS_1(TL_ONE) TL_UNARY_OPERATIONS_2(TL_ONE) ==
                  TL_UNARY_COUNT,
              "an operation has no kernel");
#undef TL_ONE

// Loops over functions with loops of their own (fmod, integer division) stay scalar, which is no news.
#pragma clang diagnostic ignored "-Wpass-failed"

#define TL_KERNEL_BODY "Elementwise/Unary.kernels.h"
#include "Support/EachInstructionSet.h"

static const tl::Kernel (*choose())[3] {
#if defined(__x86_64__)
    if (tl::detect_instruction_set() == tl::InstructionSet::avx512) return tl::avx512::unary_table.kernels;
    if (tl::detect_instruction_set() == tl::InstructionSet::avx2) return tl::avx2::unary_table.kernels;
#endif
    return tl::baseline::unary_table.kernels;
}
static const tl::Kernel (*const table)[3] = choose();
static constexpr tl::Kernel none;

const tl::Kernel& tl::unary_kernel(int32_t op, int32_t compute) {
    const int index = compute_index(compute);
    return index < 0 || static_cast<uint32_t>(op) >= TL_UNARY_COUNT ? none : table[op][index];
}
