// A device for tests: its memory lies in this process but cannot be touched outside its kernels and copies, so that a
// host access to device memory ends the process with the name of the operation. Its kernels are those of the CPU.
#ifndef GUARDED_DEVICE_H
#define GUARDED_DEVICE_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Registers the device as TL_DEVICE_EXTERNAL, named "guarded", with all kernels. Further calls do nothing. Returns 0,
/// the code of `tl_register_device`, or an errno where the system gives no memory.
int32_t tl_guarded_register(void);

/// Bytes in blocks that were allocated and not released.
int64_t tl_guarded_bytes_in_use(void);

/// Calls every function of TL_EACH_KERNEL on operands of a device without kernels. Returns the name of the first one
/// that does not note itself as missing (its forwarding line is absent, or names another kernel) or that does not return
/// TL_NO_KERNEL; NULL where all do.
const char* tl_guarded_first_unforwarded(void);

/// The number of kernels in TL_EACH_KERNEL, and the name of one of them, without "tl_".
int32_t tl_guarded_kernel_count(void);
const char* tl_guarded_kernel_name(int32_t index);

#ifdef __cplusplus
}
#endif

#endif
