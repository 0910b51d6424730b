// Functions of PyTorch that order or count elements, for which Torchlight has methods, and functions with the dimension
// without a label.
// The documentation of each is that of the form which it calls.

/// Returns `x.amax(dim: dim, keepdim: keepdim)`.
public func amax(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false
) -> Tensor {
    x.amax(dim: dim, keepdim: keepdim)
}

/// Returns `x.amax(dim: dim, keepdim: keepdim)`.
public func amax(_ x: Tensor, _ dim: [Int], keepdim: Bool = false) -> Tensor { x.amax(dim: dim, keepdim: keepdim) }

/// Returns `x.amax(dim: dim, keepdim: keepdim)`.
public func amax(_ x: Tensor, dim: Int, keepdim: Bool = false) -> Tensor { x.amax(dim: dim, keepdim: keepdim) }

/// Returns `x.amax(dim: dim, keepdim: keepdim)`.
public func amax(_ x: Tensor, _ dim: Int, keepdim: Bool = false) -> Tensor { x.amax(dim: dim, keepdim: keepdim) }

/// Returns `x.amin(dim: dim, keepdim: keepdim)`.
public func amin(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false
) -> Tensor {
    x.amin(dim: dim, keepdim: keepdim)
}

/// Returns `x.amin(dim: dim, keepdim: keepdim)`.
public func amin(_ x: Tensor, _ dim: [Int], keepdim: Bool = false) -> Tensor { x.amin(dim: dim, keepdim: keepdim) }

/// Returns `x.amin(dim: dim, keepdim: keepdim)`.
public func amin(_ x: Tensor, dim: Int, keepdim: Bool = false) -> Tensor { x.amin(dim: dim, keepdim: keepdim) }

/// Returns `x.amin(dim: dim, keepdim: keepdim)`.
public func amin(_ x: Tensor, _ dim: Int, keepdim: Bool = false) -> Tensor { x.amin(dim: dim, keepdim: keepdim) }

/// Returns `x.aminmax(dim: dim, keepdim: keepdim)`.
public func aminmax(
    _ x: Tensor, dim: Int? = nil, keepdim: Bool = false
) -> (min: Tensor, max: Tensor) {
    x.aminmax(dim: dim, keepdim: keepdim)
}

