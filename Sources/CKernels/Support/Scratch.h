// Memory that a kernel needs while it runs.
#ifndef TL_SCRATCH_H
#define TL_SCRATCH_H
#include "include/tl_support.h"
#include <cstdio>
#include <cstdlib>

namespace tl {

/// A block from the caching allocator, given back at the end of the scope. Kernels have no way to fail, so a refused
/// block, always small beside the operands, ends the process.
struct Scratch {
    char* data;
    size_t size;
    explicit Scratch(int64_t bytes) : size(static_cast<size_t>(bytes)) {
        data = static_cast<char*>(tl_allocate(size));
        if (!data) {
            std::fprintf(stderr, "torchlight: out of memory: a kernel needs %zu bytes of working space\n", size);
            std::abort();
        }
    }
    ~Scratch() { tl_deallocate(data, size); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

} // namespace tl

#endif
