// The caching allocator.
//
// Sizes are rounded up to size classes: multiples of 64 bytes to 1 KB, then four classes per power of two. There are
// three kinds of sizes:
//   small  (to 32 KB)  a stack of free blocks per class and thread, without locks; half of a full stack is moved to the
//                      shared stacks, and an empty one is filled from them. Blocks to 1 KB are cut from slabs of 64 KB:
//                      in the heap each would cost two to three times its size in alignment and headers
//   medium (to 4 MB)   a shared stack per class, with a spin lock; from 128 KB mapped from the system: in the heap,
//                      cached blocks would fragment the memory of libraries, which could not be returned to the system
//   large              mapped from the system in whole huge pages, in one list with best-fit allocation
//
// Statistics: a thread counts its allocations in a counter that only it writes, and adds it to the shared counter every
// 64 KB, so that the fast path has no atomic read-modify-write. tl_memory() adds the counters of all threads.
#include "Support/MemoryLimit.h"
#include "Support/Pages.h"
#include "include/tl_support.h"
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <pthread.h>

namespace {

constexpr size_t alignment = 64;
constexpr size_t small_limit = 32 << 10, mapped_size = 128 << 10, large_limit = 4 << 20;
constexpr size_t huge_page = 2 << 20;
constexpr int small_classes = 16 + 5 * 4;              // to 32 KB
constexpr int shared_classes = small_classes + 7 * 4;  // to 4 MB
constexpr int slab_classes = 16;                       // to 1 KB
constexpr size_t slab_bytes = 64 << 10, region_bytes = 1 << 20;
constexpr int64_t unreported_limit = 64 << 10;

/// The class of a size of at most 4 MB.
inline int class_of(size_t size) {
    if (size <= 1024) return size == 0 ? 0 : static_cast<int>((size - 1) / 64);
    const int power = 63 - __builtin_clzll(size - 1); // 2^power < size <= 2^(power + 1)
    return 16 + (power - 10) * 4 + static_cast<int>(((size - 1) >> (power - 2)) & 3);
}

constexpr size_t size_of_class(int index) {
    if (index < 16) return static_cast<size_t>(index + 1) * 64;
    const int power = 10 + (index - 16) / 4, step = (index - 16) % 4;
    return (size_t(5) + step) << (power - 2);
}

/// The first words of a free block.
struct Block {
    Block* next;
    const void* owner; // the thread that freed it, for medium blocks
};

struct SpinLock {
    std::atomic<bool> held{false};
    void lock() {
        while (held.exchange(true, std::memory_order_acquire))
            while (held.load(std::memory_order_relaxed)) {
#if defined(__x86_64__)
                __builtin_ia32_pause();
#endif
            }
    }
    void unlock() { held.store(false, std::memory_order_release); }
};

struct alignas(64) SharedStack {
    SpinLock lock;
    Block* first = nullptr;
    char *uncut = nullptr, *end = nullptr; // the rest of the slab from which blocks are cut
};
SharedStack shared[shared_classes];

std::atomic<int64_t> allocated{0}, reserved{0}, peak{0}, system_allocations{0};

void update_peak(int64_t candidate) {
    int64_t seen = peak.load(std::memory_order_relaxed);
    while (seen < candidate && !peak.compare_exchange_weak(seen, candidate, std::memory_order_relaxed)) {}
}

// ---- Per-thread state

struct ThreadCache {
    Block* first[small_classes];
    int32_t count[small_classes];
    std::atomic<int64_t> unreported; // written by its thread alone
    ThreadCache *previous, *next;    // the list of all threads that have a cache
    bool registered, ended;
};
thread_local constinit ThreadCache cache{};

// Threads may end after static destructors have run, so that objects they need are never destroyed.
SpinLock registry_lock;
ThreadCache* registry = nullptr;
pthread_key_t end_of_thread;
pthread_once_t end_of_thread_once = PTHREAD_ONCE_INIT;

/// The maximum number of free blocks of a class per thread: 64 KB of them, but between 4 and 64.
struct FreeBlockLimits {
    int32_t blocks[small_classes];
    constexpr FreeBlockLimits() : blocks() {
        for (int index = 0; index < small_classes; ++index) {
            const size_t fit = (size_t(64) << 10) / size_of_class(index);
            blocks[index] = static_cast<int32_t>(fit < 4 ? 4 : fit > 64 ? 64 : fit);
        }
    }
};
constexpr FreeBlockLimits free_block_limits;
inline int32_t free_block_limit(int index) { return free_block_limits.blocks[index]; }

[[gnu::noinline]] void report(ThreadCache& own) {
    const int64_t value = own.unreported.load(std::memory_order_relaxed);
    own.unreported.store(0, std::memory_order_relaxed);
    update_peak(allocated.fetch_add(value, std::memory_order_relaxed) + value);
}

inline void count(ThreadCache& own, int64_t bytes) {
    const int64_t value = own.unreported.load(std::memory_order_relaxed) + bytes;
    own.unreported.store(value, std::memory_order_relaxed);
    if (__builtin_expect(value >= unreported_limit || value <= -unreported_limit, 0)) report(own);
}

void count_shared(int64_t bytes) {
    const int64_t total = allocated.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (bytes > 0) update_peak(total + cache.unreported.load(std::memory_order_relaxed));
}

/// Moves blocks of a class from the thread to the shared stack until `left` remain.
void move_to_shared(ThreadCache& own, int index, int32_t left) {
    if (own.count[index] <= left) return;
    Block* const head = own.first[index];
    Block* tail = head;
    for (int32_t n = own.count[index] - left; n > 1; --n) tail = tail->next;
    own.first[index] = tail->next;
    own.count[index] = left;
    SharedStack& stack = shared[index];
    std::lock_guard hold(stack.lock);
    tail->next = stack.first;
    stack.first = head;
}

void end_thread(void*) {
    for (int index = 0; index < small_classes; ++index) move_to_shared(cache, index, 0);
    report(cache);
    cache.ended = true;
    cache.registered = false;
    std::lock_guard hold(registry_lock);
    (cache.previous ? cache.previous->next : registry) = cache.next;
    if (cache.next) cache.next->previous = cache.previous;
}

void register_fork_handler();

void register_thread(ThreadCache& own) {
    own.registered = true;
    pthread_once(&end_of_thread_once, [] {
        pthread_key_create(&end_of_thread, end_thread);
        register_fork_handler();
    });
    pthread_setspecific(end_of_thread, &own);
    std::lock_guard hold(registry_lock);
    own.next = registry;
    if (registry) registry->previous = &own;
    registry = &own;
}

// ---- The system

void count_system_allocation() {
    system_allocations.fetch_add(1, std::memory_order_relaxed);
    ++tl_kernel_thread()->system_allocations;
}

void* from_system(size_t size) {
    void* block = size < mapped_size ? std::aligned_alloc(alignment, size) : tl::map_block(size);
    if (block) {
        reserved.fetch_add(static_cast<int64_t>(size), std::memory_order_relaxed);
        count_system_allocation();
    }
    return block;
}

void to_system(void* block, size_t size) {
    if (size < mapped_size) std::free(block);
    else tl::unmap_block(block, size);
    reserved.fetch_sub(static_cast<int64_t>(size), std::memory_order_relaxed);
}

// ---- Slabs: a header of 64 bytes, then blocks of one class

struct alignas(64) Slab {
    uint32_t free; // blocks found free while the cache is emptied
};

SpinLock region_lock;
char *region = nullptr, *region_end = nullptr; // the rest of the region from which slabs are cut

char* map_region() {
#if defined(__linux__)
    // The mapping is larger, so that slabs can be aligned to their size: the slab of a block is found by its address.
    char* start = static_cast<char*>(tl::map_pages(region_bytes + slab_bytes));
    if (!start) return nullptr;
    const size_t before = (slab_bytes - reinterpret_cast<uintptr_t>(start) % slab_bytes) % slab_bytes;
    if (before) munmap(start, before);
    munmap(start + before + region_bytes, slab_bytes - before);
    return start + before;
#else
    return static_cast<char*>(std::aligned_alloc(slab_bytes, slab_bytes));
#endif
}

Slab* take_slab() {
    std::lock_guard hold(region_lock);
    if (region == region_end) {
        region = map_region();
        region_end = region;
        if (!region) return nullptr;
#if defined(__linux__)
        region_end = region + region_bytes;
#else
        region_end = region + slab_bytes;
#endif
    }
    Slab* slab = reinterpret_cast<Slab*>(region);
    region += slab_bytes;
    slab->free = 0;
    reserved.fetch_add(static_cast<int64_t>(slab_bytes), std::memory_order_relaxed);
    count_system_allocation();
    return slab;
}

void release_slab(Slab* slab) {
    reserved.fetch_sub(static_cast<int64_t>(slab_bytes), std::memory_order_relaxed);
    tl::unmap_pages(slab, slab_bytes);
}

Slab* slab_of(Block* block) {
    return reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(block) & ~uintptr_t(slab_bytes - 1));
}

