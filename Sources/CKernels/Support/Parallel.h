// Parallel loops on the thread pool, and limits of the threads of libraries.
#ifndef TL_PARALLEL_H
#define TL_PARALLEL_H
#include "Support/ThreadPool.h"
#include "include/tl_support.h"
#include <algorithm>

namespace tl {

/// Limits the number of threads that libraries use for calls of this thread during the lifetime of the object: oneDNN
/// and OpenBLAS use OpenMP, which has a limit per thread. The limit is 1 except in `each_matrix`: their threads would
/// be a second pool, whose threads wait for each other even if the system does not run them.
class LibraryThreads {
  public:
    explicit LibraryThreads(int count = 1);
    ~LibraryThreads();
    LibraryThreads(const LibraryThreads&) = delete;
    LibraryThreads& operator=(const LibraryThreads&) = delete;

  private:
    int before;
};

/// The number of ranges into which `count` steps are divided, with at least `grain` steps per range: up to `per_thread`
/// per thread, so that other threads take over from a thread that is late or interrupted.
inline int64_t ranges_of(int64_t count, int64_t grain, int64_t per_thread) {
    const int64_t grains = grain > 1 ? (count + grain - 1) / grain : count, threads = tl_num_threads();
    return grains <= threads ? grains : std::min({grains / threads, per_thread, max_pieces / threads}) * threads;
}

/// Calls body(begin, end) for contiguous ranges that cover 0 ..< count, on the threads of the pool; once, on this
/// thread, for less than two grains of work. The division depends on the number of threads, so that a body whose result
/// depends on it (a floating-point sum) must divide its work by shape and iterate over these pieces. A body with
/// expensive preparation should request few ranges per thread.
template <class Body>
inline void parallel_for(int64_t count, int64_t grain, Body&& body, int64_t per_thread = 4) {
    if (count <= 0) return;
    const int64_t ranges = ranges_of(count, grain, per_thread);
    if (ranges <= 1 || is_inside_piece()) {
        body(int64_t(0), count);
        return;
    }
    if (runs_inline()) {
        run_as_piece([&] { body(int64_t(0), count); });
        return;
    }
    run_pieces(ranges, tl_num_threads(), [&](int64_t range) {
        // Avoids overflow for counts near the maximum.
        const int64_t length = count / ranges, longer = count % ranges;
        const int64_t begin = range * length + std::min(range, longer);
        body(begin, begin + length + (range < longer));
    });
}

} // namespace tl

#endif
