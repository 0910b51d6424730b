// Counts the blocks that a thread takes from the heap, by standing before malloc in the test program.
#ifndef HEAP_COUNT_H
#define HEAP_COUNT_H
#include <stdint.h>

/// The blocks that the calling thread has taken since it began; -1 where malloc cannot be stood before (another C library,
/// or a sanitizer that does so itself).
int64_t heap_count(void);

#endif
