#ifndef TL_DLPACK_H
#define TL_DLPACK_H

// The memory layout of DLPack, with which libraries of one process share tensors without copying
// (<https://dmlc.github.io/dlpack/latest/c_api.html>). Written from the published ABI: the structures of version 0.8
// (tl_dl_managed_tensor) and of the versions 1.x (tl_dl_managed_tensor_versioned), under names of our own, so that a
// program may include the original header too.

#include <stdint.h>

// Kinds of device that matter here.
enum { TL_DL_CPU = 1, TL_DL_CUDA = 2, TL_DL_CUDA_HOST = 3 };

// Kinds of element.
enum { TL_DL_INT = 0, TL_DL_UINT = 1, TL_DL_FLOAT = 2, TL_DL_OPAQUE = 3, TL_DL_BFLOAT = 4, TL_DL_COMPLEX = 5, TL_DL_BOOL = 6 };

// Flags of version 1.
enum { TL_DL_FLAG_READ_ONLY = 1, TL_DL_FLAG_IS_COPIED = 2 };

typedef struct {
    int32_t device_type;
    int32_t device_id;
} tl_dl_device;

typedef struct {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
} tl_dl_data_type;

typedef struct {
    void *data;
    tl_dl_device device;
    int32_t ndim;
    tl_dl_data_type dtype;
    int64_t *shape;
    // In elements; null for a dense row-major tensor, which version 1.2 no longer allows.
    int64_t *strides;
    // From `data` to the first element.
    uint64_t byte_offset;
} tl_dl_tensor;

// Up to version 0.8.
typedef struct tl_dl_managed_tensor {
    tl_dl_tensor tensor;
    void *manager_context;
    // Called once by whoever received the structure, when it is no longer needed.
    void (*deleter)(struct tl_dl_managed_tensor *);
} tl_dl_managed_tensor;

typedef struct {
    uint32_t major;
    uint32_t minor;
} tl_dl_version;

// From version 1.0.
typedef struct tl_dl_managed_tensor_versioned {
    tl_dl_version version;
    void *manager_context;
    void (*deleter)(struct tl_dl_managed_tensor_versioned *);
    uint64_t flags;
    tl_dl_tensor tensor;
} tl_dl_managed_tensor_versioned;

#endif
