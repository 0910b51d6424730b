// Element-wise kernels of complex numbers. Arithmetic is written out; functions of one variable are those of C's
// <complex.h>, with the branch cuts and the results for infinity and NaN of Annex G, as in PyTorch and NumPy.
#include "Elementwise/Complex.h"
#include "Scalar/Operations.h"
#include "Support/Complex.h"
#include "Support/ElementLoop.h"
#include <cmath>
#include <complex>

// Loops that call library functions are not vectorised, which is expected.
#pragma clang diagnostic ignored "-Wpass-failed"

#define TL_KERNEL_BODY "Elementwise/Complex.kernels.h"
#include "Support/EachInstructionSet.h"

namespace {

struct Tables {
    const tl::Kernel (*unary)[2];
    const tl::Kernel (*binary)[2];
    const tl::Kernel (*ternary)[2];
};

#define TL_COMPLEX_TABLES(set)                                                                                         \
    {set::complex_numbers::unary_table.kernels, set::complex_numbers::binary_table.kernels,                            \
     set::complex_numbers::ternary_table}

Tables choose() {
#if defined(__x86_64__)
    if (tl::detect_instruction_set() == tl::InstructionSet::avx512) return TL_COMPLEX_TABLES(tl::avx512);
    if (tl::detect_instruction_set() == tl::InstructionSet::avx2) return TL_COMPLEX_TABLES(tl::avx2);
#endif
    return TL_COMPLEX_TABLES(tl::baseline);
}

const Tables tables = choose();
constexpr tl::Kernel none;

const tl::Kernel& kernel_at(const tl::Kernel (*table)[2], int32_t op, int32_t count, int32_t compute) {
    const bool exists = (compute == TL_COMPLEX64 || compute == TL_COMPLEX128) && op >= 0 && op < count;
    return exists ? table[op][compute == TL_COMPLEX128] : none;
}

} // namespace

const tl::Kernel& tl::complex_unary_kernel(int32_t op, int32_t compute) {
    return kernel_at(tables.unary, op, TL_UNARY_COUNT, compute);
}
const tl::Kernel& tl::complex_binary_kernel(int32_t op, int32_t compute) {
    return kernel_at(tables.binary, op, TL_BINARY_COUNT, compute);
}
const tl::Kernel& tl::complex_ternary_kernel(int32_t op, int32_t compute) {
    return kernel_at(tables.ternary, op, TL_TERNARY_COUNT, compute);
}
