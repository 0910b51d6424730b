#include "Contract/SmallProduct.h"
#include "Support/InstructionSets.h"
#include <type_traits>

// The register tile of the direct product: rows, and vectors per row, so that sums, a row of b and an element of a fit
// in the registers. `across` vectors are 16 columns, or 32 with AVX-512 if the matrix has them.
#define TL_DIRECT_ROWS_avx2 6
#define TL_DIRECT_ROWS_avx512 12
#define TL_DIRECT_ROWS_baseline 2
#define TL_DIRECT_PASTE(prefix, name) prefix##name
#define TL_DIRECT_EXPAND(prefix, name) TL_DIRECT_PASTE(prefix, name)
#define TL_DIRECT_OF(prefix) TL_DIRECT_EXPAND(prefix, TL_ISA)

#define TL_KERNEL_BODY "Contract/SmallProduct.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {
void small_multiply(const SmallProduct& product) { TL_DISPATCH(small_multiply, product); }

void direct_multiply(const SmallProduct& product, int64_t begin, int64_t end) {
    TL_DISPATCH(direct_multiply, product, begin, end);
}

void row_multiply(const SmallProduct& product, int64_t begin, int64_t end) {
    TL_DISPATCH(row_multiply, product, begin, end);
}
} // namespace tl
