// What a mask picks out. Work is cut into segments of rows, whose true elements are counted first, so that each segment
// knows where its share of the result begins.
#include "Index/Walk.h"
#include "Support/Forward.h"
#include "include/tl_index.h"

namespace tl {

namespace {

constexpr int64_t segment = 4096;

/// The segments of the last dimension of some tensors of one shape, the first of which is the mask.
template <int operands>
class Segments {
  public:
    explicit Segments(const tl_tensor* const (&tensors)[operands])
        : mask(*tensors[0]), width(mask.rank ? mask.shape[mask.rank - 1] : 1), in_row((width + segment - 1) / segment),
          walk(mask.shape, std::max(mask.rank - 1, 0), tensors), count(walk.count * in_row) {
        for (int t = 0; t < operands; t++)
            steps[t] = tensors[t]->rank ? tensors[t]->strides[tensors[t]->rank - 1] : 0,
            bytes[t] = size_of_dtype(tensors[t]->dtype);
    }

    /// body(segment, truth of its elements, addresses, row, first column, length) for all, in parallel.
    template <class Body>
    void run(Body&& body) const {
        const ConvertBlock convert = convert_block(mask.dtype, TL_BOOL);
        parallel_for(count, 4, [&](int64_t begin, int64_t end) {
            uint8_t truth[segment];
            const int64_t first_row = begin / in_row, last_row = (end - 1) / in_row + 1;
            walk.run(first_row, last_row, [&](char** address, int64_t row) {
                const int64_t from = std::max(begin, row * in_row), to = std::min(end, (row + 1) * in_row);
                for (int64_t s = from; s < to; s++) {
                    const int64_t column = (s - row * in_row) * segment, length = std::min(segment, width - column);
                    char* here[operands];
                    for (int t = 0; t < operands; t++) here[t] = address[t] + column * steps[t] * bytes[t];
                    convert(here[0], steps[0], truth, 1, length);
                    // Bytes of bool tensors may be any non-zero value.
                    if (mask.dtype == TL_BOOL)
                        for (int64_t i = 0; i < length; i++) truth[i] = truth[i] != 0;
                    body(s, truth, here, row, column, length);
                }
            });
        });
    }

    /// counts[s] = how many elements before segment s are true; the total is returned.
    int64_t positions(int64_t* counts) const {
        run([&](int64_t s, const uint8_t* truth, char**, int64_t, int64_t, int64_t length) {
            int64_t sum = 0;
            for (int64_t i = 0; i < length; i++) sum += truth[i];
            counts[s] = sum;
        });
        int64_t total = 0;
        for (int64_t s = 0; s < count; s++) {
            const int64_t here = counts[s];
            counts[s] = total;
            total += here;
        }
        return total;
    }

    const tl_tensor& mask;
    const int64_t width;

  private:
    const int64_t in_row;
    const Walk<operands> walk;

  public:
    const int64_t count;
    int64_t steps[operands], bytes[operands];
};

/// The step of a result or a source with one element for each true one.
int64_t compact_step(const tl_tensor& x) { return x.rank == 0 ? 0 : x.rank == 1 ? x.strides[0] : 1; }

/// move(address in the masked tensor, address in the compact one) for each true element.
template <class T, class Move>
void match(const tl_tensor* masked, const tl_tensor* mask, const tl_tensor* compact, Move&& move) {
    const Segments<2> segments({mask, masked});
    if (segments.count == 0) return;
    const Scratch counts(size_t(segments.count) * sizeof(int64_t));
    const auto* starts = counts.need<int64_t>();
    segments.positions(counts.need<int64_t>());
    const int64_t step = compact_step(*compact);
    segments.run([&](int64_t s, const uint8_t* truth, char** address, int64_t, int64_t, int64_t length) {
        auto* element = reinterpret_cast<T*>(address[1]);
        auto* other = static_cast<T*>(compact->data) + starts[s] * step;
        for (int64_t i = 0; i < length; i++, element += segments.steps[1])
            if (truth[i]) {
                move(*element, *other);
                other += step;
            }
    });
}

} // namespace

} // namespace tl

int64_t tl_count_nonzero(const tl_tensor* x) {
    TL_FORWARD(x, count_nonzero, (x));
    using namespace tl;
    const Segments<1> segments({x});
    if (segments.count == 0) return 0;
    const Scratch counts(size_t(segments.count) * sizeof(int64_t));
    return segments.positions(counts.need<int64_t>());
}

void tl_nonzero(const tl_tensor* x, const tl_tensor* out) {
    TL_FORWARD(out, nonzero, (x, out));
    using namespace tl;
    const Segments<1> segments({x});
    if (segments.count == 0 || x->rank == 0) return;
    const Scratch counts(size_t(segments.count) * sizeof(int64_t));
    const auto* starts = counts.need<int64_t>();
    segments.positions(counts.need<int64_t>());
    const int last = x->rank - 1;
    segments.run([&](int64_t s, const uint8_t* truth, char**, int64_t row, int64_t column, int64_t length) {
        int64_t at[TL_MAX_RANK];
        for (int d = last - 1; d >= 0; d--) {
            at[d] = row % x->shape[d];
            row /= x->shape[d];
        }
        auto* to = static_cast<int64_t*>(out->data) + starts[s] * out->strides[0];
        for (int64_t i = 0; i < length; i++)
            if (truth[i]) {
                for (int d = 0; d < last; d++) to[d * out->strides[1]] = at[d];
                to[last * out->strides[1]] = column + i;
                to += out->strides[0];
            }
    });
}

void tl_masked_select(const tl_tensor* x, const tl_tensor* mask, const tl_tensor* out) {
    TL_FORWARD(out, masked_select, (x, mask, out));
    tl::with_raw_type(x->dtype, [&]<class T>(T) {
        tl::match<T>(x, mask, out, [](T& element, T& compact) { compact = element; });
    });
}

void tl_masked_scatter(const tl_tensor* out, const tl_tensor* mask, const tl_tensor* source) {
    TL_FORWARD(out, masked_scatter, (out, mask, source));
    tl::with_raw_type(out->dtype, [&]<class T>(T) {
        tl::match<T>(out, mask, source, [](T& element, T& compact) { element = compact; });
    });
}
