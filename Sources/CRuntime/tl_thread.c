#include "tl_thread.h"

__thread tl_thread_state tl_thread_local_state;
