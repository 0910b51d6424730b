// Types of all kernels. The kernels do not depend on `Tensor`: they use memory, shapes and strides.
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
    /// Pairs of float32 and of float64: the real part, followed by the imaginary part.
    TL_COMPLEX64 = 10,
    TL_COMPLEX128 = 11,
};

/// Kinds of device. The values are those of `Device.Kind.rawValue` in Swift.
enum {
    TL_DEVICE_CPU = 0,
    TL_DEVICE_CUDA = 1,
    /// Shapes without memory. Kernels are never called with it.
    TL_DEVICE_META = 2,
    /// A device whose kernels and memory are registered by another library.
    TL_DEVICE_EXTERNAL = 3,
    TL_DEVICE_COUNT
};

/// The result of a kernel that returns an int32_t or int64_t if the device of its operands does not have the kernel.
/// Kernels do not return it otherwise.
enum { TL_NO_KERNEL = -2 };

/// The maximum number of dimensions of a tensor.
enum { TL_MAX_RANK = 64 };

/// A strided array. `data` is the address of element [0, ..., 0]; strides are in elements and may be zero (broadcast)
/// or negative. A rank of 0 is one element; TL_MAX_RANK is the highest. `data` is in the memory of `device`; shape and
/// strides are always in host memory. All operands of a call are on one device, except that a scalar (all strides 0)
/// may be on the CPU: the kernels of other devices read it at the launch.
typedef struct {
    void* data;
    const int64_t* shape;
    const int64_t* strides;
    int32_t rank;
    int32_t dtype;
    int32_t device;
} tl_tensor;

#endif
