#include "Contract/SmallProduct.h"
#include "Support/InstructionSets.h"
#include <type_traits>

#define TL_KERNEL_BODY "Contract/SmallProduct.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {
void small_multiply(const SmallProduct& product) { TL_DISPATCH(small_multiply, product); }
} // namespace tl
