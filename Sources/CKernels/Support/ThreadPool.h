// The thread pool of all kernels. A region of work is divided into pieces; the calling thread and the workers claim
// pieces dynamically, so that a thread that the system does not run delays only the piece that it executes. The
// assignment of pieces to threads is not deterministic; results must not depend on it.
// Docs/Decisions/0012-a-thread-pool-of-our-own.md has the reasons.
#ifndef TL_THREAD_POOL_H
#define TL_THREAD_POOL_H
#include <cstdint>
#include <type_traits>

namespace tl {

/// The maximum number of threads.
inline constexpr int max_threads = 1024;
inline constexpr int64_t max_pieces = 65535;

/// Calls body(context, piece) once for each piece in 0 ..< pieces, on the calling thread and up to `threads` - 1
/// workers, less reserved threads, and returns when all calls have returned. At most `max_pieces`. Runs on the calling
/// thread only if `runs_inline`, if the system cannot start threads, or if more than 64 threads are inside this
/// function.
void run_pieces(int64_t pieces, int threads, void (*body)(void* context, int64_t piece), void* context);

template <class Body>
inline void run_pieces(int64_t pieces, int threads, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_pieces(
        pieces, threads, [](void* context, int64_t piece) { (*static_cast<Plain*>(context))(piece); },
        const_cast<std::remove_const_t<Plain>*>(&body));
}

/// Counts a failure, such as memory that is not there, for the thread that called `run_pieces`: the pieces, which may run on other
/// threads, have no results that could tell it.
void note_failure();
/// The number of failures on this thread and in pieces that other threads ran for it.
int64_t failures_noted();

/// Whether regions of this thread run on it only: inside a piece, and on threads marked by `run_inline_on_this_thread`.
bool runs_inline();

/// Whether this thread is inside a piece. Work whose result depends on its division is divided for one thread inside a
/// piece, and for `tl_num_threads` otherwise, also on threads marked by `run_inline_on_this_thread`: results thus do
/// not depend on the thread.
bool is_inside_piece();

/// Calls the body on this thread as a piece.
void run_as_piece(void (*body)(void* context), void* context);

template <class Body>
inline void run_as_piece(Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_as_piece([](void* context) { (*static_cast<Plain*>(context))(); },
                 const_cast<std::remove_const_t<Plain>*>(&body));
}

/// Marks the calling thread permanently: its regions run on it only.
void run_inline_on_this_thread();

/// Between these calls regions use one thread fewer, but at least the calling one: for a computing thread outside the
/// pool.
void reserve_thread();
void release_thread();

/// After the first call, the child of a fork starts with an empty pool and `is_forked`: it has only the thread that
/// forked, and pools of libraries do not detect that their threads do not exist.
void register_fork_handler();
bool is_forked();

/// The number of workers started so far, and whether the system refused one. For tests and diagnostics.
int workers_started();
bool thread_creation_failed();

} // namespace tl

#endif
