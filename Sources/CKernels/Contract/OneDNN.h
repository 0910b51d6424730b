// The narrow waist to oneDNN: descriptors, primitives with their reorders, and a cache of them. The C interface is used
// because it is the same without exceptions; what differs between oneDNN 2 and 3 is confined to OneDNN.cpp and to
// the class `Layout`.
#ifndef TL_ONEDNN_H
#define TL_ONEDNN_H
#if !__has_include(<dnnl.h>)
#error "oneDNN is missing. On Debian and Ubuntu: sudo apt-get install libdnnl-dev; elsewhere install oneDNN with its headers."
#endif
#include "include/tl_contract.h"
#include <array>
#include <cstring>
#include <dnnl.h>
#include <memory>
#include <utility>

namespace tl::onednn {

inline constexpr int max_rank = 6;

/// oneDNN's name of an element type; dnnl_data_type_undef where it has none.
dnnl_data_type_t data_type(int32_t dtype);
/// Whether this processor multiplies the half type natively (bfloat16: avx512_bf16 or avx512_core; float16: avx512_fp16).
bool multiplies(int32_t dtype);

/// A memory descriptor: a type, sizes, and strides or "whatever the primitive likes best".
class Layout {
  public:
    Layout() = default;
    /// `strides` NULL leaves the choice to the primitive.
    Layout(dnnl_data_type_t type, int rank, const int64_t* sizes, const int64_t* strides);
    /// Images [N, C, H, W] whose channels lie in blocks of 16.
    static Layout blocked_images(dnnl_data_type_t type, const int64_t* sizes);
    size_t bytes() const;
    /// `count` things from `first` on along a dimension, in the same memory. `sizes` are those of all of it.
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

/// Whether two layouts are one.
bool same(Layout::View a, Layout::View b);

/// What a primitive computes and from what. Absent operands are empty layouts.
struct Convolution {
    enum Kind { forward, backward_data, backward_weights } kind;
    int spatial;
    int64_t stride[3], padding[3], padding_end[3], dilation[3];
};

/// A primitive, the layouts it wants, and the reorders from and to the layouts that its caller has.
class Plan {
  public:
    Plan() = default;
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan();

    /// Each argument: oneDNN's number, the caller's layout, and whether it is written.
    struct Operand {
        int argument;
        bool written;
        const Layout* layout;
    };
    /// Takes over `description`. The operands' order is that of the pointers handed to `run`.
    dnnl_status_t build(dnnl_primitive_desc_t description, const Operand* operands, int count);
    /// A copy from one layout to the other, with two pointers.
    dnnl_status_t build_reorder(const Layout& from, const Layout& to);
    /// The pointer of the operand `prepared`, if any, is to memory in the layout that the primitive wants.
    dnnl_status_t run(void* const* pointers, int prepared = -1) const;

    /// Whether the primitive wants an operand in another layout than its caller has, and in which.
    bool reorders(int operand) const { return arguments[size_t(operand)].reordered != nullptr; }
    Layout::View wanted(int operand) const;

  private:
    struct Argument {
        int number = 0;
        bool written = false;
        dnnl_memory_t caller = nullptr;     // in the layout of the caller
        dnnl_memory_t reordered = nullptr;  // in that of the primitive; NULL where both agree
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

/// What identifies a plan: everything that went into it.
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

/// This thread's plan for the key, or NULL. Plans hold the pointers of the call in progress and so belong to a thread.
Plan* find_plan(const Key& key);
/// Keeps a plan and forgets the one unused for longest when there are too many. Returns the plan.
Plan* keep_plan(const Key& key, std::unique_ptr<Plan> plan);

/// Gives up a description for which the library has nothing but its reference, which takes a hundred times as long as
/// its kernels, and says dnnl_unimplemented.
dnnl_status_t refuse_reference(dnnl_primitive_desc_t* description);

/// Descriptions for `Plan::build`. Beta is the factor on what dst holds already. No product runs in the reference.
dnnl_status_t describe_matmul(const Layout& src, const Layout& weights, const Layout& bias, const Layout& dst, float beta,
                              dnnl_primitive_desc_t* description);
/// For backward_data `src` and `dst` are the gradients; for backward_weights `weights`, `bias` and `dst` are.
dnnl_status_t describe_convolution(const Convolution& convolution, const Layout& src, const Layout& weights,
                                   const Layout& bias, const Layout& dst, dnnl_primitive_desc_t* description);

} // namespace tl::onednn

#endif