uint32_t blocks_in_slab(int index) {
    return static_cast<uint32_t>((slab_bytes - sizeof(Slab)) / size_of_class(index));
}

/// A chain of new blocks, cut from the current slab of the class: at most a page, so that memory is touched only
/// shortly before its use.
Block* carve_blocks(int index) {
    const size_t size = size_of_class(index);
    SharedStack& stack = shared[index];
    std::lock_guard hold(stack.lock);
    if (stack.uncut == stack.end) {
        Slab* slab = take_slab();
        if (!slab) return nullptr;
        stack.uncut = reinterpret_cast<char*>(slab + 1);
        stack.end = stack.uncut + blocks_in_slab(index) * size;
    }
    Block* first = nullptr;
    for (size_t cut = 0; cut + size <= 4096 && stack.uncut != stack.end; cut += size) {
        Block* block = reinterpret_cast<Block*>(stack.uncut);
        block->next = first;
        first = block;
        stack.uncut += size;
    }
    return first;
}

// Two threads with blocks of the same slab would count them wrongly.
constinit std::mutex emptying;

/// Releases the slabs of a class whose blocks are all in the chain; the other blocks are pushed to the shared stack.
void empty_slabs(int index, Block* chain) {
    std::lock_guard guard_emptying(emptying);
    const uint32_t full = blocks_in_slab(index);
    Slab* current = nullptr; // still being cut, so that it is kept
    {
        std::lock_guard hold(shared[index].lock);
        if (shared[index].uncut != shared[index].end)
            current = slab_of(reinterpret_cast<Block*>(shared[index].end - size_of_class(index)));
    }
    for (Block* block = chain; block; block = block->next) ++slab_of(block)->free;
    Block *kept = nullptr, *going = nullptr;
    while (chain) {
        Block* block = chain;
        chain = block->next;
        Slab* slab = slab_of(block);
        Block*& list = slab->free == full && slab != current ? going : kept;
        block->next = list;
        list = block;
    }
    // A slab is released with its last block.
    while (going) {
        Slab* slab = slab_of(going);
        going = going->next;
        if (--slab->free == 0) release_slab(slab);
    }
    if (!kept) return;
    Block* last = kept;
    for (Block* block = kept; block; block = block->next) slab_of(last = block)->free = 0;
    std::lock_guard hold(shared[index].lock);
    last->next = shared[index].first;
    shared[index].first = kept;
}

