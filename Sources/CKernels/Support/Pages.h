// Whole pages mapped from the system, outside the heap.
#ifndef TL_PAGES_H
#define TL_PAGES_H
#include <atomic>
#include <cstddef>
#include <cstdint>
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

/// A block of memory in whole pages that begins at an offset in the first of them, different for each block; NULL if the system
/// refuses. CPUs delay a load after a store whose address has the same low 12 bits. If all arrays began at a page boundary, loops
/// over several arrays, such as optimiser steps, would cause such delays constantly. Blocks of more than 4 MB are not read from
/// the caches, and gained nothing from an offset.
inline void* map_block(size_t size) {
#if defined(__linux__)
    static std::atomic<uint32_t> blocks{0};
    constexpr uint32_t lines = 4096 / 64, step = 13; // coprime, so that all cache lines of a page are used
    char* const pages = static_cast<char*>(map_pages(size + 4096));
    return pages ? pages + blocks.fetch_add(1, std::memory_order_relaxed) * step % lines * 64 : nullptr;
#else
    return map_pages(size);
#endif
}

inline void unmap_block(void* block, size_t size) {
#if defined(__linux__)
    unmap_pages(reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(block) & ~uintptr_t(4095)), size + 4096);
#else
    unmap_pages(block, size);
#endif
}

} // namespace tl

#endif
