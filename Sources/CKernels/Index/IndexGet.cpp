// Indexing by several index tensors: x[i, j, ...] is read, written and added to.
#include "Support/ElementTypes.h"
#include "Support/Forward.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include "Support/StridedLoop.h"
#include "include/tl_index.h"
#include <algorithm>
#include <cstring>

namespace tl {

namespace {

/// The dimensions after the indexed ones, as contiguous runs if both tensors have them.
class Block {
  public:
    /// `a` is x without its first `skip_a` dimensions, `b` the other tensor without its first `skip_b`.
    Block(const tl_tensor& a, int skip_a, const tl_tensor& b, int skip_b) {
        for (int i = a.rank - skip_a - 1; i >= 0; i--) {
            const int64_t size = a.shape[skip_a + i], to = a.strides[skip_a + i], from = b.strides[skip_b + i];
            count *= size;
            if (size == 1) continue;
            if (rank && to == a_steps[rank - 1] * shape[rank - 1] && from == b_steps[rank - 1] * shape[rank - 1]) {
                shape[rank - 1] *= size;
                continue;
            }
            shape[rank] = size, a_steps[rank] = to, b_steps[rank++] = from;
        }
    }

    /// update(element of a, element of b) for all elements, in row-major order.
    template <class T, class Update>
    void run(T* a, T* b, Update&& update) const {
        if (rank == 0) return update(*a, *b);
        if (count == 0) return;
        int64_t at[TL_MAX_RANK] = {};
        for (;;) {
            for (int64_t i = 0; i < shape[0]; i++) update(a[i * a_steps[0]], b[i * b_steps[0]]);
            int d = 1;
            for (; d < rank; d++) {
                a += a_steps[d], b += b_steps[d];
                if (++at[d] < shape[d]) break;
                a -= shape[d] * a_steps[d], b -= shape[d] * b_steps[d];
                at[d] = 0;
            }
            if (d >= rank) return;
        }
    }

    bool contiguous() const { return rank == 0 || (rank == 1 && a_steps[0] == 1 && b_steps[0] == 1); }

    int64_t count = 1;

  private:
    int rank = 0;
    int64_t shape[TL_MAX_RANK], a_steps[TL_MAX_RANK], b_steps[TL_MAX_RANK];  // innermost first
};

/// The elements that the index tensors select: the flat index over the indexed dimensions, and the offset in x in
/// elements.
struct IndexedElements {
    const tl_tensor& x;
    const tl_tensor* const* indices;
    int count;

    struct Element {
        int64_t flat, offset;
    };
    /// The element for the position with coordinates `at` over I.
    Element operator()(const int64_t* at) const {
        Element element{0, 0};
        for (int k = 0; k < count; k++) {
            int64_t offset = 0;
            for (int d = 0; d < indices[k]->rank; d++) offset += at[d] * indices[k]->strides[d];
            const int64_t i = wrap(static_cast<const int64_t*>(indices[k]->data)[offset], x.shape[k]);
            element.flat = element.flat * x.shape[k] + i;
            element.offset += i * x.strides[k];
        }
        return element;
    }
};

/// Calls body(element, offset in the other tensor) for begin ..< end of the positions over I.
template <class Body>
void each_indexed_element(const IndexedElements& selected, const tl_tensor& other, int rank, int64_t begin, int64_t end,
                          Body&& body) {
    int64_t at[TL_MAX_RANK] = {}, rest = begin;
    for (int d = rank - 1; d >= 0; d--) {
        at[d] = rest % other.shape[d];
        rest /= other.shape[d];
    }
    for (int64_t position = begin; position < end; position++) {
        int64_t offset = 0;
        for (int d = 0; d < rank; d++) offset += at[d] * other.strides[d];
        body(selected(at), offset);
        for (int d = rank - 1; d >= 0; d--) {
            if (++at[d] < other.shape[d]) break;
            at[d] = 0;
        }
    }
}

int64_t positions_of(const tl_tensor& other, int rank) {
    int64_t count = 1;
    for (int d = 0; d < rank; d++) count *= other.shape[d];
    return count;
}

template <class T, class Update>
void put(const tl_tensor* x, const tl_tensor* const* indices, int32_t count, const tl_tensor* values, Update&& update) {
    const int rank = indices[0]->rank;
    const IndexedElements selected{*x, indices, count};
    const Block block(*x, count, *values, rank);
    const int64_t positions = positions_of(*values, rank);
    int64_t destinations = 1;
    for (int k = 0; k < count; k++) destinations *= x->shape[k];
    // Each thread iterates over all indices and processes those in its range of destinations, so that additions to one
    // element are in order. This pays only if a block is long in comparison with the lookup of its element.
    const int64_t work = std::max<int64_t>(positions * block.count, 1);
    const int64_t grain = block.count < 16 ? destinations : std::max<int64_t>(1, 32768 * destinations / work);
    parallel_for(destinations, grain, [&](int64_t low, int64_t high) {
        each_indexed_element(selected, *values, rank, 0, positions, [&](const auto& element, int64_t offset) {
            if (element.flat < low || element.flat >= high) return;
            block.run(static_cast<T*>(x->data) + element.offset, static_cast<T*>(values->data) + offset, update);
        });
    });
}

} // namespace

} // namespace tl

void tl_index_get(const tl_tensor* x, const tl_tensor* const* indices, int32_t count, const tl_tensor* out) {
    TL_FORWARD(out, index_get, (x, indices, count, out));
    using namespace tl;
    if (count_of(*out) == 0) return;
    const int rank = indices[0]->rank;
    const IndexedElements selected{*x, indices, count};
    const Block block(*x, count, *out, rank);
    const int64_t positions = positions_of(*out, rank);
    with_raw_type(x->dtype, [&]<class T>(T) {
        parallel_for(positions, std::max<int64_t>(1, 8192 / block.count), [&](int64_t begin, int64_t end) {
            each_indexed_element(selected, *out, rank, begin, end, [&](const auto& element, int64_t offset) {
                T* from = static_cast<T*>(x->data) + element.offset;
                T* to = static_cast<T*>(out->data) + offset;
                if (block.contiguous()) std::memcpy(to, from, size_t(block.count) * sizeof(T));
                else block.run(from, to, [](T& a, T& b) { b = a; });
            });
        });
    });
}

void tl_index_put(const tl_tensor* x, const tl_tensor* const* indices, int32_t count, const tl_tensor* values,
                  bool accumulate) {
    TL_FORWARD(x, index_put, (x, indices, count, values, accumulate));
    using namespace tl;
    if (count_of(*values) == 0) return;
    if (!accumulate)
        return with_raw_type(x->dtype, [&]<class T>(T) {
            put<T>(x, indices, count, values, [](T& old, T value) { old = value; });
        });
    if (half_as_float(x, values, [&](const tl_tensor* a, const tl_tensor* b) { tl_index_put(a, indices, count, b, true); }))
        return;
    with_number_type(x->dtype, [&]<class T>(T) {
        put<T>(x, indices, count, values, [](T& old, T value) { old = add(old, value); });
    });
}
