// Work shared over GNU OpenMP's pool, which is also oneDNN's: two pools would fight for the same processors.
// The entry point of libgomp is declared by hand because clang here has no OpenMP runtime of its own.
#ifndef TL_PARALLEL_H
#define TL_PARALLEL_H
#include "include/tl_support.h"
#include <algorithm>

extern "C" {
void GOMP_parallel(void (*function)(void*), void* data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_in_parallel(void);
void omp_set_num_threads(int count);
}

namespace tl {

/// Tells OpenMP the thread count on the calling thread, where it does not know it yet. To be called before a library
/// that asks OpenMP itself (oneDNN): OpenMP keeps the figure per thread.
void follow_thread_count();

/// Calls body(begin, end) over 0 ..< count in one contiguous range a thread, on this thread alone where there is less
/// than two grains of work. How the range is cut depends on the number of threads, so a body whose result depends
/// on the cut (a floating-point sum) must cut its work by shape first and run over those pieces.
template <class Body>
inline void parallel_for(int64_t count, int64_t grain, Body&& body) {
    if (count <= 0) return;
    const int64_t pieces = grain > 1 ? (count + grain - 1) / grain : count;
    const int64_t threads = std::min<int64_t>(tl_num_threads(), pieces);
    if (threads <= 1 || omp_in_parallel()) {
        body(int64_t(0), count);
        return;
    }
    struct Job {
        Body* body;
        int64_t count;
    } job{&body, count};
    GOMP_parallel(
        [](void* data) {
            const Job& job = *static_cast<Job*>(data);
            const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
            const int64_t begin = job.count * thread / threads, end = job.count * (thread + 1) / threads;
            if (begin < end) (*job.body)(begin, end);
        },
        &job, static_cast<unsigned>(threads), 0);
}

} // namespace tl

#endif
