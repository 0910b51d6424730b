#include "Contract/OneDNN.h"
#include "Support/Parallel.h"
#include "Support/SignalsBlocked.h"
#include <algorithm>
#include <cstring>
#include <list>
#include <optional>
#include <unordered_map>

namespace tl::onednn {

namespace {

dnnl_engine_t engine() {
    static const dnnl_engine_t shared = [] {
        dnnl_engine_t created = nullptr;
        dnnl_engine_create(&created, dnnl_cpu, 0);
        return created;
    }();
    return shared;
}

dnnl_stream_t stream() {
    struct Stream {
        dnnl_stream_t stream = nullptr;
        Stream() { dnnl_stream_create(&stream, engine(), dnnl_stream_default_flags); }
        ~Stream() { dnnl_stream_destroy(stream); }
    };
    thread_local const Stream own;
    return own.stream;
}

/// Attributes with a user-managed scratchpad, which is allocated by the caching allocator.
struct Attributes {
    dnnl_primitive_attr_t attributes = nullptr;

    Attributes() {
        dnnl_primitive_attr_create(&attributes);
        dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    }
    ~Attributes() { dnnl_primitive_attr_destroy(attributes); }

    /// Adds beta times the previous result.
    void add_result(float beta) {
        if (beta == 0) return;
        dnnl_post_ops_t operations = nullptr;
        dnnl_post_ops_create(&operations);
        dnnl_post_ops_append_sum(operations, beta);
        dnnl_primitive_attr_set_post_ops(attributes, operations);
        dnnl_post_ops_destroy(operations);
    }
};

} // namespace

dnnl_data_type_t data_type(int32_t dtype) {
    switch (dtype) {
    case TL_FLOAT32: return dnnl_f32;
    case TL_FLOAT16: return dnnl_f16;
    case TL_BFLOAT16: return dnnl_bf16;
    default: return dnnl_data_type_undef;
    }
}

bool multiplies(int32_t dtype) {
#if defined(__x86_64__)
    // The instruction sets that the library may use, which the user can limit (ONEDNN_MAX_CPU_ISA); each set is a
    // superset in bits.
    static const unsigned usable = unsigned(dnnl_get_effective_cpu_isa());
    const auto has = [](unsigned bits) { return (usable & bits) == bits; };
    if (dtype == TL_BFLOAT16) return has(dnnl_cpu_isa_avx512_core_bf16);
#if DNNL_VERSION_MAJOR >= 3
    if (dtype == TL_FLOAT16) return has(dnnl_cpu_isa_avx512_core_fp16);
#endif
#else
    (void)dtype;
#endif
    return false;
}

Layout::Layout(dnnl_data_type_t type, int rank, const int64_t* sizes, const int64_t* strides) {
    dnnl_dims_t dims{}, steps{};
    for (int i = 0; i < rank; i++) {
        dims[i] = sizes[i];
        if (strides) steps[i] = strides[i];
    }
#if DNNL_VERSION_MAJOR >= 3
    if (strides) dnnl_memory_desc_create_with_strides(&descriptor, rank, dims, type, steps);
    else dnnl_memory_desc_create_with_tag(&descriptor, rank, dims, type, dnnl_format_tag_any);
#else
    if (strides) dnnl_memory_desc_init_by_strides(&descriptor, rank, dims, type, steps);
    else dnnl_memory_desc_init_by_tag(&descriptor, rank, dims, type, dnnl_format_tag_any);
#endif
}

Layout Layout::blocked_images(dnnl_data_type_t type, const int64_t* sizes) {
    Layout result;
    dnnl_dims_t dims{};
    for (int i = 0; i < 4; i++) dims[i] = sizes[i];
#if DNNL_VERSION_MAJOR >= 3
    dnnl_memory_desc_create_with_tag(&result.descriptor, 4, dims, type, dnnl_aBcd16b);
#else
    dnnl_memory_desc_init_by_tag(&result.descriptor, 4, dims, type, dnnl_aBcd16b);
#endif
    return result;
}

Layout Layout::part(int rank, const int64_t* sizes, int dimension, int64_t first, int64_t count) const {
    dnnl_dims_t dims{}, offsets{};
    for (int i = 0; i < rank; i++) dims[i] = sizes[i];
    dims[dimension] = count;
    offsets[dimension] = first;
    Layout result;
#if DNNL_VERSION_MAJOR >= 3
    dnnl_memory_desc_create_submemory(&result.descriptor, descriptor, dims, offsets);
#else
    dnnl_memory_desc_init_submemory(&result.descriptor, &descriptor, dims, offsets);
#endif
    return result;
}

bool same(Layout::View a, Layout::View b) { return dnnl_memory_desc_equal(a, b) != 0; }

size_t Layout::bytes() const { return view() ? dnnl_memory_desc_get_size(view()) : 0; }

dnnl_status_t reject_reference(dnnl_primitive_desc_t* description) {
    const char* name = nullptr;
    dnnl_primitive_desc_query(*description, dnnl_query_impl_info_str, 0, &name);
    if (!name || std::strncmp(name, "ref", 3) != 0) return dnnl_success;
    dnnl_primitive_desc_destroy(*description);
    *description = nullptr;
    return dnnl_unimplemented;
}

dnnl_status_t describe_matmul(const Layout& src, const Layout& weights, const Layout& bias, const Layout& dst,
                              float beta, dnnl_primitive_desc_t* description) {
    Attributes attributes;
    attributes.add_result(beta);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl_status_t status = dnnl_matmul_primitive_desc_create(description, engine(), src.view(), weights.view(),
                                                                   bias.view(), dst.view(), attributes.attributes);
#else
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, src.view(), weights.view(), bias.view(), dst.view());
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(description, &operation, attributes.attributes, engine(), nullptr);
#endif
    return status == dnnl_success ? reject_reference(description) : status;
}

