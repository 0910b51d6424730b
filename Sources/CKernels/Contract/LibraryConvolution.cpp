#include "Contract/LibraryConvolution.h"
#include "Support/InstructionSets.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <algorithm>
#include <memory>

namespace tl {

Dense density(const tl_tensor& x) {
    bool row_major = true, channels_last = true;
    int64_t step = 1;
    for (int i = x.rank - 1; i >= 0; i--) {
        if (x.shape[i] != 1 && x.strides[i] != step) row_major = false;
        step *= x.shape[i];
    }
    step = 1;
    const auto check = [&](int i) {
        if (x.shape[i] != 1 && x.strides[i] != step) channels_last = false;
        step *= x.shape[i];
    };
    check(1);
    for (int i = x.rank - 1; i >= 2; i--) check(i);
    check(0);
    return row_major ? channels_last ? Dense::both : Dense::row_major : channels_last ? Dense::channels_last : Dense::no;
}

namespace {

using namespace onednn;
using Call = ConvolutionCall;

/// The strides as if every dimension were larger than 1, so that oneDNN recognises the layout.
void dense_strides(int rank, const int64_t* shape, bool channels_last, int64_t* strides) {
    int64_t step = 1;
    const auto append = [&](int i) {
        strides[i] = step;
        step *= shape[i];
    };
    if (channels_last) append(1);
    for (int i = rank - 1; i >= (channels_last ? 2 : 1); i--) append(i);
    append(0);
}

/// Whether row-major images are reordered to blocks of 16 channels instead of the layout that oneDNN prefers.
///
/// With AVX-512 oneDNN prefers, for the float32 forward pass, a channels-last kernel (brgconv) with 1.7 to 2
/// instructions per vector multiplication; the blocked kernel (jit), which the gradients use in any case, has 1.2.
/// These were counted in an emulator, including reorders, for the convolutions of ResNet-18. The blocked kernel was
/// measured at the peak of a Zen 5.
bool prefers_blocks(const Call& c, int64_t in, int64_t out) {
    return instruction_set == InstructionSet::avx512 && c.kind == Convolution::forward && c.x->dtype == TL_FLOAT32 &&
           c.p->spatial == 2 && c.p->groups == 1 && (in % 16 == 0 || in <= 3) && out % 16 == 0;
}

/// The dimension along which a convolution is split. Operands without the dimension are shared by all parts; gradients
/// of weights split by images are summed.
enum class Cut { none, images, groups, in_channels, out_channels };

struct Cutting {
    Cut cut;
    int64_t count;     // the size of the split dimension
    int64_t per_part;  // the last part may be smaller
    int64_t parts() const { return (count + per_part - 1) / per_part; }
};

/// A split into parts of equal size, in multiples of `unit`.
Cutting even(Cut cut, int64_t count, int64_t unit, int64_t parts) {
    const int64_t units = (count + unit - 1) / unit;
    return {cut, count, (units + parts - 1) / parts * unit};
}

/// The order of summation does not depend on the number of threads, except that oneDNN may choose a kernel, and thus an
/// order, by the size of a part.
Cutting choose_cut(const Call& c) {
    const int64_t threads = is_inside_piece() ? 1 : tl_num_threads(), groups = c.p->groups;
    const int64_t images = c.x->shape[0], in = c.x->shape[1], out = c.out->shape[1];
    const int64_t work = count_of(*c.out) * (count_of(*c.w) / std::max<int64_t>(out, 1));
    const Cutting whole{Cut::none, 1, 1};
    if (threads == 1 || work < (int64_t(1) << 18)) return whole;
    const int64_t wanted = threads * std::clamp<int64_t>(work / (threads << 24), 1, 4);
    const bool weights = c.kind == Convolution::backward_weights;
    if (!weights && images >= threads) return even(Cut::images, images, 1, std::min(wanted, images));
    if (groups > 1) {
        const int64_t unit = groups % 16 == 0 ? 16 : 1;
        if (groups >= 2 * unit) return even(Cut::groups, groups, unit, std::min(wanted, groups / unit));
    } else {
        // oneDNN computes blocks of 16 channels.
        if (c.kind != Convolution::backward_data && out >= 32)
            return even(Cut::out_channels, out, 16, std::min(wanted, out / 16));
        if (c.kind != Convolution::forward && in >= 32)
            return even(Cut::in_channels, in, 16, std::min(wanted, in / 16));
    }
    // With few channels the gradients, one per part, are small. Half types would be rounded before the parts are
    // summed.
    return images > 1 && c.x->dtype == TL_FLOAT32 ? even(Cut::images, images, 1, std::min<int64_t>(4, images)) : whole;
}

/// The operands of a part: shapes and strides for oneDNN, and offsets.
struct View {
    int rank;
    int64_t shape[max_rank], strides[max_rank];
    int64_t offset = 0;