/// A free block; NULL if there is none. Among the last blocks freed, one freed by the calling thread is preferred, because it may
/// still be in the cache of its CPU. Otherwise threads that allocate and free buffers at the same time would exchange them.
Block* take_shared(int index) {
    constexpr int candidates = 8;
    SharedStack& stack = shared[index];
    std::lock_guard hold(stack.lock);
    if (!stack.first) return nullptr;
    Block** link = &stack.first;
    for (int i = 0; i < candidates && *link && (*link)->owner != &cache; i++) link = &(*link)->next;
    if (!*link || (*link)->owner != &cache) link = &stack.first;
    Block* const block = *link;
    *link = block->next;
    return block;
}

void put_shared(int index, Block* block) {
    block->owner = &cache;
    SharedStack& stack = shared[index];
    std::lock_guard hold(stack.lock);
    block->next = stack.first;
    stack.first = block;
}

/// A new block, possibly followed by others.
Block* take_from_system(int index) {
    const auto take = [&]() -> Block* {
        if (index < slab_classes) return carve_blocks(index);
        Block* block = static_cast<Block*>(from_system(size_of_class(index)));
        if (block) *block = {};
        return block;
    };
    Block* block = take();
    if (!block) {
        tl_empty_cache();
        block = take();
    }
    return block;
}

// ---- Large blocks: a header of 64 bytes, followed by the block

struct alignas(64) Large {
    size_t mapped; // bytes, including the header
    Large *smaller, *larger;
};
std::mutex large_lock;
Large* smallest_large = nullptr; // free blocks, in ascending order

void unmap(Large* large) {
    reserved.fetch_sub(static_cast<int64_t>(large->mapped), std::memory_order_relaxed);
    tl::unmap_pages(large, large->mapped);
}

