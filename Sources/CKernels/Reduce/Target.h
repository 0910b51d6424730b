#ifndef TL_REDUCE_TARGET_H
#define TL_REDUCE_TARGET_H
#include "Reduce/Driver.h"

namespace tl {

/// The destination of results in an operand of the iteration over outputs.
struct Target {
    char* data;
    int64_t size;
    int operand;
    ConvertBlock store;

    void write(const Iteration& kept, const StridedIterator& iterator, int64_t first, const void* results, int64_t count) const {
        const int64_t stride = kept.rank ? kept.strides[operand][0] : 1;
        store(results, 1, data + (iterator.offset[operand] + first * stride) * size, stride, count);
    }
};

inline Target target(const tl_tensor& out, int operand, int32_t from) {
    return {static_cast<char*>(out.data), size_of_dtype(out.dtype), operand, convert_block(from, out.dtype)};
}

} // namespace tl

#endif
