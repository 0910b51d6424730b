#include "Support/Convert.h"
#include "Scalar/Dialect.h"
#include "Support/Complex.h"
#include <cstring>

namespace tl {
/// Storage types of dtypes without a portable C++ type.
struct Half {
    uint16_t bits;
};
struct BFloat16 {
    uint16_t bits;
};
struct Bool {
    uint8_t byte;
};
} // namespace tl

// Some loops over complex numbers are not vectorised, which is expected.
#pragma clang diagnostic ignored "-Wpass-failed"

#define TL_KERNEL_BODY "Support/Convert.kernels.h"
#include "Support/EachInstructionSet.h"

tl::ConvertBlock tl::convert_block(int32_t from, int32_t to) { return TL_DISPATCH(find_conversion, from, to); }

void tl::transpose_block(int64_t size, const void* source, int64_t source_stride, void* destination,
                         int64_t destination_stride, int64_t rows, int64_t columns) {
    TL_DISPATCH(transpose, size, source, source_stride, destination, destination_stride, rows, columns);
}
