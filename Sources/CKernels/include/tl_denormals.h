// Denormal numbers: those below the smallest normal number, which some processors compute with slowly.
#ifndef TL_DENORMALS_H
#define TL_DENORMALS_H
#include "tl_types.h"

/// Whether the calling thread and the workers of the thread pool read and write denormal numbers as 0. False where the processor
/// has no such mode, and nothing changes. Other threads keep the mode that they were started with.
TL_API bool tl_set_flush_denormal(bool flush);

#endif
