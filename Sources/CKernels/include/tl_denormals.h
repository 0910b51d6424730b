// Denormal numbers: those below the smallest normal number, with which some CPUs compute slowly.
#ifndef TL_DENORMALS_H
#define TL_DENORMALS_H
#include "tl_types.h"

/// Sets whether the calling thread and the workers of the thread pool treat denormal numbers as 0. Returns false,
/// without a change, if the CPU has no such mode. Other threads keep the mode with which they were started.
TL_API bool tl_set_flush_denormal(bool flush);

#endif