    void narrow(int dimension, int64_t first, int64_t count) {
        shape[dimension] = count;
        offset += first * strides[dimension];
    }
    Layout layout(dnnl_data_type_t type) const { return Layout(type, rank, shape, strides); }
};

/// A convolution and the layout of its images.
struct Problem {
    const Call& c;
    Cutting cutting;
    bool x_last, out_last;

    explicit Problem(const Call& c) : c(c), cutting(choose_cut(c)) {
        const Dense x_order = density(*c.x), out_order = density(*c.out);
        x_last = x_order == Dense::channels_last || (x_order == Dense::both && out_order == Dense::channels_last);
        out_last = out_order == Dense::channels_last || (out_order == Dense::both && x_order == Dense::channels_last);
    }
    /// One channels-last operand determines both: reordering only the other one is cheaper than reordering both to
    /// blocks.
    bool last() const { return x_last || out_last; }
    bool is_grouped() const { return c.p->groups > 1; }

    enum Operand { x, w, out, bias };

    View view(Operand operand, int64_t first, int64_t count) const {
        View v;
        const tl_tensor& t = operand == x ? *c.x : operand == w ? *c.w : operand == out ? *c.out : *c.bias;
        const Cut cut = cutting.cut;
        const int64_t groups = c.p->groups;
        if (operand == w) {
            // For oneDNN the groups are a dimension of the weights.
            const int more = is_grouped();
            v.rank = t.rank + more;
            v.shape[0] = groups;
            v.shape[more] = t.shape[0] / groups;
            for (int i = 1; i < t.rank; i++) v.shape[more + i] = t.shape[i];
            int64_t step = 1;
            for (int i = v.rank - 1; i >= 0; i--) {
                v.strides[i] = step;
                step *= v.shape[i];
            }
            if (cut == Cut::groups || cut == Cut::out_channels) v.narrow(0, first, count);
            if (cut == Cut::in_channels) v.narrow(1, first, count);
        } else if (operand == bias) {
            v.rank = 1;
            v.shape[0] = t.shape[0];
            v.strides[0] = 1;
            const int64_t each = t.shape[0] / groups;
            if (cut == Cut::groups) v.narrow(0, first * each, count * each);
            if (cut == Cut::out_channels) v.narrow(0, first, count);
        } else {
            v.rank = t.rank;
            std::copy_n(t.shape, t.rank, v.shape);
            dense_strides(v.rank, v.shape, operand == x ? x_last : out_last, v.strides);
            const int64_t each = t.shape[1] / groups;
            if (cut == Cut::images) v.narrow(0, first, count);
            if (cut == Cut::groups) v.narrow(1, first * each, count * each);
            if (cut == (operand == x ? Cut::in_channels : Cut::out_channels)) v.narrow(1, first, count);
        }
        return v;
    }

    /// Whether a part computes the gradient of the bias; with a split by input channels each part would compute all of
    /// it.
    bool has_bias(int64_t first) const { return c.bias && (cutting.cut != Cut::in_channels || first == 0); }

