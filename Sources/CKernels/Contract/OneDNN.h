// The interface to oneDNN: descriptors, primitives with their reorders, and a cache of plans. The C interface is used
// because it works without exceptions. Differences between oneDNN 2 and 3 are confined to OneDNN.cpp and to the class
// `Layout`.
#ifndef TL_ONEDNN_H
#define TL_ONEDNN_H
#if !__has_include(<dnnl.h>)
#error "oneDNN is missing. On Debian and Ubuntu: sudo apt-get install libdnnl-dev; elsewhere install oneDNN with its headers."
#endif
#include "Support/Scratch.h"
#include "include/tl_contract.h"
#include <array>
#include <atomic>
#include <cstring>
#include <dnnl.h>
#include <memory>
#include <utility>

namespace tl::onednn {

inline constexpr int max_rank = 6;

/// The oneDNN data type of a dtype; dnnl_data_type_undef if there is none.
dnnl_data_type_t data_type(int32_t dtype);
/// Whether the CPU has instructions for products of the half type (bfloat16: avx512_bf16 or avx512_core; float16:
/// avx512_fp16).
bool multiplies(int32_t dtype);

/// A memory descriptor: data type, sizes, and strides, or "any" for the choice of the primitive.
class Layout {
  public:
    Layout() = default;
    /// NULL for `strides` is "any".
    Layout(dnnl_data_type_t type, int rank, const int64_t* sizes, const int64_t* strides);
    /// Images [N, C, H, W] in blocks of 16 channels.
    static Layout blocked_images(dnnl_data_type_t type, const int64_t* sizes);
    size_t bytes() const;
    /// The part of `count` elements from `first` along a dimension, in the same memory. `sizes` are those of the whole.
    Layout part(int rank, const int64_t* sizes, int dimension, int64_t first, int64_t count) const;

#if DNNL_VERSION_MAJOR >= 3
    using View = const_dnnl_memory_desc_t;
    explicit Layout(View other) { dnnl_memory_desc_clone(&descriptor, other); }
    Layout(Layout&& other) noexcept : descriptor(std::exchange(other.descriptor, nullptr)) {}
    Layout& operator=(Layout&& other) noexcept {
        std::swap(descriptor, other.descriptor);
        return *this;
    }
    ~Layout() {
        if (descriptor) dnnl_memory_desc_destroy(descriptor);
    }
    /// NULL for an absent operand.
    View view() const { return descriptor; }

  private:
    dnnl_memory_desc_t descriptor = nullptr;
#else
    using View = const dnnl_memory_desc_t*;
    explicit Layout(View other) : descriptor(*other) {}
    View view() const { return descriptor.ndims ? &descriptor : nullptr; }

  private:
    dnnl_memory_desc_t descriptor{};
#endif
};

/// Whether two layouts are equal.
bool same(Layout::View a, Layout::View b);

/// The operands and parameters of a convolution. Absent operands are empty layouts.
struct Convolution {
    enum Kind { forward, backward_data, backward_weights } kind;
    int spatial;
    int64_t stride[3], padding[3], padding_end[3], dilation[3];
};

/// A primitive, its layouts, and the reorders from and to the layouts of the caller.
class Plan {
  public:
    Plan() = default;
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan();

    /// An argument: the oneDNN argument index, the layout of the caller, and whether it is written.
    struct Operand {
        int argument;
        bool written;
        const Layout* layout;
    };
    /// Takes ownership of `description`. The order of the operands is that of the pointers passed to `run`.
    dnnl_status_t build(dnnl_primitive_desc_t description, const Operand* operands, int count);
    /// A reorder between two layouts, with two pointers.
    dnnl_status_t build_reorder(const Layout& from, const Layout& to);
    /// The pointer of the operand `prepared`, if any, refers to memory in the layout of the primitive. Without `workspace`, of
    /// `workspace_bytes(prepared)` bytes, the call allocates its own.
    dnnl_status_t run(void* const* pointers, int prepared = -1, char* workspace = nullptr) const;
    /// The bytes for the reordered operands and the scratchpad of a call.
    size_t workspace_bytes(int prepared = -1) const;

    /// Whether the layout of the primitive differs from that of the caller for an operand, and the layout.
    bool reorders(int operand) const { return arguments[size_t(operand)].reordered != nullptr; }
    Layout::View wanted(int operand) const;

  private:
    struct Argument {
        int number = 0;
        bool written = false;
        dnnl_memory_t caller = nullptr;     // in the layout of the caller
        dnnl_memory_t reordered = nullptr;  // in the layout of the primitive; NULL if both are equal
        dnnl_primitive_t reorder = nullptr;
        size_t bytes = 0;                   // of `reordered`
    };
    std::array<Argument, 5> arguments;
    int count = 0;
    dnnl_primitive_t primitive = nullptr;
    dnnl_memory_t scratchpad = nullptr;
    size_t scratchpad_bytes = 0, total_bytes = 0;
    bool blocks_signals = false;
};

/// The workspaces of the parts of one operation: one block for all threads, that is reused by tensors afterwards, in place of one
/// in the cache of each thread.
class Workspaces {
  public:
    /// For `parts` parts that need up to `bytes` each.
    Workspaces(int64_t parts, size_t bytes);
    /// Runs a part with a workspace from the block, or with its own if the block has none that is free and large enough.
    dnnl_status_t run(const Plan& plan, void* const* pointers, int prepared = -1);

  private:
    size_t each;
    Scratch memory;
    std::atomic<uint64_t> free;  // a bit per workspace
};

/// The cache key of a plan: all values from which it was built.
struct Key {
    int32_t count = 0;
    int64_t values[58];
    void add(int64_t value) { values[count++] = value; }
    void add(const int64_t* from, int number) {
        for (int i = 0; i < number; i++) add(from[i]);
    }
    bool operator==(const Key& other) const {
        return count == other.count && std::memcmp(values, other.values, sizeof(int64_t) * size_t(count)) == 0;
    }
};

/// This thread's plan for the key, or NULL. Plans store the pointers of the current call and thus belong to a thread.
Plan* find_plan(const Key& key);
/// Adds a plan to the cache, and removes the least recently used one if there are too many. Returns the plan.
Plan* keep_plan(const Key& key, std::unique_ptr<Plan> plan);

/// Discards a description for which the library has only its reference implementation, which is about a hundred times
/// slower, and returns dnnl_unimplemented.
dnnl_status_t reject_reference(dnnl_primitive_desc_t* description);

/// Descriptions for `Plan::build`. Beta is the factor of the previous dst. Reference implementations are not used.
dnnl_status_t describe_matmul(const Layout& src, const Layout& weights, const Layout& bias, const Layout& dst, float beta,
                              dnnl_primitive_desc_t* description);
/// For backward_data `src` and `dst` are gradients; for backward_weights `weights`, `bias` and `dst` are.
dnnl_status_t describe_convolution(const Convolution& convolution, const Layout& src, const Layout& weights,
                                   const Layout& bias, const Layout& dst, dnnl_primitive_desc_t* description);

} // namespace tl::onednn

#endif
