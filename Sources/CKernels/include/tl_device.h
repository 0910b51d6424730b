// Devices: their kernels and their memory.
#ifndef TL_DEVICE_H
#define TL_DEVICE_H
#include "tl_types.h"

struct tl_kernel_table;

/// What a device brings. Everything that it points to must stay as it is for the life of the process. The functions may
/// be called from any thread; those that return an int32_t return 0, or a code of the device where they failed.
typedef struct {
    const char* name;
    const struct tl_kernel_table* kernels;
    /// Memory of the device, aligned to 64 bytes; NULL where there is none left. The host may not be able to touch it.
    void* (*allocate)(size_t size);
    /// `size` is that of `allocate`.
    void (*deallocate)(void* block, size_t size);
    /// Copies between memory of the host and of the device, complete when they return.
    int32_t (*copy_from_host)(void* to, const void* from, size_t size);
    int32_t (*copy_to_host)(void* to, const void* from, size_t size);
    /// A copy from memory of the device to memory of the device; the two ranges do not overlap.
    int32_t (*copy_within)(void* to, const void* from, size_t size);
} tl_device_interface;

enum {
    TL_DEVICE_OK = 0,
    /// The code is not that of a device which a library may register.
    TL_DEVICE_UNKNOWN = -1,
    TL_DEVICE_REGISTERED_BEFORE = -2,
    /// A pointer of the interface is NULL.
    TL_DEVICE_INCOMPLETE = -3,
};

/// Makes a device known. The interface itself is copied. Any number of threads may compute meanwhile.
TL_API int32_t tl_register_device(int32_t device, const tl_device_interface* interface);
/// True for the CPU and for devices that were registered.
TL_API bool tl_device_is_registered(int32_t device);
/// "cpu", or the name that a device was registered with; NULL where it was not.
TL_API const char* tl_device_name(int32_t device);

/// Memory of a device. Of a device that is not registered there is none: NULL, or TL_DEVICE_UNKNOWN.
TL_API void* tl_device_allocate(int32_t device, size_t size);
TL_API void tl_device_deallocate(int32_t device, void* block, size_t size);
TL_API int32_t tl_device_copy_from_host(int32_t device, void* to, const void* from, size_t size);
TL_API int32_t tl_device_copy_to_host(int32_t device, void* to, const void* from, size_t size);
TL_API int32_t tl_device_copy_within(int32_t device, void* to, const void* from, size_t size);

/// The name, without "tl_", of the first kernel that this thread called since the last call of this function and that
/// the device of its operands does not have, or NULL; `device` gets that device and may be NULL. A kernel that is
/// missing writes nothing.
TL_API const char* tl_take_missing_kernel(int32_t* device);
/// For kernels of devices that cannot compute what is asked, a dtype for example: notes it as if the device had no such
/// kernel. `kernel` must live as long as the process.
TL_API void tl_note_missing_kernel(int32_t device, const char* kernel);

#endif
