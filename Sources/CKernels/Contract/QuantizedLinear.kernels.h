namespace tl::TL_ISA {

// The float32 sums of a panel of 16 output features are in 1, 2 or 4 registers.
constexpr int quantized_lanes = TL_VECTOR_BYTES / 4, quantized_parts = 16 / quantized_lanes;
typedef float QuantizedFloats __attribute__((vector_size(TL_VECTOR_BYTES)));
typedef int32_t QuantizedWords __attribute__((vector_size(TL_VECTOR_BYTES)));
typedef uint32_t QuantizedBits __attribute__((vector_size(TL_VECTOR_BYTES)));
typedef uint32_t LooseQuantizedBits __attribute__((vector_size(TL_VECTOR_BYTES), aligned(1)));
typedef float LooseQuantizedFloats __attribute__((vector_size(TL_VECTOR_BYTES), aligned(4)));

/// The number of input rows whose sums fit in the registers.
constexpr int quantized_tile = TL_VECTOR_BYTES == 64 ? 8 : TL_VECTOR_BYTES == 32 ? 2 : 1;

/// Whether products of 8-bit codes read the input as int16, because the instructions for byte products saturate.
constexpr bool multiplies_pairs(int bits) { return bits == 8 && TL_VECTOR_BYTES >= 32 && !TL_HAS_VNNI; }

static inline __attribute__((always_inline)) QuantizedFloats quantized_set(float value) {
    return value - QuantizedFloats{};
}

/// Adds to each 32-bit element the product of its four codes with four columns of the input.
template <int bits>
static inline __attribute__((always_inline)) QuantizedWords add_products(QuantizedWords sum, QuantizedBits codes,
                                                                         const RoundedRows& x, int64_t column) {
#if TL_HAS_VNNI
    int32_t four;
    __builtin_memcpy(&four, x.codes + column, 4);
    return (QuantizedWords)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)codes, _mm512_set1_epi32(four));
#elif TL_VECTOR_BYTES == 64
    if constexpr (bits == 8) {
        int32_t even, odd;
        __builtin_memcpy(&even, x.pairs + column, 4);
        __builtin_memcpy(&odd, x.pairs + column + 2, 4);
        const __m512i low = _mm512_and_si512((__m512i)codes, _mm512_set1_epi16(0xff));
        const __m512i high = _mm512_srli_epi16((__m512i)codes, 8);
        return sum + (QuantizedWords)_mm512_madd_epi16(low, _mm512_set1_epi32(even)) +
               (QuantizedWords)_mm512_madd_epi16(high, _mm512_set1_epi32(odd));
    } else {
        int32_t four;
        __builtin_memcpy(&four, x.codes + column, 4);
        const __m512i products = _mm512_maddubs_epi16((__m512i)codes, _mm512_set1_epi32(four));
        return sum + (QuantizedWords)_mm512_madd_epi16(products, _mm512_set1_epi16(1));
    }
#elif TL_VECTOR_BYTES == 32
    if constexpr (bits == 8) {
        int32_t even, odd;
        __builtin_memcpy(&even, x.pairs + column, 4);
        __builtin_memcpy(&odd, x.pairs + column + 2, 4);
        const __m256i low = _mm256_and_si256((__m256i)codes, _mm256_set1_epi16(0xff));
        const __m256i high = _mm256_srli_epi16((__m256i)codes, 8);
        return sum + (QuantizedWords)_mm256_madd_epi16(low, _mm256_set1_epi32(even)) +
               (QuantizedWords)_mm256_madd_epi16(high, _mm256_set1_epi32(odd));
    } else {
        int32_t four;
        __builtin_memcpy(&four, x.codes + column, 4);
        const __m256i products = _mm256_maddubs_epi16((__m256i)codes, _mm256_set1_epi32(four));
        return sum + (QuantizedWords)_mm256_madd_epi16(products, _mm256_set1_epi16(1));
    }
#else
    for (int i = 0; i < 4; i++)
        sum += (QuantizedWords)((codes >> (8 * i)) & 0xff) * int32_t(x.codes[column + i]);
    return sum;
#endif
}

