// Devices: their kernels and their memory.
#ifndef TL_DEVICE_H
#define TL_DEVICE_H
#include "tl_types.h"

struct tl_kernel_table;

/// The interface of a device. All that it points to must stay valid and unchanged until the process ends. The functions
/// may be called from any thread; those that return an int32_t return 0, or an error code of the device.
typedef struct {
    const char* name;
    const struct tl_kernel_table* kernels;
    /// Allocates memory of the device, aligned to 64 bytes; returns NULL on failure. The host may not be able to access
    /// it.
    void* (*allocate)(size_t size);
    /// `size` is the size passed to `allocate`.
    void (*deallocate)(void* block, size_t size);
    /// Copies between host and device memory. The copies are complete when the functions return.
    int32_t (*copy_from_host)(void* to, const void* from, size_t size);
    int32_t (*copy_to_host)(void* to, const void* from, size_t size);
    /// A copy within the memory of the device; the two ranges do not overlap.
    int32_t (*copy_within)(void* to, const void* from, size_t size);
} tl_device_interface;

enum {
    TL_DEVICE_OK = 0,
    /// The code does not belong to a device that a library may register.
    TL_DEVICE_UNKNOWN = -1,
    TL_DEVICE_REGISTERED_BEFORE = -2,
    /// A pointer of the interface is NULL.
    TL_DEVICE_INCOMPLETE = -3,
};

/// Registers a device. The interface is copied. Other threads may compute during the call.
TL_API int32_t tl_register_device(int32_t device, const tl_device_interface* interface);
/// True for the CPU and for devices that were registered.
TL_API bool tl_device_is_registered(int32_t device);
/// "cpu", or the name with which a device was registered; NULL if it is not registered.
TL_API const char* tl_device_name(int32_t device);

/// Memory of a device. For a device that is not registered: NULL, or TL_DEVICE_UNKNOWN.
TL_API void* tl_device_allocate(int32_t device, size_t size);
TL_API void tl_device_deallocate(int32_t device, void* block, size_t size);
TL_API int32_t tl_device_copy_from_host(int32_t device, void* to, const void* from, size_t size);
TL_API int32_t tl_device_copy_to_host(int32_t device, void* to, const void* from, size_t size);
TL_API int32_t tl_device_copy_within(int32_t device, void* to, const void* from, size_t size);

/// Returns the name, without "tl_", of the first kernel that this thread called since the last call of this function
/// and that is missing on the device of its operands, or NULL; `device` receives that device and may be NULL. A missing
/// kernel writes nothing.
TL_API const char* tl_take_missing_kernel(int32_t* device);
/// For kernels of devices that do not support a call, for example its dtype: reports the kernel as missing on the
/// device. `kernel` must stay valid until the process ends.
TL_API void tl_note_missing_kernel(int32_t device, const char* kernel);

#endif
