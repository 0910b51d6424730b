// Threads, memory and per-thread state.
#ifndef TL_SUPPORT_H
#define TL_SUPPORT_H
#include "tl_types.h"

/// The number of threads that kernels and libraries use. The initial value is the number of CPUs available to this
/// process (affinity and cgroup quota), or OMP_NUM_THREADS if that is set. Clamped between 1 and the larger of 64 and
/// four times the number of CPUs.
TL_API int32_t tl_num_threads(void);
TL_API void tl_set_num_threads(int32_t count);
/// The largest number accepted by `tl_set_num_threads`.
TL_API int32_t tl_most_threads(void);
/// Marks the calling thread permanently: kernels that it calls run on it only.
TL_API void tl_run_inline_on_this_thread(void);
/// Between these calls kernels use one thread fewer, but at least the calling one, for a computing thread of the
/// caller. The division of work, and thus every result, does not change.
TL_API void tl_reserve_thread(void);
TL_API void tl_release_thread(void);
/// Calls body(context, begin, end) on the threads of the pool for ranges that cover 0 ..< count, and returns when all
/// calls have returned.
TL_API void tl_parallel_for(int64_t count, void (*body)(void* context, int64_t begin, int64_t end), void* context);

/// The instruction set chosen at the start of the process: "avx512", "avx2" or "baseline".
TL_API const char* tl_instruction_set(void);

/// The caching allocator: 64-byte aligned blocks in size classes; freed blocks are cached for reuse. Returns NULL if
/// the system refuses, or the size exceeds the available memory (`tl_memory_limit`). `size` must be the same in both
/// calls.
TL_API void* tl_allocate(size_t size);
TL_API void tl_deallocate(void* block, size_t size);
/// Returns the cached blocks to the system.
TL_API void tl_empty_cache(void);

/// Bytes in use, bytes allocated from the system, the peak of bytes in use since the last reset, and the number of
/// allocations from the system.
typedef struct {
    int64_t allocated;
    int64_t reserved;
    int64_t peak;
    int64_t system_allocations;
} tl_memory_statistics;
TL_API tl_memory_statistics tl_memory(void);
TL_API void tl_reset_peak(void);
/// The maximum number of bytes for this process: memory and swap of the machine, or the limit of a control group if it
/// is lower.
TL_API int64_t tl_memory_limit(void);

/// How often kernels that this thread called had no memory for intermediate results. Such a kernel returns without a result:
/// whoever calls one that has no status compares the number before and after.
TL_API int64_t tl_scratch_failures(void);

/// The per-thread state of kernels, devices and the allocator.
typedef struct {
    int64_t system_allocations; // allocations from the system, because the cache had no block; never decreases
    // The first kernel that a device did not have since the last call of `tl_take_missing_kernel`, or NULL.
    const char* missing_kernel;
    int32_t missing_device;
    // Larger blocks, in bytes, are refused for this thread; 0 for no limit.
    int64_t block_limit;
} tl_kernel_state;
TL_API tl_kernel_state* tl_kernel_thread(void);

#endif
