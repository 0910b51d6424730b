// Threads, memory and the per-thread state of the kernels.
#ifndef TL_SUPPORT_H
#define TL_SUPPORT_H
#include "tl_types.h"

/// The number of threads that kernels use, libraries included. Starts as the number of processors this process may use
/// (affinity and cgroup quota), or OMP_NUM_THREADS where that is set. Between 1 and the larger of 64 and four times the
/// processors; what lies beyond becomes the nearest.
TL_API int32_t tl_num_threads(void);
TL_API void tl_set_num_threads(int32_t count);
/// The largest number that `tl_set_num_threads` takes.
TL_API int32_t tl_most_threads(void);
/// Marks the calling thread for the rest of its life: kernels that it calls run on it alone.
TL_API void tl_keep_on_this_thread(void);
/// Between these calls kernels use one thread fewer, but at least the calling one: a thread of the caller's own computes.
/// How work is cut, hence every result, stays the same.
TL_API void tl_reserve_thread(void);
TL_API void tl_release_thread(void);
/// Calls body(context, begin, end) on these threads for ranges that together are 0 ..< count, and returns when all have
/// returned.
TL_API void tl_parallel_for(int64_t count, void (*body)(void* context, int64_t begin, int64_t end), void* context);

/// The instruction set that the kernels chose at start: "avx512", "avx2" or "baseline".
TL_API const char* tl_instruction_set(void);

/// The caching allocator: 64-byte aligned blocks in size classes; freed blocks are kept for reuse. Returns NULL when
/// the system refuses or has not so much (`tl_memory_limit`). `size` must be the same in both calls.
TL_API void* tl_allocate(size_t size);
TL_API void tl_deallocate(void* block, size_t size);
/// Gives the kept blocks back to the system.
TL_API void tl_empty_cache(void);

/// Bytes in use, bytes held from the system, the highest figure of bytes in use since the last reset, and how many
/// times the system was asked for memory.
typedef struct {
    int64_t allocated;
    int64_t reserved;
    int64_t peak;
    int64_t system_allocations;
} tl_memory_statistics;
TL_API tl_memory_statistics tl_memory(void);
TL_API void tl_reset_peak(void);
/// The most bytes that this process can ever hold: memory and swap of the machine, or less where a control group says so.
TL_API int64_t tl_memory_limit(void);

/// What kernels, devices and the allocator keep for the calling thread.
typedef struct {
    int64_t system_allocations; // times that the pool had nothing fitting and asked the system; only ever counted up
    // The first kernel that a device did not have since `tl_take_missing_kernel` was called last, or NULL.
    const char* missing_kernel;
    int32_t missing_device;
    // Blocks above this many bytes are refused to this thread; 0 for no such limit.
    int64_t block_limit;
} tl_kernel_state;
TL_API tl_kernel_state* tl_kernel_thread(void);

#endif