/// The size from which available memory is queried: filling the block then takes longer than the query.
constexpr size_t asked_size = 256 << 20;

/// Whether enough memory is available for a block. Linux maps it in any case, and kills the process when it is written.
bool can_be_filled(size_t size) {
    if (reserved.load(std::memory_order_relaxed) + static_cast<int64_t>(size) > tl_memory_limit()) return false;
    return size < asked_size || static_cast<int64_t>(size) <= tl::available_memory();
}

Large* map(size_t size) {
    if (!can_be_filled(size)) return nullptr;
#if defined(__linux__)
    // The mapping is larger, so that the block can be aligned to huge pages; otherwise its first and last pages would
    // be small.
    const size_t mapped = size + huge_page;
    char* start = static_cast<char*>(tl::map_pages(mapped));
    if (!start) return nullptr;
    const size_t before = (huge_page - reinterpret_cast<uintptr_t>(start) % huge_page) % huge_page;
    if (before) munmap(start, before);
    if (mapped - before > size) munmap(start + before + size, mapped - before - size);
    madvise(start + before, size, MADV_HUGEPAGE);
    Large* large = reinterpret_cast<Large*>(start + before);
#else
    Large* large = static_cast<Large*>(std::aligned_alloc(alignment, size));
    if (!large) return nullptr;
#endif
    large->mapped = size;
    reserved.fetch_add(static_cast<int64_t>(size), std::memory_order_relaxed);
    count_system_allocation();
    return large;
}

void* allocate_large(size_t size) {
    if (size > SIZE_MAX / 4) return nullptr;
    if (const int64_t limit = tl_kernel_thread()->block_limit; limit > 0 && size > static_cast<size_t>(limit)) return nullptr;
    const size_t needed = (size + sizeof(Large) + 4095) / 4096 * 4096;
    Large* large = nullptr;
    {
        // The smallest block that fits, unless a quarter of it or more would be unused.
        std::lock_guard hold(large_lock);
        for (large = smallest_large; large && large->mapped < needed;) large = large->larger;
        if (large && large->mapped - needed > needed / 3) large = nullptr;
        if (large) {
            (large->smaller ? large->smaller->larger : smallest_large) = large->larger;
            if (large->larger) large->larger->smaller = large->smaller;
        }
    }
    if (!large) large = map(needed);
    if (!large) {
        tl_empty_cache();
        large = map(needed);
    }
    if (!large) return nullptr;
    count_shared(static_cast<int64_t>(large->mapped));
    return large + 1;
}

void deallocate_large(void* block) {
    Large* large = static_cast<Large*>(block) - 1;
    count_shared(-static_cast<int64_t>(large->mapped));
    std::lock_guard hold(large_lock);
    Large *before = nullptr, *after = smallest_large;
    while (after && after->mapped < large->mapped) before = after, after = after->larger;
    large->smaller = before;
    large->larger = after;
    (before ? before->larger : smallest_large) = large;
    if (after) after->smaller = large;
}

// ---- Forks: all locks are held during a fork, so that the lists of the child are consistent

void lock_all() {
    emptying.lock();
    for (SharedStack& stack : shared) stack.lock.lock();
    region_lock.lock();
    large_lock.lock();
    registry_lock.lock();
}

void unlock_all() {
    registry_lock.unlock();
    large_lock.unlock();
    region_lock.unlock();
    for (SharedStack& stack : shared) stack.lock.unlock();
    emptying.unlock();
}

/// The child has only the thread that forked. The caches of other threads are in memory that threads of the child will
/// use; their blocks are lost, because they may have been in the middle of a change.
void reset_after_fork() {
    for (ThreadCache* each = registry; each; each = each->next)
        if (each != &cache)
            allocated.fetch_add(each->unreported.load(std::memory_order_relaxed), std::memory_order_relaxed);
    registry = cache.registered ? &cache : nullptr;
    cache.previous = cache.next = nullptr;
    unlock_all();
}

void register_fork_handler() { pthread_atfork(lock_all, unlock_all, reset_after_fork); }

// ---- Slow paths, not inlined so that the fast paths need no stack frame

[[gnu::noinline]] void* allocate_beyond_small(size_t size) {
    if (size > large_limit) return allocate_large(size);
    const int index = class_of(size);
    void* block = take_shared(index);
    if (!block) block = take_from_system(index);
    if (block) count_shared(static_cast<int64_t>(size_of_class(index)));
    return block;
}