#if DNNL_VERSION_MAJOR >= 3
dnnl_status_t describe_convolution(const Convolution& c, const Layout& src, const Layout& weights, const Layout& bias,
                                   const Layout& dst, dnnl_primitive_desc_t* description) {
    Attributes attributes;
    const auto describe_forward = [&](dnnl_prop_kind_t kind, dnnl_primitive_desc_t* result) {
        return dnnl_convolution_forward_primitive_desc_create(
            result, engine(), kind, dnnl_convolution_direct, src.view(), weights.view(), bias.view(), dst.view(),
            c.stride, c.dilation, c.padding, c.padding_end, attributes.attributes);
    };
    if (c.kind == Convolution::forward) return describe_forward(dnnl_forward_inference, description);
    dnnl_primitive_desc_t hint = nullptr;
    dnnl_status_t status = describe_forward(dnnl_forward_training, &hint);
    if (status != dnnl_success) return status;
    if (c.kind == Convolution::backward_data)
        status = dnnl_convolution_backward_data_primitive_desc_create(
            description, engine(), dnnl_convolution_direct, src.view(), weights.view(), dst.view(), c.stride,
            c.dilation, c.padding, c.padding_end, hint, attributes.attributes);
    else
        status = dnnl_convolution_backward_weights_primitive_desc_create(
            description, engine(), dnnl_convolution_direct, src.view(), weights.view(), bias.view(), dst.view(),
            c.stride, c.dilation, c.padding, c.padding_end, hint, attributes.attributes);
    dnnl_primitive_desc_destroy(hint);
    return status;
}
#else
dnnl_status_t describe_convolution(const Convolution& c, const Layout& src, const Layout& weights, const Layout& bias,
                                   const Layout& dst, dnnl_primitive_desc_t* description) {
    Attributes attributes;
    const auto describe_forward = [&](dnnl_prop_kind_t kind, dnnl_primitive_desc_t* result) {
        dnnl_convolution_desc_t operation;
        const dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
            &operation, kind, dnnl_convolution_direct, src.view(), weights.view(), bias.view(), dst.view(), c.stride,
            c.dilation, c.padding, c.padding_end);
        if (status != dnnl_success) return status;
        return dnnl_primitive_desc_create(result, &operation, attributes.attributes, engine(), nullptr);
    };
    if (c.kind == Convolution::forward) return describe_forward(dnnl_forward_inference, description);
    dnnl_primitive_desc_t hint = nullptr;
    dnnl_status_t status = describe_forward(dnnl_forward_training, &hint);
    if (status != dnnl_success) return status;
    dnnl_convolution_desc_t operation;
    if (c.kind == Convolution::backward_data)
        status = dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, src.view(),
                                                                  weights.view(), dst.view(), c.stride, c.dilation,
                                                                  c.padding, c.padding_end);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, src.view(),
                                                                     weights.view(), bias.view(), dst.view(), c.stride,
                                                                     c.dilation, c.padding, c.padding_end);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(description, &operation, attributes.attributes, engine(), hint);
    dnnl_primitive_desc_destroy(hint);
    return status;
}
#endif

