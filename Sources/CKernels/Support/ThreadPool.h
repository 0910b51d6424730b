// The threads under all kernels. A region of work is cut into pieces, and the calling thread and the workers take pieces
// as they come, so that nobody waits for a thread that the system does not run: its pieces go to the others, and only
// the one that it is in the middle of is waited for. Which thread takes which piece is left to chance; results must not
// depend on it. Docs/Decisions/0012-a-thread-pool-of-our-own.md has the reasons.
#ifndef TL_THREAD_POOL_H
#define TL_THREAD_POOL_H
#include <cstdint>
#include <type_traits>

namespace tl {

/// More threads are not used, whatever is asked for.
inline constexpr int most_threads = 1024;
inline constexpr int64_t most_pieces = 65535;

/// Calls body(context, piece) once for each piece in 0 ..< pieces, on the calling thread and up to `threads` - 1 workers, less
/// those that are reserved, and returns when all calls have returned. At most `most_pieces`. On the calling thread alone
/// where `runs_inline`, where the system has no threads to give, or where more than 64 threads are inside of this function.
void run_pieces(int64_t pieces, int threads, void (*body)(void* context, int64_t piece), void* context);

template <class Body>
inline void run_pieces(int64_t pieces, int threads, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_pieces(
        pieces, threads, [](void* context, int64_t piece) { (*static_cast<Plain*>(context))(piece); },
        const_cast<std::remove_const_t<Plain>*>(&body));
}

/// Whether regions started on this thread run on it alone: inside of a piece, and on threads marked so.
bool runs_inline();

/// Whether this thread is inside of a piece. Work whose result depends on its cut is cut for one thread there, and for
/// `tl_num_threads` elsewhere, threads marked as below included: so a result does not depend on the thread.
bool is_inside_piece();

/// Calls the body on this thread as if it were a piece.
void run_as_piece(void (*body)(void* context), void* context);

template <class Body>
inline void run_as_piece(Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_as_piece([](void* context) { (*static_cast<Plain*>(context))(); },
                 const_cast<std::remove_const_t<Plain>*>(&body));
}

/// Marks the calling thread for the rest of its life: its regions run on it alone.
void keep_on_this_thread();

/// Between these calls regions have one thread fewer, but at least the calling one: a thread outside of the pool computes.
void reserve_thread();
void release_thread();

/// From the first call on, the child of a fork starts with an empty pool and `is_forked`: it has only the thread that
/// forked, and pools of libraries do not know that theirs are gone.
void watch_forks();
bool is_forked();

/// Workers started so far, and whether the system refused one. For tests and diagnostics.
int workers_started();
bool thread_creation_failed();

} // namespace tl

#endif
