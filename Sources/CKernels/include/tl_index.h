// Gathering, scattering, sorting. Indices are int64 and must be non-negative unless stated otherwise; a function that
// checks them returns the flat index of the first bad one, or -1 if all are valid.
#ifndef TL_INDEX_H
#define TL_INDEX_H
#include "tl_types.h"

/// -1, or the flat (row-major) index of the first element outside [low, high).
TL_API int64_t tl_check_indices(const tl_tensor* indices, int64_t low, int64_t high);

/// out[o, i, n] = x[o, index[i], n]: rank 3 views around one dimension; index is 1-d and checked, negative indices
/// wrap.
TL_API void tl_index_select(const tl_tensor* x, const tl_tensor* index, const tl_tensor* out);
/// out[o, index[i], n] += x[o, i, n]; deterministic: equal indices add in order of i.
TL_API void tl_index_add(const tl_tensor* out, const tl_tensor* index, const tl_tensor* x);
/// Along the last dimension: out[..., j] = x[..., index[..., j]]. Outer sizes of x may exceed those of index.
TL_API void tl_gather(const tl_tensor* x, const tl_tensor* index, const tl_tensor* out);
enum { TL_SCATTER_SET, TL_SCATTER_ADD, TL_SCATTER_MULTIPLY, TL_SCATTER_MAX, TL_SCATTER_MIN };
/// Along the last dimension: out[..., index[..., j]] op= source[..., j].
TL_API void tl_scatter(int32_t op, const tl_tensor* out, const tl_tensor* index, const tl_tensor* source);

/// Advanced indexing with `count` index tensors, broadcast to one shape I: x is viewed as [indexed dims..., rest...],
/// out is [I..., rest...]. Negative indices wrap; indices are checked before.
TL_API void tl_index_get(const tl_tensor* x, const tl_tensor* const* indices, int32_t count, const tl_tensor* out);
TL_API void tl_index_put(const tl_tensor* x, const tl_tensor* const* indices, int32_t count, const tl_tensor* values,
                         bool accumulate);
/// The number of true elements; and their indices as rows [count, rank] of int64, in row-major order.
TL_API int64_t tl_count_nonzero(const tl_tensor* x);
TL_API void tl_nonzero(const tl_tensor* x, const tl_tensor* out);
/// out = x where mask is true, in row-major order; the inverse writes source there.
TL_API void tl_masked_select(const tl_tensor* x, const tl_tensor* mask, const tl_tensor* out);
TL_API void tl_masked_scatter(const tl_tensor* out, const tl_tensor* mask, const tl_tensor* source);

/// Sorts along the last dimension; NaN counts as largest. Stable. values and indices have the shape of x.
TL_API void tl_sort(const tl_tensor* x, bool descending, const tl_tensor* values, const tl_tensor* indices);
/// The k largest or smallest along the last dimension, sorted; k is the last size of values. For ties the lower index
/// is first.
TL_API void tl_topk(const tl_tensor* x, bool largest, const tl_tensor* values, const tl_tensor* indices);

/// out[..., j] = the number of elements of the sorted row sequence[...] that are less than values[..., j], or with
/// `right` less or equal. The leading sizes of the three are equal; NaN is largest; out is int32 or int64.
TL_API void tl_search_sorted(const tl_tensor* sequence, const tl_tensor* values, const tl_tensor* out, bool right);
/// The indices of the rows of a contiguous matrix in lexicographic order; equal rows in order of index. NaN is largest.
TL_API void tl_row_order(const tl_tensor* x, const tl_tensor* out);

#endif
