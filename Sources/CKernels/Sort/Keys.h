// Elements as unsigned integers in the order of the elements, with NaN largest and both zeros equal.
#ifndef TL_SORT_KEYS_H
#define TL_SORT_KEYS_H
#include "include/tl_types.h"

namespace tl {

/// A key with the index of its element: entries are unique, so that any sort of entries is a stable sort of elements.
/// Keys of 32 bits share one word with the index.
template <class Key>
struct Entry;

template <>
struct Entry<uint32_t> {
    uint64_t word;
    Entry() = default;
    Entry(uint32_t key, uint32_t position) : word(uint64_t(key) << 32 | position) {}
    uint32_t position() const { return uint32_t(word); }
    uint32_t digit(int number) const { return uint32_t(word >> (32 + 8 * number)) & 255; }
    bool operator<(const Entry& other) const { return word < other.word; }
};

template <>
struct Entry<uint64_t> {
    uint64_t key;
    uint32_t at;
    Entry() = default;
    Entry(uint64_t key, uint32_t position) : key(key), at(position) {}
    uint32_t position() const { return at; }
    uint32_t digit(int number) const { return uint32_t(key >> (8 * number)) & 255; }
    bool operator<(const Entry& other) const { return key != other.key ? key < other.key : at < other.at; }
};

/// The key of an IEEE number: sign and magnitude are converted to an offset, and -0 to 0.
template <class Bits>
inline Bits floating_key(Bits bits, Bits infinity) {
    constexpr Bits sign = Bits(1) << (8 * sizeof(Bits) - 1);
    const Bits magnitude = Bits(bits & ~sign);
    if (magnitude > infinity) return Bits(~Bits(0));
    if (magnitude == 0) return sign;
    return bits & sign ? Bits(~bits) : Bits(bits | sign);
}

/// `Raw` is the stored type, `Key` the type that is sorted; `bits` is the number of significant low bits of the key.
template <int dtype>
struct KeyOf;
#define TL_KEY_OF(dtype, raw, key, used, ...)                                                                          \
    template <>                                                                                                        \
    struct KeyOf<dtype> {                                                                                              \
        using Raw = raw;                                                                                               \
        using Key = key;                                                                                               \
        static constexpr int bits = used;                                                                              \
        static Key call(Raw v) { return Key(__VA_ARGS__); }                                                            \
    };
TL_KEY_OF(TL_FLOAT64, uint64_t, uint64_t, 64, floating_key<uint64_t>(v, 0x7ff0000000000000u))
TL_KEY_OF(TL_FLOAT32, uint32_t, uint32_t, 32, floating_key<uint32_t>(v, 0x7f800000u))
TL_KEY_OF(TL_FLOAT16, uint16_t, uint32_t, 16, floating_key<uint16_t>(v, 0x7c00u))
TL_KEY_OF(TL_BFLOAT16, uint16_t, uint32_t, 16, floating_key<uint16_t>(v, 0x7f80u))
TL_KEY_OF(TL_INT64, uint64_t, uint64_t, 64, v ^ 0x8000000000000000u)
TL_KEY_OF(TL_INT32, uint32_t, uint32_t, 32, v ^ 0x80000000u)
TL_KEY_OF(TL_INT16, uint16_t, uint32_t, 16, v ^ 0x8000u)
TL_KEY_OF(TL_INT8, uint8_t, uint32_t, 8, v ^ 0x80u)
TL_KEY_OF(TL_UINT8, uint8_t, uint32_t, 8, v)
TL_KEY_OF(TL_BOOL, uint8_t, uint32_t, 8, v != 0)
#undef TL_KEY_OF

/// Calls body with the KeyOf of the dtype.
template <class Body>
inline void with_key_type(int32_t dtype, Body&& body) {
    switch (dtype) {
    case TL_FLOAT64: return body(KeyOf<TL_FLOAT64>());
    case TL_FLOAT32: return body(KeyOf<TL_FLOAT32>());
    case TL_FLOAT16: return body(KeyOf<TL_FLOAT16>());
    case TL_BFLOAT16: return body(KeyOf<TL_BFLOAT16>());
    case TL_INT64: return body(KeyOf<TL_INT64>());
    case TL_INT32: return body(KeyOf<TL_INT32>());
    case TL_INT16: return body(KeyOf<TL_INT16>());
    case TL_INT8: return body(KeyOf<TL_INT8>());
    case TL_UINT8: return body(KeyOf<TL_UINT8>());
    case TL_BOOL: return body(KeyOf<TL_BOOL>());
    }
}

} // namespace tl

#endif
