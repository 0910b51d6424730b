// Temporary memory of a call, from the caching allocator.
#ifndef TL_SCRATCH_H
#define TL_SCRATCH_H
#include "Support/Convert.h"
#include "Support/ThreadPool.h"
#include "include/tl_elementwise.h"
#include "include/tl_support.h"

namespace tl {

inline int64_t count_of(const tl_tensor& x) {
    int64_t count = 1;
    for (int i = 0; i < x.rank; i++) count *= x.shape[i];
    return count;
}

/// A block of bytes. A kernel asks `is_missing` before it uses the block, and returns if there is none; one that returns a status
/// may ask `get` for NULL.
class Scratch {
  public:
    explicit Scratch(size_t bytes) : size(bytes ? bytes : 1), block(tl_allocate(size)) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        if (block) tl_deallocate(block, size);
    }
    template <class T = void>
    T* get() const {
        return static_cast<T*>(block);
    }
    /// Whether the allocation failed, which is noted for the caller of the kernel.
    [[nodiscard]] bool is_missing() const {
        if (block) [[likely]] return false;
        note_failure();
        return true;
    }

  private:
    size_t size;
    void* block;
};

/// Whether one of several has no memory.
template <class... Blocks>
[[nodiscard]] bool any_missing(const Blocks&... blocks) {
    return (blocks.is_missing() || ...);
}

/// The order of a contiguous copy: row-major, or with the second dimension innermost.
enum class Order { row_major, channels_last };

/// A contiguous copy of a tensor, in a given dtype and order, that can be written back.
class DenseCopy {
  public:
    DenseCopy(const tl_tensor& original, int32_t dtype, Order order = Order::row_major)
        : original(original), memory(size_t(count_of(original) * size_of_dtype(dtype))) {
        const int rank = original.rank;
        int64_t step = 1;
        const auto set_stride = [&](int i) {
            strides[i] = step;
            step *= original.shape[i];
        };
        if (order == Order::channels_last && rank > 2) {
            set_stride(1);
            for (int i = rank - 1; i >= 2; i--) set_stride(i);
            set_stride(0);
        } else {
            for (int i = rank - 1; i >= 0; i--) set_stride(i);
        }
        tensor = {memory.get(), original.shape, strides, rank, dtype, TL_DEVICE_CPU};
    }

    /// Whether the allocation succeeded.
    explicit operator bool() const { return tensor.data != nullptr; }
    [[nodiscard]] bool is_missing() const { return memory.is_missing(); }
    void read() { tl_copy(&original, &tensor); }
    void write_back() { tl_copy(&tensor, &original); }

    tl_tensor tensor;

  private:
    tl_tensor original;
    Scratch memory;
    int64_t strides[TL_MAX_RANK];
};

} // namespace tl

#endif
