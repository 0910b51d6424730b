// Functions in C++ for files and datasets: checksums, writing without the page cache, and batches of
// stored samples. All of it is host memory.
#ifndef TL_FILES_H
#define TL_FILES_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Continues a CRC-32 (zip's and gzip's, as zlib's crc32 counts it) over `count` bytes, several times as fast as zlib
/// and on several threads. Returns 0, and does nothing, on CPUs without the PCLMULQDQ and SSE4.1 instructions.
int32_t tl_crc32(uint32_t* crc, const void* bytes, size_t count);

/// Makes writes to an open file bypass the page cache, or use it again; offsets and sizes must then be multiples of
/// 4096. Returns 0 or an errno where the file system cannot.
int32_t tl_write_directly(int32_t file, int32_t directly);

/// Starts writing a part of a file to the device and returns at once, so that a flush at the end finds little left to
/// do.
void tl_start_write_back(int32_t file, int64_t offset, int64_t count);

/// Rows of bytes picked by number and replaced byte by byte through a table of 256 numbers:
/// out[i * width + j] = table[rows[index[i] * width + j]]. The indices are checked already.
void tl_lookup_rows(const uint8_t* rows, int64_t width, const int64_t* index, int64_t count, const float* table,
                    float* out);
/// The same without a table: `width` bytes a row.
void tl_copy_rows(const void* rows, int64_t width, const int64_t* index, int64_t count, void* out);

/// Decodes blocks of quantised numbers of a GGUF file to float32. `type` is the number of the type in the format; the
/// types of blocks Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K are known. Returns 0, or -1 for another type.
int32_t tl_gguf_decode(int32_t type, const void* blocks, int64_t count, float* out);
/// Takes blocks of Q8_0, Q4_0 or Q4_1 apart: 32 codes from 0 for each block, and its scale and offset as float16. The
/// code of the number 0 is 128 of Q8_0 and 8 of Q4_0. `offsets` is only written for Q4_1. Returns 0, or -1 for another
/// type.
int32_t tl_gguf_split(int32_t type, const void* blocks, int64_t count, uint8_t* codes, uint16_t* scales,
                      uint16_t* offsets);

#ifdef __cplusplus
}
#endif

#endif
