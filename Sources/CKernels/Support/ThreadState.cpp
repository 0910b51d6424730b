#include "include/tl_support.h"

// Every operation reads this several times: initial-exec uses a fixed offset from the thread pointer, where
// position-independent code would call the dynamic linker.
__attribute__((tls_model("initial-exec"))) static thread_local tl_kernel_state state;

tl_kernel_state* tl_kernel_thread(void) { return &state; }
