// The true elements of a mask. Rows are split into segments, whose true elements are counted first, so that the offset
// of each segment in the result is known.
#ifndef TL_SEGMENTS_H
#define TL_SEGMENTS_H
#include "Support/StridedLoop.h"
#include <algorithm>

namespace tl {

constexpr int64_t segment = 4096;

/// The segments of the last dimension of tensors of one shape, the first of which is the mask.
template <int operands>
class Segments {
  public:
    explicit Segments(const tl_tensor* const (&tensors)[operands])
        : mask(*tensors[0]), width(mask.rank ? mask.shape[mask.rank - 1] : 1), in_row((width + segment - 1) / segment),
          loop(mask.shape, std::max(mask.rank - 1, 0), tensors), count(loop.count * in_row) {
        for (int t = 0; t < operands; t++)
            steps[t] = tensors[t]->rank ? tensors[t]->strides[tensors[t]->rank - 1] : 0,
            bytes[t] = size_of_dtype(tensors[t]->dtype);
    }

    /// Calls body(segment, truth of its elements, addresses, row, first column, length) for all segments, in parallel.
    template <class Body>
    void run(Body&& body) const {
        const ConvertBlock convert = convert_block(mask.dtype, TL_BOOL);
        parallel_for(count, 4, [&](int64_t begin, int64_t end) {
            uint8_t truth[segment];
            const int64_t first_row = begin / in_row, last_row = (end - 1) / in_row + 1;
            loop.run(first_row, last_row, [&](char** address, int64_t row) {
                const int64_t from = std::max(begin, row * in_row), to = std::min(end, (row + 1) * in_row);
                for (int64_t s = from; s < to; s++) {
                    const int64_t column = (s - row * in_row) * segment, length = std::min(segment, width - column);
                    char* here[operands];
                    for (int t = 0; t < operands; t++) here[t] = address[t] + column * steps[t] * bytes[t];
                    convert(here[0], steps[0], truth, 1, length);
                    // Bytes of bool tensors may have any non-zero value.
                    if (mask.dtype == TL_BOOL)
                        for (int64_t i = 0; i < length; i++) truth[i] = truth[i] != 0;
                    body(s, truth, here, row, column, length);
                }
            });
        });
    }

    /// counts[s] = the number of true elements before segment s; returns the total.
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
    const StridedLoop<operands> loop;

  public:
    const int64_t count;
    int64_t steps[operands], bytes[operands];
};

} // namespace tl

#endif
