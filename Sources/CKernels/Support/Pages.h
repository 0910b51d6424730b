// Whole pages mapped from the system, outside the heap.
#ifndef TL_PAGES_H
#define TL_PAGES_H
#include <cstddef>
#include <cstdlib>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace tl {

/// Maps whole pages; returns NULL if the system refuses.
inline void* map_pages(size_t size) {
#if defined(__linux__)
    void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? nullptr : pages;
#else
    return std::aligned_alloc(64, size);
#endif
}

inline void unmap_pages(void* pages, size_t size) {
#if defined(__linux__)
    munmap(pages, size);
#else
    std::free(pages);
#endif
}

} // namespace tl

#endif