/// Returns `x.aminmax(dim: dim, keepdim: keepdim)`.
public func aminmax(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> (min: Tensor, max: Tensor) {
    x.aminmax(dim: dim, keepdim: keepdim)
}

/// Returns `x.argmax(dim: dim, keepdim: keepdim)`.
public func argmax(
    _ x: Tensor, dim: Int? = nil, keepdim: Bool = false
) -> Tensor {
    x.argmax(dim: dim, keepdim: keepdim)
}

/// Returns `x.argmax(dim: dim, keepdim: keepdim)`.
public func argmax(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> Tensor {
    x.argmax(dim: dim, keepdim: keepdim)
}

/// Returns `x.argmin(dim: dim, keepdim: keepdim)`.
public func argmin(
    _ x: Tensor, dim: Int? = nil, keepdim: Bool = false
) -> Tensor {
    x.argmin(dim: dim, keepdim: keepdim)
}

/// Returns `x.argmin(dim: dim, keepdim: keepdim)`.
public func argmin(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> Tensor {
    x.argmin(dim: dim, keepdim: keepdim)
}

/// Returns `x.argsort(dim: dim, descending: descending)`.
public func argsort(
    _ x: Tensor, dim: Int = -1, descending: Bool = false
) -> Tensor {
    x.argsort(dim: dim, descending: descending)
}

/// Returns `x.argsort(dim: dim, descending: descending)`.
public func argsort(
    _ x: Tensor, _ dim: Int, descending: Bool = false
) -> Tensor {
    x.argsort(dim: dim, descending: descending)
}

/// Returns `x.bincount(weights: weights, minLength: minLength)`.
public func bincount(
    _ x: Tensor, weights: Tensor? = nil, minLength: Int = 0
) -> Tensor {
    x.bincount(weights: weights, minLength: minLength)
}

/// Returns `x.cummax(dim: dim)`.
public func cummax(_ x: Tensor, dim: Int) -> (values: Tensor, indices: Tensor) { x.cummax(dim: dim) }

/// Returns `x.cummax(dim: dim)`.
public func cummax(_ x: Tensor, _ dim: Int) -> (values: Tensor, indices: Tensor) { x.cummax(dim: dim) }

/// Returns `x.cummin(dim: dim)`.
public func cummin(_ x: Tensor, dim: Int) -> (values: Tensor, indices: Tensor) { x.cummin(dim: dim) }

/// Returns `x.cummin(dim: dim)`.
public func cummin(_ x: Tensor, _ dim: Int) -> (values: Tensor, indices: Tensor) { x.cummin(dim: dim) }

/// Returns `x.histc(bins: bins, min: min, max: max)`.
public func histc(
    _ x: Tensor, bins: Int = 100, min: Double = 0, max: Double = 0
) -> Tensor {
    x.histc(bins: bins, min: min, max: max)
}

/// Returns `x.kthvalue(k, dim: dim, keepdim: keepdim)`.
public func kthvalue(
    _ x: Tensor, _ k: Int, dim: Int = -1, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.kthvalue(k, dim: dim, keepdim: keepdim)
}

/// Returns `x.kthvalue(k, dim: dim, keepdim: keepdim)`.
public func kthvalue(
    _ x: Tensor, _ k: Int, _ dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.kthvalue(k, dim: dim, keepdim: keepdim)
}

/// Returns `x.max(dim: dim, keepdim: keepdim)`.
public func max(
    _ x: Tensor, dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.max(dim: dim, keepdim: keepdim)
}

/// Returns `x.max(dim: dim, keepdim: keepdim)`.
public func max(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.max(dim: dim, keepdim: keepdim)
}

/// Returns `x.max()`.
public func max(_ x: Tensor) -> Tensor { x.max() }

/// Returns `x.median(dim: dim, keepdim: keepdim)`.
public func median(
    _ x: Tensor, dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.median(dim: dim, keepdim: keepdim)
}

/// Returns `x.median(dim: dim, keepdim: keepdim)`.
public func median(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.median(dim: dim, keepdim: keepdim)
}

/// Returns `x.median()`.
public func median(_ x: Tensor) -> Tensor { x.median() }

/// Returns `x.min(dim: dim, keepdim: keepdim)`.
public func min(
    _ x: Tensor, dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.min(dim: dim, keepdim: keepdim)
}

/// Returns `x.min(dim: dim, keepdim: keepdim)`.
public func min(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.min(dim: dim, keepdim: keepdim)
}

/// Returns `x.min()`.
public func min(_ x: Tensor) -> Tensor { x.min() }

/// Returns `x.mode(dim: dim, keepdim: keepdim)`.
public func mode(
    _ x: Tensor, dim: Int = -1, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.mode(dim: dim, keepdim: keepdim)
}

/// Returns `x.mode(dim: dim, keepdim: keepdim)`.
public func mode(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.mode(dim: dim, keepdim: keepdim)
}

/// Returns `x.msort()`.
public func msort(_ x: Tensor) -> Tensor { x.msort() }

/// Returns `x.nanmedian(dim: dim, keepdim: keepdim)`.
public func nanmedian(
    _ x: Tensor, dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.nanmedian(dim: dim, keepdim: keepdim)
}

/// Returns `x.nanmedian(dim: dim, keepdim: keepdim)`.
public func nanmedian(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.nanmedian(dim: dim, keepdim: keepdim)
}

/// Returns `x.nanmedian()`.
public func nanmedian(_ x: Tensor) -> Tensor { x.nanmedian() }

/// Returns `x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func nanquantile(
    _ x: Tensor, _ q: Tensor, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func nanquantile(
    _ x: Tensor, _ q: Tensor, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func nanquantile(
    _ x: Tensor, _ q: Double, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func nanquantile(
    _ x: Tensor, _ q: Double, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func quantile(
    _ x: Tensor, _ q: Tensor, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func quantile(
    _ x: Tensor, _ q: Tensor, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func quantile(
    _ x: Tensor, _ q: Double, dim: Int? = nil, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
public func quantile(
    _ x: Tensor, _ q: Double, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
) -> Tensor {
    x.quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
}

/// Returns `x.searchsorted(values, right: right, outInt32: outInt32, sorter: sorter)`.
public func searchsorted(
    _ x: Tensor, _ values: Tensor, right: Bool = false, outInt32: Bool = false, sorter: Tensor? = nil
) -> Tensor {
    x.searchsorted(values, right: right, outInt32: outInt32, sorter: sorter)
}

/// Returns `x.searchsorted(value, right: right, outInt32: outInt32, sorter: sorter)`.
public func searchsorted(
    _ x: Tensor, _ value: some TensorScalar, right: Bool = false, outInt32: Bool = false, sorter: Tensor? = nil
) -> Tensor {
    x.searchsorted(value, right: right, outInt32: outInt32, sorter: sorter)
}

/// Returns `x.sort(dim: dim, descending: descending)`.
public func sort(
    _ x: Tensor, dim: Int = -1, descending: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.sort(dim: dim, descending: descending)
}

/// Returns `x.sort(dim: dim, descending: descending)`.
public func sort(
    _ x: Tensor, _ dim: Int, descending: Bool = false
) -> (values: Tensor, indices: Tensor) {
    x.sort(dim: dim, descending: descending)
}

/// Returns `x.topk(k, dim: dim, largest: largest)`.
public func topk(
    _ x: Tensor, _ k: Int, dim: Int = -1, largest: Bool = true
) -> (values: Tensor, indices: Tensor) {
    x.topk(k, dim: dim, largest: largest)
}

/// Returns `x.topk(k, dim: dim, largest: largest)`.
public func topk(
    _ x: Tensor, _ k: Int, _ dim: Int, largest: Bool = true
) -> (values: Tensor, indices: Tensor) {
    x.topk(k, dim: dim, largest: largest)
}

/// Returns `x.unique(dim: dim)`.
public func unique(_ x: Tensor, dim: Int? = nil) -> Tensor.Unique { x.unique(dim: dim) }

/// Returns `x.unique(dim: dim)`.
public func unique(_ x: Tensor, _ dim: Int) -> Tensor.Unique { x.unique(dim: dim) }

/// Returns `x.uniqueConsecutive(dim: dim)`.
public func uniqueConsecutive(_ x: Tensor, dim: Int? = nil) -> Tensor.Unique { x.uniqueConsecutive(dim: dim) }

/// Returns `x.uniqueConsecutive(dim: dim)`.
public func uniqueConsecutive(_ x: Tensor, _ dim: Int) -> Tensor.Unique { x.uniqueConsecutive(dim: dim) }
