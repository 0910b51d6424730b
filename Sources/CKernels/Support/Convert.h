// Conversion of blocks of elements between dtypes, with contiguous or strided source and destination.
#ifndef TL_CONVERT_H
#define TL_CONVERT_H
#include "include/tl_types.h"

namespace tl {

/// Converts `count` elements; strides are in elements of their side and may be zero (source) or negative.
using ConvertBlock = void (*)(const void* source, int64_t source_stride, void* destination,
                              int64_t destination_stride, int64_t count);

/// The function that converts `from` to `to`. It exists for pairs with float32, float64, int64, bool or complex, and
/// for equal dtypes; for others it is NULL, and the conversion goes through compute_dtype(from).
ConvertBlock convert_block(int32_t from, int32_t to);

inline int64_t size_of_dtype(int32_t dtype) {
    switch (dtype) {
    case TL_COMPLEX128: return 16;
    case TL_COMPLEX64:
    case TL_FLOAT64:
    case TL_INT64: return 8;
    case TL_FLOAT32:
    case TL_INT32: return 4;
    case TL_FLOAT16:
    case TL_BFLOAT16:
    case TL_INT16: return 2;
    default: return 1;
    }
}

/// The compute dtype of `dtype`: float32 for half types, int64 for integers and bool, a complex dtype itself.
inline int32_t compute_dtype(int32_t dtype) {
    switch (dtype) {
    case TL_FLOAT64: return TL_FLOAT64;
    case TL_COMPLEX64:
    case TL_COMPLEX128: return dtype;
    case TL_FLOAT32:
    case TL_FLOAT16:
    case TL_BFLOAT16: return TL_FLOAT32;
    default: return TL_INT64;
    }
}

inline bool is_complex(int32_t dtype) { return dtype == TL_COMPLEX64 || dtype == TL_COMPLEX128; }

/// The dtype of the parts of a complex dtype.
inline int32_t part_dtype(int32_t dtype) { return dtype == TL_COMPLEX128 ? TL_FLOAT64 : TL_FLOAT32; }

/// Copies a block transposed: destination[r * destination_stride + c] = source[c * source_stride + r] for r < rows,
/// c < columns; strides count elements of `size` bytes.
void transpose_block(int64_t size, const void* source, int64_t source_stride, void* destination,
                     int64_t destination_stride, int64_t rows, int64_t columns);

} // namespace tl
#endif
