// Products with weights of 8 or 4 bits.
#ifndef TL_QUANTIZED_LINEAR_H
#define TL_QUANTIZED_LINEAR_H
#include <cstdint>

namespace tl {

/// The number of output features whose codes lie side by side, so that a vector register holds one sum for each.
constexpr int64_t panel_rows = 16;
/// The number of input features that share a scale where the input is rounded to int8, and of which rows are a multiple.
constexpr int64_t input_block = 32;

/// The weights: w = scale * (code - zero), or scale * code + offset where there are offsets. Codes of 8 bits lie as
/// [panels, width / 4, 16 rows, 4 columns], of 4 bits as [panels, width / 8, 16 rows, 4 columns] with the first four
/// columns in the low halves of the bytes; scales and offsets as [panels, groups, 16 rows].
struct QuantizedWeights {
    const uint8_t* codes;
    const void *scales, *offsets;  // offsets or NULL
    int32_t scale_dtype;
    int64_t rows, columns;          // features out and in
    int64_t blocks;                 // of 32 columns, the last one filled up
    int64_t group_blocks, groups;   // blocks that share a scale
    int32_t bits;
};

/// Rows of an input, rounded to int8: x = scale * code in each block of 32 columns.
struct RoundedRows {
    int8_t* codes;    // [rows, blocks * 32]
    int16_t* pairs;   // the same in the order 0, 2, 1, 3 of each four columns, or NULL
    float* scales;    // [rows, blocks]
    int32_t* sums;    // [rows, blocks], of the codes
    int64_t blocks;
};

/// Where results go: float32 [rows, columns] with dense rows.
struct QuantizedResult {
    float* data;
    int64_t row_stride;
    const float* bias;  // or NULL
};

} // namespace tl

#endif
