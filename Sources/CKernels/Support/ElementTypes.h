// The types of elements, for template kernels.
#ifndef TL_ELEMENT_TYPES_H
#define TL_ELEMENT_TYPES_H
#include "Support/Complex.h"
#include "Support/Convert.h"
#include "Support/Scratch.h"
#include <type_traits>

namespace tl {

/// Calls body with a value of an unsigned type of the size of the dtype, for kernels that only copy elements.
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

/// Calls body with a value of the element type. Half types are not supported; additions to them use `HalfAsFloat`.
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

/// For in-place updates of half types: `changed` is converted to float32, passed with the other operand, and converted
/// back. Sums for equal indices are thus rounded once.
template <class Body>
inline bool half_as_float(const tl_tensor* changed, const tl_tensor* other, Body&& body) {
    if (changed->dtype != TL_FLOAT16 && changed->dtype != TL_BFLOAT16) return false;
    DenseCopy target(*changed, TL_FLOAT32), operand(*other, TL_FLOAT32);
    if (any_missing(target, operand)) return true;
    target.read();
    operand.read();
    body(&target.tensor, &operand.tensor);
    target.write_back();
    return true;
}

/// Sums wrap for integers and are `or` for bool.
template <class T>
inline T add(T a, T b) {
    if constexpr (std::is_same_v<T, bool>) return a || b;
    else if constexpr (std::is_integral_v<T>) return T(std::make_unsigned_t<T>(a) + std::make_unsigned_t<T>(b));
    else return a + b;
}

} // namespace tl

#endif