static inline float widen_scale(uint16_t bits, int32_t dtype) {
    if (dtype == TL_BFLOAT16) return __builtin_bit_cast(float, uint32_t(bits) << 16);
#if TL_HAS_HALF
    return static_cast<float>(__builtin_bit_cast(_Float16, bits));
#else
    // The exponent bias differs by 112; infinities and NaN keep their exponent.
    const uint32_t magnitude = uint32_t(bits & 0x7fff) << 13, sign = uint32_t(bits & 0x8000) << 16;
    const uint32_t finite = __builtin_bit_cast(uint32_t, __builtin_bit_cast(float, magnitude) * 0x1p112f);
    return __builtin_bit_cast(float, (magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : finite) | sign);
#endif
}

/// Loads the 16 scales or offsets of a group.
static inline __attribute__((always_inline)) void load_scales(const void* base, int32_t dtype, int64_t index,
                                                              QuantizedFloats* scales) {
    alignas(64) float values[16];
    if (dtype == TL_FLOAT32) {
        __builtin_memcpy(values, static_cast<const float*>(base) + index * 16, sizeof values);
    } else {
        const uint16_t* bits = static_cast<const uint16_t*>(base) + index * 16;
        if (dtype == TL_BFLOAT16)
            for (int i = 0; i < 16; i++) values[i] = widen_scale(bits[i], TL_BFLOAT16);
        else
            for (int i = 0; i < 16; i++) values[i] = widen_scale(bits[i], TL_FLOAT16);
    }
    for (int p = 0; p < quantized_parts; p++)
        __builtin_memcpy(scales + p, values + p * quantized_lanes, TL_VECTOR_BYTES);
}

/// Stores the sums of a panel, without those of padding features.
static inline void store_panel(const QuantizedWeights& w, const QuantizedResult& out, int64_t panel, int64_t row,
                               const QuantizedFloats* sums) {
    alignas(64) float values[16];
    __builtin_memcpy(values, sums, sizeof values);
    const int64_t first = panel * 16, count = w.rows - first < 16 ? w.rows - first : 16;
    float* to = out.data + row * out.row_stride + first;
    if (out.bias)
        for (int64_t i = 0; i < count; i++) to[i] = values[i] + out.bias[first + i];
    else
        for (int64_t i = 0; i < count; i++) to[i] = values[i];
}

/// The products of `rows` input rows with a panel, in integers within blocks of 32 columns.
template <int rows, int bits>
static void integer_tile(const QuantizedWeights& w, const RoundedRows& x, const QuantizedResult& out, int64_t panel,
                         int64_t row) {
    constexpr int parts = quantized_parts, steps = bits == 8 ? 8 : 4;
    RoundedRows lines[rows];
    for (int r = 0; r < rows; r++) {
        const int64_t line = row + r;
        lines[r] = {x.codes + line * x.blocks * 32, x.pairs ? x.pairs + line * x.blocks * 32 : nullptr,
                    x.scales + line * x.blocks, x.sums + line * x.blocks, x.blocks};
    }
    QuantizedFloats total[rows][parts] = {};
    const uint8_t* codes = w.codes + panel * w.blocks * steps * 64;
    int64_t block = 0;
    for (int64_t group = 0; group < w.groups; group++) {
        QuantizedFloats part[rows][parts] = {};
        float sums[rows] = {};
        const int64_t end = block + w.group_blocks < w.blocks ? block + w.group_blocks : w.blocks;
        for (; block < end; block++) {
            QuantizedWords dot[rows][parts];
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) {
                const int32_t sum = lines[r].sums[block];
                const int32_t start = w.offsets ? 0 : -(bits == 8 ? 128 : 8) * sum;
                if (w.offsets) sums[r] += lines[r].scales[block] * float(sum);
#pragma clang loop unroll(full)
                for (int p = 0; p < parts; p++) dot[r][p] = start - QuantizedWords{};
            }
#pragma clang loop unroll(full)
            for (int step = 0; step < steps; step++, codes += 64) {
#pragma clang loop unroll(full)
                for (int p = 0; p < parts; p++) {
                    const QuantizedBits loaded =
                        *reinterpret_cast<const LooseQuantizedBits*>(codes + p * TL_VECTOR_BYTES);
                    const int64_t column = block * 32 + step * (bits == 8 ? 4 : 8);
                    const QuantizedBits low = bits == 8 ? loaded : loaded & 0x0f0f0f0f;
                    const QuantizedBits high = (loaded >> 4) & 0x0f0f0f0f;
#pragma clang loop unroll(full)
                    for (int r = 0; r < rows; r++) {
                        dot[r][p] = add_products<bits>(dot[r][p], low, lines[r], column);
                        if constexpr (bits == 4) dot[r][p] = add_products<bits>(dot[r][p], high, lines[r], column + 4);
                    }
                }
            }
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
                for (int p = 0; p < parts; p++)
                    part[r][p] += __builtin_convertvector(dot[r][p], QuantizedFloats) * lines[r].scales[block];
        }
        QuantizedFloats scales[parts], offsets[parts];
        load_scales(w.scales, w.scale_dtype, panel * w.groups + group, scales);
        if (w.offsets) load_scales(w.offsets, w.scale_dtype, panel * w.groups + group, offsets);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int p = 0; p < parts; p++) {
                total[r][p] += part[r][p] * scales[p];
                if (w.offsets) total[r][p] += offsets[p] * sums[r];
            }
    }
    for (int r = 0; r < rows; r++) store_panel(w, out, panel, row + r, total[r]);
}

