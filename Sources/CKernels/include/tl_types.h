// Types shared by every kernel. The kernels know nothing of tensors: they see memory, shapes and strides.
#ifndef TL_TYPES_H
#define TL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TL_API extern "C"
#else
#define TL_API extern
#endif

/// Element types. The values are those of `DType.rawValue` in Swift.
enum {
    TL_FLOAT64 = 0,
    TL_FLOAT32 = 1,
    TL_FLOAT16 = 2,
    TL_BFLOAT16 = 3,
    TL_INT64 = 4,
    TL_INT32 = 5,
    TL_INT16 = 6,
    TL_INT8 = 7,
    TL_UINT8 = 8,
    TL_BOOL = 9,
};

/// A strided array. `data` is the address of element [0, ..., 0]; strides count elements and may be zero (broadcast)
/// or negative. A rank of 0 is one element.
typedef struct {
    void* data;
    const int64_t* shape;
    const int64_t* strides;
    int32_t rank;
    int32_t dtype;
} tl_tensor;

#endif
