// Reductions of complex numbers: by those of their parts, or of whole elements.
#ifndef TL_REDUCE_COMPLEX_H
#define TL_REDUCE_COMPLEX_H
#include "Support/Convert.h"
#include "include/tl_reduce.h"

namespace tl {

/// A complex tensor as a real tensor of its parts, with a dimension of size 2 for them before dimension `dim`.
struct Parts {
    int64_t shape[TL_MAX_RANK + 1], strides[TL_MAX_RANK + 1];

    Parts(const tl_tensor& x, int dim) {
        for (int d = 0; d <= x.rank; ++d) {
            shape[d] = d == dim ? 2 : x.shape[d - (d > dim)];
            strides[d] = d == dim ? 1 : 2 * x.strides[d - (d > dim)];
        }
        tensor = {x.data, shape, strides, x.rank + 1, part_dtype(x.dtype), TL_DEVICE_CPU};
    }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
    const tl_tensor* get() const { return &tensor; }

  private:
    tl_tensor tensor;
};

/// `tl_reduce` of complex numbers.
void reduce_complex(int32_t op, const tl_tensor& x, int32_t reduced, const tl_tensor& out);
/// `tl_scan` of complex numbers: sums and products.
void scan_complex(int32_t op, const tl_tensor& x, const tl_tensor& out);
void linear_scan_complex(const tl_tensor& x, const tl_tensor& factors, const tl_tensor& out);

} // namespace tl

#endif
