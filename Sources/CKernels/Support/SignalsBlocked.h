#ifndef TL_SUPPORT_SIGNALSBLOCKED_H
#define TL_SUPPORT_SIGNALSBLOCKED_H

#include <pthread.h>
#include <signal.h>

namespace tl {

/// Blocks all signals on this thread while it exists.
///
/// For dnnl_sgemm and the primitives that compute by its kernels. These use the stack pointer for a buffer in the heap: the frame
/// of a signal handler that interrupted them would be written over other memory.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before;
};

} // namespace tl

#endif
