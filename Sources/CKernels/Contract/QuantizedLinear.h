// Products with weights of 8 or 4 bits.
#ifndef TL_QUANTIZED_LINEAR_H
#define TL_QUANTIZED_LINEAR_H
#include <cstdint>

namespace tl {

/// The number of output features per panel, whose codes are interleaved so that a vector register has one sum for each.
constexpr int64_t panel_rows = 16;
/// The number of input features that share a scale if the input is rounded to int8. The width is a multiple of it.
constexpr int64_t input_block = 32;

/// The weights: w = scale * (code - zero), or scale * code + offset with offsets. Layout of 8-bit codes: [panels, width
/// / 4, 16 rows, 4 columns]; of 4-bit codes: [panels, width / 8, 16 rows, 4 columns] with the first four columns in the
/// low halves of the bytes; of scales and offsets: [panels, groups, 16 rows].
struct QuantizedWeights {
    const uint8_t* codes;
    const void *scales, *offsets;  // offsets may be NULL
    int32_t scale_dtype;
    int64_t rows, columns;          // output and input features
    int64_t blocks;                 // of 32 columns, the last one zero-padded
    int64_t group_blocks, groups;   // blocks that share a scale
    int32_t bits;
};

/// Rows of an input rounded to int8: x = scale * code in each block of 32 columns.
struct RoundedRows {
    int8_t* codes;    // [rows, blocks * 32]
    int16_t* pairs;   // the codes in the order 0, 2, 1, 3 of each four columns, or NULL
    float* scales;    // [rows, blocks]
    int32_t* sums;    // sums of the codes, [rows, blocks]
    int64_t blocks;
};

/// The result: float32 [rows, columns] with contiguous rows.
struct QuantizedResult {
    float* data;
    int64_t row_stride;
    const float* bias;  // may be NULL
};

} // namespace tl

#endif
