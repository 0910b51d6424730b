// Writing to a device while the rest of a file is still being copied into the page cache.

#include "tl_support.h"

#include <fcntl.h>

void tl_start_write_back(int32_t file, int64_t offset, int64_t count) {
#ifdef SYNC_FILE_RANGE_WRITE
    // Advice only: a file system without it is flushed by the final fsync, later but as safely.
    (void)sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
#else
    (void)file, (void)offset, (void)count;
#endif
}
