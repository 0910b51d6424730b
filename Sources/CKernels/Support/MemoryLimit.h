// The memory available to this process; see MemoryLimit.cpp.
#ifndef TL_MEMORY_LIMIT_H
#define TL_MEMORY_LIMIT_H
#include "include/tl_support.h"

namespace tl {

/// The number of bytes that can be written now without the process being killed: free memory, reclaimable memory and
/// swap. Reads files of the kernel, which takes about 50 microseconds.
int64_t available_memory();

} // namespace tl

#endif
