// Operations on matrices that keep each element where it is.
#ifndef TL_VIEW_H
#define TL_VIEW_H
#include "tl_types.h"

/// out[..., i, j] *= or zero by diagonal, for tril and triu over the last two dimensions.
TL_API void tl_triangle(const tl_tensor* x, const tl_tensor* out, int64_t diagonal, bool upper);

#endif
