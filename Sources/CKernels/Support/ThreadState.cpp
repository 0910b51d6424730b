#include "include/tl_support.h"

tl_thread_state* tl_state(void) {
    static thread_local tl_thread_state state;
    return &state;
}
