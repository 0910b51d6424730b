#include "Contract/ThinWeights.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"

#define TL_KERNEL_BODY "Contract/ThinWeights.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

void thin_weights(const ThinWeights& p) {
    const int64_t work = p.images * p.out_height * p.out_width * p.in_channels * p.kernel_rows * p.kernel_columns;
    parallel_for(p.out_channels, std::max<int64_t>(1, 65536 / std::max<int64_t>(work, 1)),
                 [&](int64_t begin, int64_t end) { TL_DISPATCH(thin_channels, p, begin, end); });
}

} // namespace tl
