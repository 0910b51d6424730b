// Walking over the positions of a shape with the addresses of several tensors at hand.
#ifndef TL_WALK_H
#define TL_WALK_H
#include "Support/Complex.h"
#include "Support/Convert.h"
#include "Support/Parallel.h"
#include "Support/Scratch.h"
#include <algorithm>
#include <cstring>
#include <type_traits>

namespace tl {

/// The leading dimensions of some tensors, walked in row-major order.
template <int operands>
class Walk {
  public:
    /// The first `rank` dimensions of `shape`; each tensor has at least as many.
    Walk(const int64_t* shape, int rank, const tl_tensor* const (&tensors)[operands]) : rank(rank), shape(shape) {
        count = 1;
        for (int i = 0; i < rank; i++) count *= shape[i];
        for (int t = 0; t < operands; t++) {
            base[t] = static_cast<char*>(tensors[t]->data);
            for (int i = 0; i < rank; i++)
                steps[t][i] = tensors[t]->strides[i] * size_of_dtype(tensors[t]->dtype);
        }
    }

    /// body(addresses, position) for the positions begin ..< end.
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

    /// The same, shared over threads: `work` is what one position costs, in elements.
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

/// Calls body with a value of an unsigned type as wide as the dtype, for kernels that only move elements.
template <class Body>
inline void with_raw_type(int32_t dtype, Body&& body) {
    switch (size_of_dtype(dtype)) {
    case 16: return body(Complex<double>());
    case 8: return body(uint64_t());
    case 4: return body(uint32_t());
    case 2: return body(uint16_t());
    default: return body(uint8_t());
    }
}

/// Calls body with a value of the type of the elements. The half types are not among them: who adds to them does so in
/// float32, by `HalfAsFloat`.
template <class Body>
inline void with_number_type(int32_t dtype, Body&& body) {
    switch (dtype) {
    case TL_FLOAT64: return body(double());
    case TL_FLOAT32: return body(float());
    case TL_INT64: return body(int64_t());
    case TL_INT32: return body(int32_t());
    case TL_INT16: return body(int16_t());
    case TL_INT8: return body(int8_t());
    case TL_UINT8: return body(uint8_t());
    case TL_BOOL: return body(bool());
    case TL_COMPLEX64: return body(Complex<float>());
    case TL_COMPLEX128: return body(Complex<double>());
    }
}

/// For updates of half types in place: `changed` becomes float32, is handed on with the other operand, and is written
/// back. Sums over equal indices are then rounded once.
template <class Body>
inline bool half_as_float(const tl_tensor* changed, const tl_tensor* other, Body&& body) {
    if (changed->dtype != TL_FLOAT16 && changed->dtype != TL_BFLOAT16) return false;
    DenseCopy target(*changed, TL_FLOAT32), operand(*other, TL_FLOAT32);
    if (!target || !operand) __builtin_trap();
    target.read();
    operand.read();
    body(&target.tensor, &operand.tensor);
    target.write_back();
    return true;
}

/// Sums wrap for integers and are `or` for truth values.
template <class T>
inline T add(T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return a || b;
    else if constexpr (std::is_integral_v<T>) return T(std::make_unsigned_t<T>(a) + std::make_unsigned_t<T>(b));
    else return a + b;
}

/// The size and the stride of the last dimension; a single number has one of size 1.
inline int64_t last_size(const tl_tensor& x) { return x.rank ? x.shape[x.rank - 1] : 1; }
inline int64_t last_stride(const tl_tensor& x) { return x.rank ? x.strides[x.rank - 1] : 0; }

inline int64_t wrap(int64_t index, int64_t size) { return index < 0 ? index + size : index; }

} // namespace tl

#endif
