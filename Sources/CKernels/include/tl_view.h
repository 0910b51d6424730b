// Operations on matrices that do not move elements.
#ifndef TL_VIEW_H
#define TL_VIEW_H
#include "tl_types.h"

/// tril and triu: out[..., i, j] is x[..., i, j] on one side of a diagonal of the last two dimensions, and zero
/// otherwise.
TL_API void tl_triangle(const tl_tensor* x, const tl_tensor* out, int64_t diagonal, bool upper);

#endif
