// Scaled dot-product attention in blocks. The memory is linear in the sequence length, not quadratic.
#include "Sequence/Panels.h"
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "include/tl_sequence.h"
#include <algorithm>

namespace tl {

/// The rows of heads of examples; the innermost dimension is contiguous.
template <class T>
struct HeadRows {
    T* data = nullptr;
    int64_t sample = 0, head = 0, row = 0;
    HeadRows() = default;
    explicit HeadRows(const tl_tensor* x) {
        if (!x) return;
        data = static_cast<T*>(x->data);
        sample = x->strides[0], head = x->strides[1], row = x->strides[2];
    }
    T* at(int64_t b, int64_t h, int64_t i) const { return data + b * sample + h * head + i * row; }
};

template <class T>
struct Attention {
    int64_t samples, heads, key_heads, group, queries, keys, features, values;
    T scale;
    bool causal;
    HeadRows<T> q, k, v, out, dout, dq, dk, dv;
    T* lse;
    const bool* mask_bits = nullptr;
    const T* mask_terms = nullptr;
    int64_t mask[4] = {0, 0, 0, 0};
};

} // namespace tl

#define TL_KERNEL_BODY "Sequence/Attention.kernels.h"
#include "Support/EachInstructionSet.h"

namespace tl {

template <class T>
static Attention<T> describe(const tl_attention_params& p, const tl_tensor& q, const tl_tensor& k, const tl_tensor& v,
                             const tl_tensor* mask, const tl_tensor& out, const tl_tensor& lse) {
    Attention<T> a{};
    a.samples = q.shape[0], a.heads = q.shape[1], a.key_heads = k.shape[1];
    a.group = a.heads / std::max<int64_t>(a.key_heads, 1);
    a.queries = q.shape[2], a.keys = k.shape[2], a.features = q.shape[3], a.values = v.shape[3];
    a.scale = T(p.scale);
    a.causal = p.causal;
    a.q = HeadRows<T>(&q), a.k = HeadRows<T>(&k), a.v = HeadRows<T>(&v), a.out = HeadRows<T>(&out);
    a.lse = static_cast<T*>(lse.data);
    if (mask) {
        if (mask->dtype == TL_BOOL) a.mask_bits = static_cast<const bool*>(mask->data);
        else a.mask_terms = static_cast<const T*>(mask->data);
        std::copy_n(mask->strides, 4, a.mask);
    }
    return a;
}

/// Runs body(begin, end, memory) over ranges of items, with separate memory per thread.
template <class T, class Body>
static int32_t with_memory(int64_t items, int64_t work, int64_t elements, Body&& body) {
    int32_t status = 0;
    parallel_for(items, std::max<int64_t>(1, 65536 / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
        const Scratch memory(size_t(elements) * sizeof(T));
        if (memory.get()) body(begin, end, memory.get<T>());
        else __atomic_store_n(&status, 1, __ATOMIC_RELAXED);
    });
    return status;
}

template <class T>
static int32_t forward(const Attention<T>& a) {
    const int64_t width = TL_DISPATCH(attention_panel_width<T>), BQ = baseline::forward_queries;
    const auto padded = [&](int64_t n) { return (n + width - 1) / width * width; };
    const int64_t blocks = (a.queries + BQ - 1) / BQ;
    const int64_t elements =
        padded(a.keys) * a.features + padded(a.values) * a.keys + BQ * (baseline::attention_keys + a.values);
    const int64_t work = std::min(BQ, a.queries) * a.keys * (a.features + a.values);
    return with_memory<T>(a.samples * a.heads * blocks, work, elements, [&](int64_t begin, int64_t end, T* memory) {
        TL_DISPATCH(attention_forward<T>, a, begin, end, memory);
    });
}

template <class T>
static int32_t backward(const Attention<T>& a) {
    const int64_t width = TL_DISPATCH(attention_panel_width<T>);
    const auto padded = [&](int64_t n) { return (n + width - 1) / width * width; };
    const int64_t elements = padded(a.keys) * (a.features + a.values) + padded(a.features) * (a.keys + a.queries) +
                             padded(a.values) * a.queries +
                             2 * baseline::backward_queries * baseline::attention_keys + a.queries;
    return with_memory<T>(a.samples * a.key_heads, a.group * a.queries * a.keys * (a.features + a.values), elements,
                          [&](int64_t begin, int64_t end, T* memory) {
                              TL_DISPATCH(attention_backward<T>, a, begin, end, memory);
                          });
}

} // namespace tl

int32_t tl_attention(const tl_attention_params* p, const tl_tensor* q, const tl_tensor* k, const tl_tensor* v,
                     const tl_tensor* mask, const tl_tensor* out, const tl_tensor* lse) {
    TL_FORWARD(out, attention, (p, q, k, v, mask, out, lse));
    using namespace tl;
    if (q->dtype == TL_FLOAT64) return forward(describe<double>(*p, *q, *k, *v, mask, *out, *lse));
    return forward(describe<float>(*p, *q, *k, *v, mask, *out, *lse));
}

int32_t tl_attention_backward(const tl_attention_params* p, const tl_tensor* grad_out, const tl_tensor* q,
                              const tl_tensor* k, const tl_tensor* v, const tl_tensor* mask, const tl_tensor* out,
                              const tl_tensor* lse, const tl_tensor* grad_q, const tl_tensor* grad_k,
                              const tl_tensor* grad_v) {
    TL_FORWARD(grad_out, attention_backward, (p, grad_out, q, k, v, mask, out, lse, grad_q, grad_k, grad_v));
    using namespace tl;
    const auto run = [&]<class T>(T) {
        Attention<T> a = describe<T>(*p, *q, *k, *v, mask, *out, *lse);
        a.dout = HeadRows<T>(grad_out), a.dq = HeadRows<T>(grad_q);
        a.dk = HeadRows<T>(grad_k), a.dv = HeadRows<T>(grad_v);
        return backward(a);
    };
    return q->dtype == TL_FLOAT64 ? run(double()) : run(float());
}
