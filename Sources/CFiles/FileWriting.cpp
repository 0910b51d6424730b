// Writing to a device: without the page cache, or with write-back that starts before the end of the file.

#include "tl_files.h"

#include <errno.h>
#include <fcntl.h>

int32_t tl_write_directly(int32_t file, int32_t directly) {
#ifdef O_DIRECT
    int flags = fcntl(file, F_GETFL);
    if (flags < 0) return errno;
    return fcntl(file, F_SETFL, directly ? flags | O_DIRECT : flags & ~O_DIRECT) == 0 ? 0 : errno;
#else
    (void)file;
    return directly ? ENOTSUP : 0;
#endif
}

void tl_start_write_back(int32_t file, int64_t offset, int64_t count) {
#ifdef SYNC_FILE_RANGE_WRITE
    // Advice only: a file system without it is flushed by the final fsync, later but as safely.
    (void)sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
#else
    (void)file, (void)offset, (void)count;
#endif
}
