// Turning stored samples into batches.
#ifndef TL_DATA_H
#define TL_DATA_H
#include "tl_types.h"

/// Rows of bytes picked by number and replaced byte by byte through a table of 256 numbers:
/// out[i * width + j] = table[rows[index[i] * width + j]]. The indices are checked already.
TL_API void tl_lookup_rows(const uint8_t* rows, int64_t width, const int64_t* index, int64_t count, const float* table,
                           float* out);
/// The same without a table: `width` bytes a row.
TL_API void tl_copy_rows(const void* rows, int64_t width, const int64_t* index, int64_t count, void* out);

#endif