    /// Whether all parts read the whole operand.
    bool is_shared(Operand operand) const {
        switch (cutting.cut) {
        case Cut::images: return operand == w && c.kind != Convolution::backward_weights;
        case Cut::in_channels: return operand == out;
        case Cut::out_channels: return operand == x;
        default: return false;
        }
    }
};

Key key_of(const Problem& problem, int64_t count, bool with_bias) {
    const Call& c = problem.c;
    const int spatial = c.p->spatial;
    Key key;
    key.add('c');
    key.add(c.kind);
    key.add(c.x->dtype);
    key.add(problem.x_last * 2 + problem.out_last);
    key.add(with_bias);
    key.add(int64_t(problem.cutting.cut));
    key.add(count);
    key.add(c.p->groups);
    for (const tl_tensor* x : {c.x, c.w, c.out}) key.add(x->shape, spatial + 2);
    key.add(c.p->stride, spatial);
    key.add(c.p->padding, spatial);
    key.add(c.p->dilation, spatial);
    return key;
}

/// This thread's plan for the part with `count` elements from `first`. Parts of the same size share a plan.
dnnl_status_t plan_of(const Problem& problem, int64_t first, int64_t count, Plan** plan) {
    const Call& c = problem.c;
    const bool with_bias = problem.has_bias(first);
    const Key key = key_of(problem, count, with_bias);
    if ((*plan = find_plan(key))) return dnnl_success;

    const int spatial = c.p->spatial;
    const dnnl_data_type_t type = data_type(c.x->dtype);
    Convolution convolution{c.kind, spatial, {}, {}, {}, {}};
    for (int i = 0; i < spatial; i++) {
        const int64_t reach = (c.w->shape[i + 2] - 1) * c.p->dilation[i] + 1;
        convolution.stride[i] = c.p->stride[i];
        convolution.padding[i] = c.p->padding[i];
        // The padding that the last window needs at the end; negative if the windows end before.
        convolution.padding_end[i] =
            (c.out->shape[i + 2] - 1) * c.p->stride[i] + reach - c.x->shape[i + 2] - c.p->padding[i];
        convolution.dilation[i] = c.p->dilation[i] - 1;
    }
    const View x = problem.view(Problem::x, first, count), w = problem.view(Problem::w, first, count),
               out = problem.view(Problem::out, first, count);
    const Layout x_caller = x.layout(type), w_caller = w.layout(type), out_caller = out.layout(type);
    const Layout w_any(type, w.rank, w.shape, nullptr);
    const Layout bias = with_bias ? problem.view(Problem::bias, first, count).layout(type) : Layout();
    // Channels-last strides, or the choice of the library.
    int64_t x_strides[max_rank], out_strides[max_rank];
    dense_strides(x.rank, x.shape, true, x_strides);
    dense_strides(out.rank, out.shape, true, out_strides);
    const bool last = problem.last();
    const Layout x_wanted(type, x.rank, x.shape, last ? x_strides : nullptr),
        out_wanted(type, out.rank, out.shape, last ? out_strides : nullptr);

    dnnl_primitive_desc_t description = nullptr;
    dnnl_status_t status = dnnl_unimplemented;
    if (!last && prefers_blocks(c, x.shape[1], out.shape[1])) {
        // Up to three channels are read without a reorder.
        const Layout x_blocks = x.shape[1] <= 3 ? Layout(x_caller.view()) : Layout::blocked_images(type, x.shape);
        status = describe_convolution(convolution, x_blocks, w_any, bias, Layout::blocked_images(type, out.shape),
                                      &description);
        if (status == dnnl_success) status = reject_reference(&description);
    }
    if (status != dnnl_success)
        status = describe_convolution(convolution, x_wanted, w_any, bias, out_wanted, &description);
    if (status == dnnl_success && type != dnnl_f32) status = reject_reference(&description);
    if (status != dnnl_success) return status;
    Plan::Operand list[4];
    int number = 0;
    const bool data = c.kind == Convolution::backward_data, weights = c.kind == Convolution::backward_weights;
    list[number++] = {data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, data, &x_caller};
    list[number++] = {weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, weights, &w_caller};
    list[number++] = {data || weights ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, !data && !weights, &out_caller};
    if (with_bias) list[number++] = {weights ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, weights, &bias};
    auto made = std::make_unique<Plan>();
    status = made->build(description, list, number);
    if (status != dnnl_success) return status;
    *plan = keep_plan(key, std::move(made));
    return dnnl_success;
}

/// Reorders an operand to the layout of the parts, once for all of them; threads share the work.
dnnl_status_t reorder_shared(const Problem& problem, Problem::Operand operand, const Layout& from, const Layout& to,
                             const void* data, void* reordered) {
    // Split along the images, or the first dimension of the weights; a single image along its channels.
    View v = problem.view(operand, 0, 0);
    const int dimension = operand != Problem::w && v.shape[0] == 1 ? 1 : 0;
    // Blocks have at most 16 elements and are not split.
    const int64_t length = v.shape[dimension], unit = dimension == 0 && operand != Problem::w ? 1 : 64;
    const int64_t units = (length + unit - 1) / unit, bytes = int64_t(to.bytes());
    int32_t status = dnnl_success;
    const Key base = key_of(problem, problem.cutting.per_part, false);
    parallel_for(units, std::max<int64_t>(1, units * (128 << 10) / std::max<int64_t>(bytes, 1)),
                 [&](int64_t begin, int64_t end) {
        const int64_t first = begin * unit, count = std::min(end * unit, length) - first;
        Key key = base;
        key.values[0] = 'r';
        for (const int64_t value : {int64_t(operand), first, count}) key.add(value);
        const LibraryThreads limit;
        Plan* plan = find_plan(key);
        dnnl_status_t result = dnnl_success;
        if (!plan) {
            auto made = std::make_unique<Plan>();
            result = made->build_reorder(from.part(v.rank, v.shape, dimension, first, count),
                                         to.part(v.rank, v.shape, dimension, first, count));
            if (result == dnnl_success) plan = keep_plan(key, std::move(made));
        }
        if (result == dnnl_success) {
            void* const pointers[2] = {const_cast<void*>(data), reordered};
            result = plan->run(pointers);
        }
        if (result != dnnl_success) __atomic_store_n(&status, int32_t(result), __ATOMIC_RELAXED);
    });
    return dnnl_status_t(status);
}

/// The gradient of the weights as the sum of those of the parts, in order.
dnnl_status_t sum_of_images(const Problem& problem) {
    const Call& c = problem.c;
    const int64_t size = size_of_dtype(c.w->dtype), parts = problem.cutting.parts();
    const int64_t weights = count_of(*c.w), stride = (weights + (c.bias ? c.bias->shape[0] : 0) + 31) / 32 * 32;
    const Scratch memory(size_t(parts * stride * size)), sums(size_t(stride) * sizeof(float));
    if (!memory.get() || !sums.get()) return dnnl_out_of_memory;
    Plan* first_plan = nullptr;
    if (const dnnl_status_t status = plan_of(problem, 0, problem.cutting.per_part, &first_plan)) return status;
    Workspaces workspaces(parts, first_plan->workspace_bytes());
    int32_t status = dnnl_success;
    run_pieces(parts, tl_num_threads(), [&](int64_t part) {
        const LibraryThreads limit;
        const int64_t first = part * problem.cutting.per_part,
                      count = std::min(problem.cutting.per_part, problem.cutting.count - first);
        Plan* plan = nullptr;
        dnnl_status_t result = plan_of(problem, first, count, &plan);
        if (result == dnnl_success) {
            char* const own = memory.get<char>() + part * stride * size;
            void* const pointers[4] = {
                static_cast<char*>(c.x->data) + problem.view(Problem::x, first, count).offset * size, own,
                static_cast<char*>(c.out->data) + problem.view(Problem::out, first, count).offset * size,
                own + weights * size};
            result = workspaces.run(*plan, pointers);
        }
        if (result != dnnl_success) __atomic_store_n(&status, int32_t(result), __ATOMIC_RELAXED);
    });
    if (status != dnnl_success) return dnnl_status_t(status);
    const auto add = [&](int64_t offset, const tl_tensor& to) {
        const int64_t count = count_of(to), one = 1;
        float* const sum = sums.get<float>();
        std::fill_n(sum, count, 0.0f);
        const tl_tensor total{sum, &count, &one, 1, TL_FLOAT32, TL_DEVICE_CPU};
        for (int64_t part = 0; part < parts; part++) {
            const tl_tensor term{memory.get<char>() + (part * stride + offset) * size, &count, &one, 1, to.dtype,
                                 TL_DEVICE_CPU};
            tl_binary(TL_BINARY_ADD, TL_FLOAT32, &total, &term, &total);
        }
        const tl_tensor result{to.data, &count, &one, 1, to.dtype, TL_DEVICE_CPU};
        tl_copy(&total, &result);
    };
    add(0, *c.w);
    if (c.bias) add(weights, *c.bias);
    return dnnl_success;
}

} // namespace

int32_t library_convolution(const Call& c) {
    const Problem problem(c);
    const Cutting& cutting = problem.cutting;
    const LibraryThreads limit;
    if (cutting.cut == Cut::images && c.kind == Convolution::backward_weights) return sum_of_images(problem);
    Plan* plan = nullptr;
    if (const dnnl_status_t status = plan_of(problem, 0, cutting.per_part, &plan)) return status;
    const int64_t size = size_of_dtype(c.x->dtype);
    const auto data = [&](Problem::Operand operand) {
        const tl_tensor* t = operand == Problem::x     ? c.x
                             : operand == Problem::w   ? c.w
                             : operand == Problem::out ? c.out
                                                       : c.bias;
        return t ? static_cast<char*>(t->data) : nullptr;
    };

    // Shared operands are reordered once.
    int shared = -1;
    Layout wanted;
    for (const auto operand : {Problem::x, Problem::w, Problem::out})
        if (problem.is_shared(operand) && plan->reorders(operand)) {
            shared = operand;
            wanted = Layout(plan->wanted(operand));
        }
    const Scratch reordered(shared >= 0 ? wanted.bytes() : 0);
    if (!reordered.get()) return dnnl_out_of_memory;
    if (shared >= 0) {
        const auto operand = Problem::Operand(shared);
        const Layout caller = problem.view(operand, 0, 0).layout(data_type(c.x->dtype));
        const dnnl_status_t status =
            reorder_shared(problem, operand, caller, wanted, data(operand), reordered.get());
        if (status != dnnl_success) return status;
    }
    Workspaces workspaces(cutting.parts(), plan->workspace_bytes(shared));
    int32_t status = dnnl_success;
    run_pieces(cutting.parts(), tl_num_threads(), [&](int64_t part) {
        const LibraryThreads limit;
        const int64_t first = part * cutting.per_part, count = std::min(cutting.per_part, cutting.count - first);
        Plan* own = nullptr;
        dnnl_status_t result = plan_of(problem, first, count, &own);
        if (result == dnnl_success) {
            void* pointers[4];
            for (const auto operand : {Problem::x, Problem::w, Problem::out, Problem::bias})
                pointers[operand] =
                    data(operand) ? data(operand) + problem.view(operand, first, count).offset * size : nullptr;
            // A smaller last part may need another layout, and then reorders the operand itself.
            const bool prepared = shared >= 0 && own->reorders(shared) && same(own->wanted(shared), wanted.view());
            if (prepared) pointers[shared] = reordered.get();
            result = workspaces.run(*own, pointers, prepared ? shared : -1);
        }
        if (result != dnnl_success) __atomic_store_n(&status, int32_t(result), __ATOMIC_RELAXED);
    });
    return status;
}

} // namespace tl
