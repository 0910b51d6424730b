#ifndef TL_SUPPORT_SIGNALSBLOCKED_H
#define TL_SUPPORT_SIGNALSBLOCKED_H

#include <pthread.h>
#include <signal.h>

namespace tl {

/// Blocks all signals on this thread during the lifetime of the object.
///
/// Required for dnnl_sgemm and primitives that use its kernels. They use the stack pointer for a buffer in the heap: a
/// signal handler would write its stack frame over other memory.
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
