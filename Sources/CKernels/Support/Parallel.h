// Loops over the pool of threads, and keeping libraries from having one of their own.
#ifndef TL_PARALLEL_H
#define TL_PARALLEL_H
#include "Support/ThreadPool.h"
#include "include/tl_support.h"
#include <algorithm>

namespace tl {

/// How many threads libraries may use for what the calling thread asks of them while this lives: oneDNN and OpenBLAS ask
/// OpenMP, which keeps a figure per thread. One, everywhere but in `each_matrix`: their threads would be a second
/// pool, whose members wait for one another whether the system runs them or not.
class LibraryThreads {
  public:
    explicit LibraryThreads(int count = 1);
    ~LibraryThreads();
    LibraryThreads(const LibraryThreads&) = delete;
    LibraryThreads& operator=(const LibraryThreads&) = delete;

  private:
    int before;
};

/// How many ranges `count` steps are cut into, where fewer than `grain` steps are not worth a range. As many for each
/// thread, up to `per_thread`, so that a thread that comes late or is interrupted leaves the rest to others.
inline int64_t ranges_of(int64_t count, int64_t grain, int64_t per_thread) {
    const int64_t grains = grain > 1 ? (count + grain - 1) / grain : count, threads = tl_num_threads();
    return grains <= threads ? grains : std::min({grains / threads, per_thread, most_pieces / threads}) * threads;
}

/// Calls body(begin, end) for contiguous ranges that together are 0 ..< count, on the threads of the pool; once, on this
/// thread, where there is less than two grains of work. How the range is cut depends on the number of threads, so a
/// body whose result depends on the cut (a floating-point sum) must cut its work by shape first and run over those
/// pieces. A body that prepares much for each call asks for few ranges per thread.
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
        // Without overflow for counts near the largest.
        const int64_t length = count / ranges, longer = count % ranges;
        const int64_t begin = range * length + std::min(range, longer);
        body(begin, begin + length + (range < longer));
    });
}

} // namespace tl

#endif
