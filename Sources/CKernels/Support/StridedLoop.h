// A loop over the leading dimensions of several strided tensors, with the address of each.
#ifndef TL_STRIDED_LOOP_H
#define TL_STRIDED_LOOP_H
#include "Support/Convert.h"
#include "Support/Parallel.h"
#include <algorithm>

namespace tl {

/// The leading dimensions of several tensors, in row-major order.
template <int operands>
class StridedLoop {
  public:
    /// The first `rank` dimensions of `shape`; each tensor has at least as many.
    StridedLoop(const int64_t* shape, int rank, const tl_tensor* const (&tensors)[operands]) : rank(rank), shape(shape) {
        count = 1;
        for (int i = 0; i < rank; i++) count *= shape[i];
        for (int t = 0; t < operands; t++) {
            base[t] = static_cast<char*>(tensors[t]->data);
            for (int i = 0; i < rank; i++)
                steps[t][i] = tensors[t]->strides[i] * size_of_dtype(tensors[t]->dtype);
        }
    }

    /// Calls body(addresses, position) for the positions begin ..< end.
    template <class Body>
    void run(int64_t begin, int64_t end, Body&& body) const {
        if (begin >= end) return;
        int64_t at[TL_MAX_RANK] = {};
        char* address[operands];
        std::copy(base, base + operands, address);
        int64_t rest = begin;
        for (int i = rank - 1; i >= 0; i--) {
            at[i] = rest % shape[i];
            rest /= shape[i];
            for (int t = 0; t < operands; t++) address[t] += at[i] * steps[t][i];
        }
        for (int64_t position = begin; position < end; position++) {
            body(address, position);
            for (int i = rank - 1; i >= 0; i--) {
                for (int t = 0; t < operands; t++) address[t] += steps[t][i];
                if (++at[i] < shape[i]) break;
                for (int t = 0; t < operands; t++) address[t] -= shape[i] * steps[t][i];
                at[i] = 0;
            }
        }
    }

    /// The same, shared by threads: `work` is the cost of a position, in elements.
    template <class Body>
    void run_parallel(int64_t work, Body&& body) const {
        parallel_for(count, std::max<int64_t>(1, 16384 / std::max<int64_t>(work, 1)),
                     [&](int64_t begin, int64_t end) { run(begin, end, body); });
    }

    int64_t count;

  private:
    int rank;
    const int64_t* shape;
    char* base[operands];
    int64_t steps[operands][TL_MAX_RANK];
};

/// The size and the stride of the last dimension; a 0-dimensional tensor counts as one of size 1.
inline int64_t last_size(const tl_tensor& x) { return x.rank ? x.shape[x.rank - 1] : 1; }
inline int64_t last_stride(const tl_tensor& x) { return x.rank ? x.strides[x.rank - 1] : 0; }

inline int64_t wrap(int64_t index, int64_t size) { return index < 0 ? index + size : index; }

} // namespace tl

#endif
