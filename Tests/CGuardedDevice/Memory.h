// One memory object mapped twice: at addresses that nobody can touch, which tensors hold, and at addresses that kernels
// and copies use.
#ifndef GUARDED_MEMORY_H
#define GUARDED_MEMORY_H
#include <cstddef>
#include <cstdint>

namespace guarded {

/// Maps the memory and installs the handler that explains host accesses. Returns 0 or an errno.
int32_t map_memory();

/// Blocks lie apart. The bytes of new and of released ones are 0xFF: NaN in every floating-point type.
void* allocate(size_t size);
/// Ends the process where something was written behind the block.
void deallocate(void* block, size_t size);
int64_t bytes_in_use();

/// The address at which the host may touch what tensors hold as `address`; NULL for NULL. Ends the process where the
/// address is not one of this device.
void* accessible(const void* address);

/// The kernel that this thread called last, for messages.
extern thread_local const char* last_operation;

/// Prints a message with the last operation and ends the process.
[[noreturn]] void die(const char* problem);

} // namespace guarded

#endif
