// The range of numbers of each dtype.
#include "Support/Convert.h"
#include "include/tl_elementwise.h"
#include <algorithm>
#include <limits>
#include <type_traits>

namespace tl {
namespace {

// The smallest magnitudes that round to infinity: the midpoint between the largest number and the next power of two.
constexpr double float32_end = 0x1.ffffffp127;
constexpr float float16_end = 65520, bfloat16_end = 0x1.ffp127f;

template <class Number>
bool is_special(Number value) {
    return value != value || value - value != 0; // NaN, and infinities, whose difference from themselves is NaN
}

/// Floating-point targets: `holds` is called with finite numbers.
template <class From, class Holds>
struct Real {
    Holds holds;
    bool operator()(From value) const {
        if constexpr (std::is_floating_point_v<From>) return unsigned(is_special(value)) | unsigned(holds(value));
        return holds(value);
    }
};

/// Numbers in a range of integers.
template <class From>
struct Whole {
    int64_t low, high;
    bool operator()(From value) const {
        if constexpr (std::is_floating_point_v<From>)
            // The largest int64 is not a floating-point number; the next one is 2^63. NaN is in no range.
            return value >= static_cast<From>(low)
                   && (high == INT64_MAX ? value < static_cast<From>(0x1p63) : value <= static_cast<From>(high));
        else
            return static_cast<int64_t>(value) >= low && static_cast<int64_t>(value) <= high;
    }
};

/// The index of the first number outside the range, in blocks with a test without branches.
template <class From, class Holds>
int64_t first(const From* numbers, int64_t count, Holds holds) {
    for (int64_t start = 0; start < count; start += 1024) {
        const int64_t end = std::min<int64_t>(start + 1024, count);
        bool all = true;
        for (int64_t i = start; i < end; ++i) all &= holds(numbers[i]);
        if (all) continue;
        for (int64_t i = start; i < end; ++i)
            if (!holds(numbers[i])) return i;
    }
    return -1;
}

template <class From>
int64_t first_out_of_range(const void* data, int64_t count, int32_t target, bool wraps) {
    const From* numbers = static_cast<const From*>(data);
    const auto real = [&](auto holds) { return first(numbers, count, Real<From, decltype(holds)>{holds}); };
    const auto whole = [&](int64_t low, int64_t high) { return first(numbers, count, Whole<From>{low, high}); };
    constexpr bool is_integer = std::is_integral_v<From>;
    switch (target) {
    case TL_FLOAT32:
        if (sizeof(From) < 8 || is_integer) return -1;
        return real([](From value) { return value > -float32_end && value < float32_end; });
    case TL_FLOAT16:
        return real([](From value) {
            const float rounded = static_cast<float>(value);
            return rounded > -float16_end && rounded < float16_end;
        });
    case TL_BFLOAT16:
        if (is_integer) return -1;
        return real([](From value) {
            const float rounded = static_cast<float>(value);
            return rounded > -bfloat16_end && rounded < bfloat16_end;
        });
    case TL_INT64: return is_integer ? -1 : whole(INT64_MIN, INT64_MAX);
    case TL_INT32: return whole(INT32_MIN, INT32_MAX);
    case TL_INT16: return whole(INT16_MIN, INT16_MAX);
    case TL_INT8: return whole(INT8_MIN, INT8_MAX);
    case TL_UINT8: return whole(is_integer && wraps ? -UINT8_MAX : 0, UINT8_MAX);
    default: return -1;
    }
}

/// A real dtype represents complex numbers without imaginary part, and bool all numbers.
template <class Part>
int64_t first_complex_out_of_range(const void* data, int32_t dtype, int64_t count, int32_t target, bool wraps) {
    if (target == TL_BOOL) return -1;
    const Part* parts = static_cast<const Part*>(data);
    const bool is_real = !is_complex(target);
    const int32_t held = is_real ? target : part_dtype(target);
    for (int64_t i = 0; i < count; ++i) {
        if (is_real && parts[2 * i + 1] != 0) return i;
        if (tl_first_out_of_range(parts + 2 * i, part_dtype(dtype), is_real ? 1 : 2, held, wraps) >= 0) return i;
    }
    return -1;
}

} // namespace
} // namespace tl

int64_t tl_first_out_of_range(const void* numbers, int32_t dtype, int64_t count, int32_t target, bool wraps) {
    using namespace tl;
    if (dtype == target) return -1;
    if (is_complex(target) && !is_complex(dtype)) target = part_dtype(target);
    switch (dtype) {
    case TL_FLOAT64: return first_out_of_range<double>(numbers, count, target, wraps);
    case TL_FLOAT32: return first_out_of_range<float>(numbers, count, target, wraps);
    case TL_INT64: return first_out_of_range<int64_t>(numbers, count, target, wraps);
    case TL_INT32: return first_out_of_range<int32_t>(numbers, count, target, wraps);
    case TL_INT16: return first_out_of_range<int16_t>(numbers, count, target, wraps);
    case TL_INT8: return first_out_of_range<int8_t>(numbers, count, target, wraps);
    case TL_UINT8: return first_out_of_range<uint8_t>(numbers, count, target, wraps);
    case TL_FLOAT16:
    case TL_BFLOAT16: {
        // Converted to float32, block by block.
        const ConvertBlock widen = convert_block(dtype, TL_FLOAT32);
        const int64_t size = size_of_dtype(dtype);
        float block[1024];
        for (int64_t start = 0; start < count; start += 1024) {
            const int64_t length = std::min<int64_t>(1024, count - start);
            widen(static_cast<const char*>(numbers) + start * size, 1, block, 1, length);
            const int64_t position = first_out_of_range<float>(block, length, target, wraps);
            if (position >= 0) return start + position;
        }
        return -1;
    }
    case TL_COMPLEX64: return first_complex_out_of_range<float>(numbers, dtype, count, target, wraps);
    case TL_COMPLEX128: return first_complex_out_of_range<double>(numbers, dtype, count, target, wraps);
    default: return -1; // 0 and 1, which every dtype represents
    }
}
