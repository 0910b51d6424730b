// The 1,797 handwritten digits of 8x8 pixels that ship with the package, as two gzip streams of IDX files.
// Where they come from and under which licence: ../README.md.

#ifndef TL_DIGITS_H
#define TL_DIGITS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The images: uint8 [1797, 8, 8], values 0 to 16. `count` becomes the number of bytes.
const unsigned char* tl_digits_images(size_t* count);
/// The labels: uint8 [1797], values 0 to 9.
const unsigned char* tl_digits_labels(size_t* count);

#ifdef __cplusplus
}
#endif

#endif