/// Whether a primitive uses the kernels of dnnl_sgemm ("gemm:jit"), not those of brgemm.
static bool computes_by_sgemm(const_dnnl_primitive_desc_t description) {
    const char* name = nullptr;
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
    return name && std::strstr(name, "gemm") && !std::strstr(name, "brgemm");
}

static size_t align(size_t bytes) { return (bytes + 63) & ~size_t(63); }

dnnl_status_t Plan::build(dnnl_primitive_desc_t description, const Operand* operands, int number) {
    dnnl_status_t status = dnnl_primitive_create(&primitive, description);
    blocks_signals = computes_by_sgemm(description);
    for (int i = 0; i < number && status == dnnl_success; i++) {
        const Operand& operand = operands[i];
        Argument& argument = arguments[size_t(count++)];
        argument.number = operand.argument;
        argument.written = operand.written;
        const Layout::View caller = operand.layout->view();
        const Layout::View wanted =
            dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, operand.argument);
        status = dnnl_memory_create(&argument.caller, caller, engine(), DNNL_MEMORY_NONE);
        if (status != dnnl_success || same(caller, wanted)) continue;
        status = dnnl_memory_create(&argument.reordered, wanted, engine(), DNNL_MEMORY_NONE);
        if (status != dnnl_success) break;
        dnnl_primitive_desc_t reorder = nullptr;
        status = dnnl_reorder_primitive_desc_create(&reorder, operand.written ? wanted : caller, engine(),
                                                    operand.written ? caller : wanted, engine(), nullptr);
        if (status != dnnl_success) break;
        status = dnnl_primitive_create(&argument.reorder, reorder);
        dnnl_primitive_desc_destroy(reorder);
        argument.bytes = dnnl_memory_desc_get_size(wanted);
        total_bytes += align(argument.bytes);
    }
    if (status == dnnl_success) {
        const Layout::View needed = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
        scratchpad_bytes = needed ? dnnl_memory_desc_get_size(needed) : 0;
        total_bytes += align(scratchpad_bytes);
        if (scratchpad_bytes) status = dnnl_memory_create(&scratchpad, needed, engine(), DNNL_MEMORY_NONE);
    }
    dnnl_primitive_desc_destroy(description);
    return status;
}

dnnl_status_t Plan::build_reorder(const Layout& from, const Layout& to) {
    if (!from.view() || !to.view()) return dnnl_invalid_arguments;
    dnnl_primitive_desc_t description = nullptr;
    const dnnl_status_t status =
        dnnl_reorder_primitive_desc_create(&description, from.view(), engine(), to.view(), engine(), nullptr);
    if (status != dnnl_success) return status;
    const Operand operands[2] = {{DNNL_ARG_FROM, false, &from}, {DNNL_ARG_TO, true, &to}};
    return build(description, operands, 2);
}

Layout::View Plan::wanted(int operand) const {
    const Argument& argument = arguments[size_t(operand)];
    Layout::View view = nullptr;
    dnnl_memory_get_memory_desc(argument.reordered ? argument.reordered : argument.caller, &view);
    return view;
}

Plan::~Plan() {
    for (int i = 0; i < count; i++) {
        const Argument& argument = arguments[size_t(i)];
        if (argument.caller) dnnl_memory_destroy(argument.caller);
        if (argument.reordered) dnnl_memory_destroy(argument.reordered);
        if (argument.reorder) dnnl_primitive_destroy(argument.reorder);
    }
    if (scratchpad) dnnl_memory_destroy(scratchpad);
    if (primitive) dnnl_primitive_destroy(primitive);
}

size_t Plan::workspace_bytes(int prepared) const {
    return total_bytes - (prepared >= 0 ? align(arguments[size_t(prepared)].bytes) : 0);
}

