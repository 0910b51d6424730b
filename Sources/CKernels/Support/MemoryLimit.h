// How much memory this process can have; see MemoryLimit.cpp.
#ifndef TL_MEMORY_LIMIT_H
#define TL_MEMORY_LIMIT_H
#include "include/tl_support.h"

namespace tl {

/// Bytes that could be filled now without an end of the process: free memory, memory that the kernel can take back, and
/// swap. Reads files of the kernel, some 50 microseconds.
int64_t available_memory();

} // namespace tl

#endif