/// Decodes 32 columns of a panel: [32, 16].
template <int bits>
static void decode_block(const QuantizedWeights& w, int64_t panel, int64_t block, float* decoded, int64_t row_stride) {
    constexpr int parts = quantized_parts, steps = bits == 8 ? 8 : 4;
    const int64_t group = block / w.group_blocks;
    QuantizedFloats scales[parts], offsets[parts];
    load_scales(w.scales, w.scale_dtype, panel * w.groups + group, scales);
    if (w.offsets) load_scales(w.offsets, w.scale_dtype, panel * w.groups + group, offsets);
    else
        for (int p = 0; p < parts; p++) offsets[p] = quantized_set(0);
    const float zero = w.offsets ? 0 : bits == 8 ? 128 : 8;
    const uint8_t* codes = w.codes + (panel * w.blocks + block) * steps * 64;
    for (int step = 0; step < steps; step++)
        for (int p = 0; p < parts; p++) {
            const QuantizedBits loaded =
                *reinterpret_cast<const LooseQuantizedBits*>(codes + step * 64 + p * TL_VECTOR_BYTES);
            for (int i = 0; i < 32 / steps; i++) {
                const QuantizedBits code = bits == 8 ? (loaded >> (8 * i)) & 0xff
                                                     : (loaded >> (8 * (i % 4) + 4 * (i / 4))) & 0x0f;
                const QuantizedFloats value = __builtin_convertvector((QuantizedWords)code, QuantizedFloats) - zero;
                float* to = decoded + (step * (32 / steps) + i) * row_stride + p * quantized_lanes;
                *reinterpret_cast<LooseQuantizedFloats*>(to) = value * scales[p] + offsets[p];
            }
        }
}

/// The products of `rows` float32 input rows with a panel, which is decoded in registers.
template <int rows, int bits>
static void float_tile(const QuantizedWeights& w, const float* x, int64_t x_stride, const QuantizedResult& out,
                       int64_t panel, int64_t row) {
    constexpr int parts = quantized_parts;
    QuantizedFloats total[rows][parts] = {};
    alignas(64) float decoded[32 * 16];
    const float* lines = x + row * x_stride;
    for (int64_t block = 0; block < w.blocks; block++) {
        decode_block<bits>(w, panel, block, decoded, 16);
        const int64_t left = w.columns - block * 32, count = left < 32 ? left : 32;
        for (int64_t i = 0; i < count; i++)
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
                for (int p = 0; p < parts; p++)
                    total[r][p] += *reinterpret_cast<const QuantizedFloats*>(decoded + i * 16 + p * quantized_lanes) *
                                   lines[r * x_stride + block * 32 + i];
    }
    for (int r = 0; r < rows; r++) store_panel(w, out, panel, row + r, total[r]);
}

template <int bits>
static void integer_panels(const QuantizedWeights& w, const RoundedRows& x, const QuantizedResult& out, int64_t rows,
                           int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
        int64_t row = 0;
        if constexpr (quantized_tile >= 8)
            for (; row + 8 <= rows; row += 8) integer_tile<8, bits>(w, x, out, panel, row);
        if constexpr (quantized_tile >= 4)
            for (; row + 4 <= rows; row += 4) integer_tile<4, bits>(w, x, out, panel, row);
        if constexpr (quantized_tile >= 2)
            for (; row + 2 <= rows; row += 2) integer_tile<2, bits>(w, x, out, panel, row);
        for (; row < rows; row++) integer_tile<1, bits>(w, x, out, panel, row);
    }
}