dnnl_status_t Plan::run(void* const* pointers, int prepared, char* workspace) const {
    const size_t bytes = workspace ? 0 : workspace_bytes(prepared);
    char* const own = bytes ? static_cast<char*>(tl_allocate(bytes)) : nullptr;
    if (bytes && !own) return dnnl_out_of_memory;
    char* next = own ? own : workspace;
    dnnl_exec_arg_t list[6];
    int listed = 0;
    dnnl_status_t status = dnnl_success;
    const auto reorder = [&](const Argument& argument) {
        const bool out = argument.written;
        const dnnl_exec_arg_t both[2] = {{DNNL_ARG_FROM, out ? argument.reordered : argument.caller},
                                         {DNNL_ARG_TO, out ? argument.caller : argument.reordered}};
        status = dnnl_primitive_execute(argument.reorder, stream(), 2, both);
    };
    for (int i = 0; i < count && status == dnnl_success; i++) {
        const Argument& argument = arguments[size_t(i)];
        status = dnnl_memory_set_data_handle(argument.caller, pointers[i]);
        if (i == prepared) {
            status = dnnl_memory_set_data_handle(argument.reordered, pointers[i]);
        } else if (argument.reordered) {
            status = dnnl_memory_set_data_handle(argument.reordered, next);
            next += align(argument.bytes);
            if (!argument.written) reorder(argument);
        }
        list[listed++] = {argument.number, argument.reordered ? argument.reordered : argument.caller};
    }
    if (scratchpad && status == dnnl_success) {
        status = dnnl_memory_set_data_handle(scratchpad, next);
        list[listed++] = {DNNL_ARG_SCRATCHPAD, scratchpad};
    }
    if (status == dnnl_success) {
        std::optional<SignalsBlocked> signals_blocked;
        if (blocks_signals) signals_blocked.emplace();
        status = dnnl_primitive_execute(primitive, stream(), listed, list);
    }
    for (int i = 0; i < count && status == dnnl_success; i++)
        if (arguments[size_t(i)].reordered && arguments[size_t(i)].written) reorder(arguments[size_t(i)]);
    if (own) tl_deallocate(own, bytes);
    return status;
}

static int64_t count_of_workspaces(int64_t parts) { return std::min<int64_t>({parts, tl_num_threads(), 64}); }

Workspaces::Workspaces(int64_t parts, size_t bytes)
    // Small ones are faster to take from the cache of the thread.
    : each(parts > 1 && bytes >= (256 << 10) ? align(bytes) : 0), memory(each * size_t(count_of_workspaces(parts))),
      free(each && memory.get() ? ~uint64_t(0) >> (64 - count_of_workspaces(parts)) : 0) {}

dnnl_status_t Workspaces::run(const Plan& plan, void* const* pointers, int prepared) {
    if (plan.workspace_bytes(prepared) <= each) {
        for (uint64_t seen = free.load(std::memory_order_relaxed); seen;) {
            const uint64_t bit = seen & -seen;
            if (!free.compare_exchange_weak(seen, seen ^ bit, std::memory_order_acquire)) continue;
            char* const workspace = memory.get<char>() + size_t(__builtin_ctzll(bit)) * each;
            const dnnl_status_t status = plan.run(pointers, prepared, workspace);
            free.fetch_or(bit, std::memory_order_release);
            return status;
        }
    }
    return plan.run(pointers, prepared);
}

namespace {

constexpr size_t kept_plans = 512;  // per thread; a large network needs about 200

struct KeyHash {
    size_t operator()(const Key& key) const {
        uint64_t hash = 0x9E3779B97F4A7C15u;
        for (int i = 0; i < key.count; i++) {
            hash = (hash ^ uint64_t(key.values[i])) * 0xFF51AFD7ED558CCDu;
            hash ^= hash >> 32;
        }
        return size_t(hash);
    }
};

struct Cache {
    struct Entry {
        Key key;
        std::unique_ptr<Plan> plan;
    };
    std::list<Entry> entries;  // the most recently used first
    std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> positions;
};

Cache& cache() {
    thread_local Cache own;
    return own;
}

} // namespace

Plan* find_plan(const Key& key) {
    Cache& own = cache();
    const auto found = own.positions.find(key);
    if (found == own.positions.end()) return nullptr;
    own.entries.splice(own.entries.begin(), own.entries, found->second);
    return found->second->plan.get();
}

Plan* keep_plan(const Key& key, std::unique_ptr<Plan> plan) {
    Cache& own = cache();
    own.entries.push_front({key, std::move(plan)});
    own.positions[key] = own.entries.begin();
    if (own.entries.size() > kept_plans) {
        own.positions.erase(own.entries.back().key);
        own.entries.pop_back();
    }
    return own.entries.front().plan.get();
}

} // namespace tl::onednn
