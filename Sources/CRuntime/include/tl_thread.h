// The state of the calling thread that tensor operations read. Swift has no thread-local variables that are read without a
// call of the system.
#ifndef TL_THREAD_H
#define TL_THREAD_H

#include <stdint.h>

/// All in one structure: one thread-local access for an operation instead of several.
typedef struct {
    int32_t grad_disabled;   // depth of noGrad { }
    int32_t checked;         // depth of checked { }
    int32_t anomaly;         // 0 without anomaly detection, 2 where it includes infinities, 1 otherwise
    int32_t draining;        // 1 while the autograd graph is being freed on this thread
    int32_t recording;       // 1 while calls of primitives are reported to a recorder
    int32_t autocast;        // the dtype of autocast { }, or 0 outside (float64, which it never is)
    void* _Nullable context; // a ThreadContext, which it retains; NULL before it is needed
    // What the operations of this thread have cost since it began; only ever counted up.
    int64_t kernels;         // results computed
    int64_t storages;        // blocks of memory taken for tensors
    int64_t storage_bytes;   // bytes in them
} tl_thread_state;

extern __thread tl_thread_state tl_thread_local_state __attribute__((tls_model("initial-exec")));

/// The state of the calling thread. Callers inline it.
static inline tl_thread_state* _Nonnull tl_thread(void) { return &tl_thread_local_state; }

#endif
