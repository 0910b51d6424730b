// The block formats of ggml. Numbers of 4 and 5 bits have scales for 32 of them; the K formats have blocks of 256 with
// scales of 6 or 8 bits for 32 or 16.
#include "tl_files.h"
#include <bit>
#include <cstring>

namespace {

enum Type { q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q4_k = 12, q5_k = 13, q6_k = 14 };

uint16_t half_bits(const uint8_t* at) { return uint16_t(at[0] | at[1] << 8); }

float half(const uint8_t* at) {
    const uint16_t bits = half_bits(at);
    // The exponent moves by 112; infinities and NaN keep theirs.
    const uint32_t magnitude = uint32_t(bits & 0x7fff) << 13, sign = uint32_t(bits & 0x8000) << 16;
    const uint32_t finite = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
    return std::bit_cast<float>((magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : finite) | sign);
}

/// 32 numbers of 4 bits: those of the low halves of 16 bytes come first.
void halves(const uint8_t* bytes, int* codes) {
    for (int i = 0; i < 16; i++) {
        codes[i] = bytes[i] & 15;
        codes[i + 16] = bytes[i] >> 4;
    }
}

void decode_q4(const uint8_t* block, bool has_offset, float* out) {
    const float scale = half(block), offset = has_offset ? half(block + 2) : 0;
    int codes[32];
    halves(block + (has_offset ? 4 : 2), codes);
    for (int i = 0; i < 32; i++) out[i] = has_offset ? codes[i] * scale + offset : (codes[i] - 8) * scale;
}

void decode_q5(const uint8_t* block, bool has_offset, float* out) {
    const float scale = half(block), offset = has_offset ? half(block + 2) : 0;
    const uint8_t* at = block + (has_offset ? 4 : 2);
    uint32_t fifth = 0;
    for (int i = 0; i < 4; i++) fifth |= uint32_t(at[i]) << (8 * i);
    int codes[32];
    halves(at + 4, codes);
    for (int i = 0; i < 32; i++) {
        const int code = codes[i] | int(fifth >> i & 1) << 4;
        out[i] = has_offset ? code * scale + offset : (code - 16) * scale;
    }
}

void decode_q8(const uint8_t* block, float* out) {
    const float scale = half(block);
    for (int i = 0; i < 32; i++) out[i] = int8_t(block[2 + i]) * scale;
}

/// The scale and the minimum of sub-block `i` of eight, of 6 bits each, packed into 12 bytes.
void sub_block(const uint8_t* packed, int i, int* scale, int* minimum) {
    if (i < 4) {
        *scale = packed[i] & 63;
        *minimum = packed[i + 4] & 63;
    } else {
        *scale = (packed[i + 4] & 15) | packed[i - 4] >> 6 << 4;
        *minimum = packed[i + 4] >> 4 | packed[i] >> 6 << 4;
    }
}

/// Q4_K and Q5_K: eight sub-blocks of 32; two share 32 bytes, and all share 32 bytes of fifth bits.
void decode_k(const uint8_t* block, bool has_fifth, float* out) {
    const float scale = half(block), minimum = half(block + 2);
    const uint8_t *packed = block + 4, *fifth = block + 16, *codes = block + (has_fifth ? 48 : 16);
    for (int i = 0; i < 8; i++) {
        int factor, least;
        sub_block(packed, i, &factor, &least);
        const float step = scale * factor, offset = minimum * least;
        const uint8_t* bytes = codes + i / 2 * 32;
        for (int j = 0; j < 32; j++) {
            int code = i % 2 ? bytes[j] >> 4 : bytes[j] & 15;
            if (has_fifth) code |= (fifth[j] >> i & 1) << 4;
            out[32 * i + j] = step * code - offset;
        }
    }
}

/// Q6_K: two halves of 128; the low 4 bits of 64 numbers share 64 bytes twice, the high 2 bits of four share a byte.
void decode_q6_k(const uint8_t* block, float* out) {
    const uint8_t *low = block, *high = block + 128, *factors = block + 192;
    const float scale = half(block + 208);
    for (int part = 0; part < 2; part++, low += 64, high += 32, factors += 8, out += 128)
        for (int quarter = 0; quarter < 4; quarter++)
            for (int i = 0; i < 32; i++) {
                const uint8_t byte = low[quarter % 2 * 32 + i];
                const int code = (quarter < 2 ? byte & 15 : byte >> 4) | (high[i] >> (2 * quarter) & 3) << 4;
                out[quarter * 32 + i] = scale * int8_t(factors[quarter * 2 + i / 16]) * (code - 32);
            }
}

} // namespace

int32_t tl_gguf_decode(int32_t type, const void* blocks, int64_t count, float* out) {
    const uint8_t* block = static_cast<const uint8_t*>(blocks);
    switch (type) {
    case q4_0:
        for (int64_t i = 0; i < count; i++) decode_q4(block + i * 18, false, out + i * 32);
        return 0;
    case q4_1:
        for (int64_t i = 0; i < count; i++) decode_q4(block + i * 20, true, out + i * 32);
        return 0;
    case q5_0:
        for (int64_t i = 0; i < count; i++) decode_q5(block + i * 22, false, out + i * 32);
        return 0;
    case q5_1:
        for (int64_t i = 0; i < count; i++) decode_q5(block + i * 24, true, out + i * 32);
        return 0;
    case q8_0:
        for (int64_t i = 0; i < count; i++) decode_q8(block + i * 34, out + i * 32);
        return 0;
    case q4_k:
        for (int64_t i = 0; i < count; i++) decode_k(block + i * 144, false, out + i * 256);
        return 0;
    case q5_k:
        for (int64_t i = 0; i < count; i++) decode_k(block + i * 176, true, out + i * 256);
        return 0;
    case q6_k:
        for (int64_t i = 0; i < count; i++) decode_q6_k(block + i * 210, out + i * 256);
        return 0;
    default: return -1;
    }
}

int32_t tl_gguf_split(int32_t type, const void* blocks, int64_t count, uint8_t* codes, uint16_t* scales,
                      uint16_t* offsets) {
    const uint8_t* block = static_cast<const uint8_t*>(blocks);
    const int64_t size = type == q8_0 ? 34 : type == q4_0 ? 18 : type == q4_1 ? 20 : 0;
    if (size == 0) return -1;
    for (int64_t i = 0; i < count; i++, block += size, codes += 32) {
        scales[i] = half_bits(block);
        if (type == q4_1) offsets[i] = half_bits(block + 2);
        if (type == q8_0) {
            for (int j = 0; j < 32; j++) codes[j] = uint8_t(block[2 + j] ^ 0x80);
        } else {
            int numbers[32];
            halves(block + (type == q4_1 ? 4 : 2), numbers);
            for (int j = 0; j < 32; j++) codes[j] = uint8_t(numbers[j]);
        }
    }
    return 0;
}