[[gnu::noinline]] void deallocate_beyond_small(void* block, size_t size) {
    if (size > large_limit) return deallocate_large(block);
    const int index = class_of(size);
    count_shared(-static_cast<int64_t>(size_of_class(index)));
    put_shared(index, static_cast<Block*>(block));
}

/// A block of a small class for a thread without one, and half a stack in addition: a thread that only frees blocks of
/// others thus locks rarely.
[[gnu::noinline]] void* refill(ThreadCache& own, int index) {
    if (own.ended) {
        // The thread is exiting: no blocks may be kept for it.
        Block* single = take_shared(index);
        if (!single) {
            single = take_from_system(index);
            while (single && single->next) {
                Block* other = single->next;
                single->next = other->next;
                put_shared(index, other);
            }
        }
        if (single) count_shared(static_cast<int64_t>(size_of_class(index)));
        return single;
    }
    if (!own.registered) register_thread(own);
    Block* block;
    {
        SharedStack& stack = shared[index];
        std::lock_guard hold(stack.lock);
        block = stack.first;
        if (block) {
            Block* last = block;
            int32_t taken = 0;
            for (; taken < free_block_limit(index) / 2 && last->next; ++taken) last = last->next;
            stack.first = last->next;
            last->next = nullptr;
            own.first[index] = block->next;
            own.count[index] = taken;
        }
    }
    if (!block) {
        block = take_from_system(index);
        if (!block) return nullptr;
        own.first[index] = block->next;
        for (Block* other = block->next; other; other = other->next) ++own.count[index];
    }
    count(own, static_cast<int64_t>(size_of_class(index)));
    return block;
}

[[gnu::noinline]] void trim(ThreadCache& own, int index) {
    if (!own.registered && !own.ended) register_thread(own);
    move_to_shared(own, index, own.ended ? 0 : free_block_limit(index) / 2);
    if (own.ended) report(own);
}

} // namespace

void* tl_allocate(size_t size) {
    if (__builtin_expect(size > small_limit, 0)) return allocate_beyond_small(size);
    const int index = class_of(size);
    ThreadCache& own = cache;
    Block* block = own.first[index];
    if (__builtin_expect(block == nullptr, 0)) return refill(own, index);
    own.first[index] = block->next;
    --own.count[index];
    count(own, static_cast<int64_t>(size_of_class(index)));
    return block;
}

void tl_deallocate(void* pointer, size_t size) {
    if (!pointer) return;
    if (__builtin_expect(size > small_limit, 0)) return deallocate_beyond_small(pointer, size);
    const int index = class_of(size);
    Block* block = static_cast<Block*>(pointer);
    ThreadCache& own = cache;
    block->next = own.first[index];
    own.first[index] = block;
    count(own, -static_cast<int64_t>(size_of_class(index)));
    if (__builtin_expect((++own.count[index] > free_block_limit(index)) | !own.registered, 0)) trim(own, index);
}

void tl_empty_cache(void) {
    // Other threads keep their small blocks, at most 64 KB or four blocks per class.
    for (int index = 0; index < small_classes; ++index) move_to_shared(cache, index, 0);
    for (int index = 0; index < shared_classes; ++index) {
        Block* block;
        {
            std::lock_guard hold(shared[index].lock);
            block = shared[index].first;
            shared[index].first = nullptr;
        }
        if (index < slab_classes) {
            empty_slabs(index, block);
            continue;
        }
        while (block) {
            Block* next = block->next;
            to_system(block, size_of_class(index));
            block = next;
        }
    }
    Large* large;
    {
        std::lock_guard hold(large_lock);
        large = smallest_large;
        smallest_large = nullptr;
    }
    while (large) {
        Large* next = large->larger;
        unmap(large);
        large = next;
    }
}

tl_memory_statistics tl_memory(void) {
    int64_t bytes = allocated.load(std::memory_order_relaxed);
    {
        std::lock_guard hold(registry_lock);
        for (ThreadCache* each = registry; each; each = each->next)
            bytes += each->unreported.load(std::memory_order_relaxed);
    }
    update_peak(bytes);
    return {bytes, reserved.load(std::memory_order_relaxed), peak.load(std::memory_order_relaxed),
            system_allocations.load(std::memory_order_relaxed)};
}

void tl_reset_peak(void) {
    peak.store(0, std::memory_order_relaxed);
    tl_memory();
}
