#include "heap_count.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)

// A program's own malloc takes the place of the C library's in every library that it loads. These hand on to the same heap,
// so that the library's free() takes back what they gave.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

// No constructor and a fixed offset from the thread pointer: reading it takes no memory.
static __attribute__((tls_model("initial-exec"))) _Thread_local int64_t count;

int64_t heap_count(void) { return count; }

void *malloc(size_t size) {
    ++count;
    return __libc_malloc(size);
}

void *calloc(size_t elements, size_t size) {
    ++count;
    return __libc_calloc(elements, size);
}

void *realloc(void *block, size_t size) {
    ++count;
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    ++count;
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *taken = memalign(alignment, size);
    if (!taken) return ENOMEM;
    *block = taken;
    return 0;
}

#else

int64_t heap_count(void) { return -1; }

#endif