template <int bits>
static void float_panels(const QuantizedWeights& w, const float* x, int64_t x_stride, const QuantizedResult& out,
                         int64_t rows, int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
        int64_t row = 0;
        if constexpr (quantized_tile >= 8)
            for (; row + 8 <= rows; row += 8) float_tile<8, bits>(w, x, x_stride, out, panel, row);
        for (; row + 2 <= rows; row += 2) float_tile<2, bits>(w, x, x_stride, out, panel, row);
        for (; row < rows; row++) float_tile<1, bits>(w, x, x_stride, out, panel, row);
    }
}

static void quantized_integer(const QuantizedWeights& w, const RoundedRows& x, const QuantizedResult& out,
                              int64_t rows, int64_t begin, int64_t end) {
    if (w.bits == 8) integer_panels<8>(w, x, out, rows, begin, end);
    else integer_panels<4>(w, x, out, rows, begin, end);
}

static void quantized_float(const QuantizedWeights& w, const float* x, int64_t x_stride, const QuantizedResult& out,
                            int64_t rows, int64_t begin, int64_t end) {
    if (w.bits == 8) float_panels<8>(w, x, x_stride, out, rows, begin, end);
    else float_panels<4>(w, x, x_stride, out, rows, begin, end);
}

/// Decodes panels to a matrix [blocks * 32, columns of `decoded`], one column per output feature from `first`.
static void decode_panels(const QuantizedWeights& w, int64_t first, float* decoded, int64_t row_stride, int64_t begin,
                          int64_t end) {
    for (int64_t panel = begin; panel < end; panel++)
        for (int64_t block = 0; block < w.blocks; block++) {
            float* to = decoded + block * 32 * row_stride + (panel - first) * 16;
            if (w.bits == 8) decode_block<8>(w, panel, block, to, row_stride);
            else decode_block<4>(w, panel, block, to, row_stride);
        }
}

/// Whether the products of this instruction set read `RoundedRows::pairs`.
static bool quantized_pairs(int32_t bits) { return multiplies_pairs(bits); }

/// Rounds a row to int8, each block of 32 columns with the scale max|x| / 127. The scale of a block with an infinity or
/// NaN is NaN.
static void round_row(const float* x, int64_t columns, const RoundedRows& rounded, int64_t row) {
    for (int64_t block = 0; block < rounded.blocks; block++) {
        alignas(64) float values[32] = {};
        const int64_t left = columns - block * 32, count = left < 32 ? left : 32;
        __builtin_memcpy(values, x + block * 32, size_t(count) * sizeof(float));
        // The bits are ordered like magnitudes, with infinity and NaN above all numbers.
        uint32_t largest = 0;
        for (int i = 0; i < 32; i++) {
            const uint32_t magnitude = __builtin_bit_cast(uint32_t, values[i]) & 0x7fffffffu;
            largest = magnitude > largest ? magnitude : largest;
        }
        const bool is_finite = largest < 0x7f800000u;
        const float most = __builtin_bit_cast(float, largest);
        float scale = most / 127, inverse = most > 0x1p-120f ? 127 / most : 0;
        if (!is_finite) {
            scale = __builtin_nanf("");
            inverse = 0;
        }
        const int64_t index = row * rounded.blocks + block;
        int8_t* codes = rounded.codes + index * 32;
        int32_t sum = 0;
        int32_t words[32];
        for (int i = 0; i < 32; i++) {
            // Adding 1.5 * 2^23 rounds to an integer, ties to even.
            const float shifted = (is_finite ? values[i] * inverse : 0) + 0x1.8p23f;
            words[i] = __builtin_bit_cast(int32_t, shifted) - 0x4b400000;
            sum += words[i];
        }
        for (int i = 0; i < 32; i++) codes[i] = int8_t(words[i]);
        if (rounded.pairs) {
            int16_t* pairs = rounded.pairs + index * 32;
            for (int i = 0; i < 32; i += 4) {
                pairs[i] = int16_t(words[i]);
                pairs[i + 1] = int16_t(words[i + 2]);
                pairs[i + 2] = int16_t(words[i + 1]);
                pairs[i + 3] = int16_t(words[i + 3]);
            }
        }
        rounded.scales[index] = scale;
        rounded.sums[index] = sum;
    }
}

} // namespace tl::TL_ISA
