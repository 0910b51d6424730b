#include "tl_digits.h"

// `#embed` is C23; clang knows it in every mode and warns that it is newer than the others.
#pragma clang diagnostic ignored "-Wc23-extensions"

const unsigned char tl_digits_images[] = {
#embed "digits-images-idx3-ubyte.gz"
};
const size_t tl_digits_images_count = sizeof tl_digits_images;

const unsigned char tl_digits_labels[] = {
#embed "digits-labels-idx1-ubyte.gz"
};
const size_t tl_digits_labels_count = sizeof tl_digits_labels;
