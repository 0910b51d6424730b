// Methods of PyTorch in the forms in which they are written there: with the dimension with or without a label.
// The documentation of each is that of the form which it calls.

extension Tensor {
    /// Returns `var(dim: dim, correction: correction, keepdim: keepdim)`.
    public func `var`(
        _ dim: [Int], correction: Double = 1, keepdim: Bool = false
    ) -> Tensor {
        self.var(dim: dim, correction: correction, keepdim: keepdim)
    }

    /// Returns `var(dim: dim, correction: correction, keepdim: keepdim)`.
    public func `var`(
        _ dim: Int, correction: Double = 1, keepdim: Bool = false
    ) -> Tensor {
        self.var(dim: dim, correction: correction, keepdim: keepdim)
    }

    /// Returns `all(dim: dim, keepdim: keepdim)`.
    public func all(_ dim: [Int], keepdim: Bool = false) -> Tensor { all(dim: dim, keepdim: keepdim) }

    /// Returns `all(dim: dim, keepdim: keepdim)`.
    public func all(_ dim: Int, keepdim: Bool = false) -> Tensor { all(dim: dim, keepdim: keepdim) }

    /// Returns `amax(dim: dim, keepdim: keepdim)`.
    public func amax(_ dim: [Int], keepdim: Bool = false) -> Tensor { amax(dim: dim, keepdim: keepdim) }

    /// Returns `amax(dim: dim, keepdim: keepdim)`.
    public func amax(_ dim: Int, keepdim: Bool = false) -> Tensor { amax(dim: dim, keepdim: keepdim) }

    /// Returns `amin(dim: dim, keepdim: keepdim)`.
    public func amin(_ dim: [Int], keepdim: Bool = false) -> Tensor { amin(dim: dim, keepdim: keepdim) }

    /// Returns `amin(dim: dim, keepdim: keepdim)`.
    public func amin(_ dim: Int, keepdim: Bool = false) -> Tensor { amin(dim: dim, keepdim: keepdim) }

    /// Returns `aminmax(dim: dim, keepdim: keepdim)`.
    public func aminmax(
        _ dim: Int, keepdim: Bool = false
    ) -> (min: Tensor, max: Tensor) {
        aminmax(dim: dim, keepdim: keepdim)
    }

    /// Returns `any(dim: dim, keepdim: keepdim)`.
    public func any(_ dim: [Int], keepdim: Bool = false) -> Tensor { any(dim: dim, keepdim: keepdim) }

    /// Returns `any(dim: dim, keepdim: keepdim)`.
    public func any(_ dim: Int, keepdim: Bool = false) -> Tensor { any(dim: dim, keepdim: keepdim) }

    /// Returns `argmax(dim: dim, keepdim: keepdim)`.
    public func argmax(_ dim: Int, keepdim: Bool = false) -> Tensor { argmax(dim: dim, keepdim: keepdim) }

    /// Returns `argmin(dim: dim, keepdim: keepdim)`.
    public func argmin(_ dim: Int, keepdim: Bool = false) -> Tensor { argmin(dim: dim, keepdim: keepdim) }

    /// Returns `argsort(dim: dim, descending: descending)`.
    public func argsort(_ dim: Int, descending: Bool = false) -> Tensor { argsort(dim: dim, descending: descending) }

    /// Returns `countNonzero(dim: dim)`.
    public func countNonzero(_ dim: [Int]) -> Tensor { countNonzero(dim: dim) }

    /// Returns `cummax(dim: dim)`.
    public func cummax(_ dim: Int) -> (values: Tensor, indices: Tensor) { cummax(dim: dim) }

    /// Returns `cummin(dim: dim)`.
    public func cummin(_ dim: Int) -> (values: Tensor, indices: Tensor) { cummin(dim: dim) }

    /// Returns `cumprod(dim: dim, dtype: dtype)`.
    public func cumprod(_ dim: Int, dtype: DType? = nil) -> Tensor { cumprod(dim: dim, dtype: dtype) }

    /// Returns `cumprod_(dim: dim, dtype: dtype)`.
    public func cumprod_(_ dim: Int, dtype: DType? = nil) -> Tensor { cumprod_(dim: dim, dtype: dtype) }

    /// Returns `cumsum(dim: dim, dtype: dtype)`.
    public func cumsum(_ dim: Int, dtype: DType? = nil) -> Tensor { cumsum(dim: dim, dtype: dtype) }

    /// Returns `cumsum_(dim: dim, dtype: dtype)`.
    public func cumsum_(_ dim: Int, dtype: DType? = nil) -> Tensor { cumsum_(dim: dim, dtype: dtype) }

    /// Returns `diff(n, dim: dim, prepend: prepend, append: append)`.
    public func diff(
        _ n: Int, _ dim: Int, prepend: Tensor? = nil, append: Tensor? = nil
    ) -> Tensor {
        diff(n, dim: dim, prepend: prepend, append: append)
    }

    /// Returns `kthvalue(k, dim: dim, keepdim: keepdim)`.
    public func kthvalue(
        _ k: Int, _ dim: Int, keepdim: Bool = false
    ) -> (values: Tensor, indices: Tensor) {
        kthvalue(k, dim: dim, keepdim: keepdim)
    }

    /// Returns `logSoftmax(dim: dim, dtype: dtype)`.
    public func logSoftmax(_ dim: Int, dtype: DType? = nil) -> Tensor { logSoftmax(dim: dim, dtype: dtype) }

    /// Returns `logcumsumexp(dim: dim)`.
    public func logcumsumexp(_ dim: Int) -> Tensor { logcumsumexp(dim: dim) }

    /// Returns `logsumexp(dim: dim, keepdim: keepdim)`.
    public func logsumexp(_ dim: [Int], keepdim: Bool = false) -> Tensor { logsumexp(dim: dim, keepdim: keepdim) }

    /// Returns `logsumexp(dim: dim, keepdim: keepdim)`.
    public func logsumexp(_ dim: Int, keepdim: Bool = false) -> Tensor { logsumexp(dim: dim, keepdim: keepdim) }

    /// Returns `max(dim: dim, keepdim: keepdim)`.
    public func max(
        _ dim: Int, keepdim: Bool = false
    ) -> (values: Tensor, indices: Tensor) {
        max(dim: dim, keepdim: keepdim)
    }

    /// Returns `mean(dim: dim, keepdim: keepdim, dtype: dtype)`.
    public func mean(
        _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        mean(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// Returns `mean(dim: dim, keepdim: keepdim, dtype: dtype)`.
    public func mean(
        _ dim: Int, keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        mean(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// Returns `median(dim: dim, keepdim: keepdim)`.
    public func median(
        _ dim: Int, keepdim: Bool = false
    ) -> (values: Tensor, indices: Tensor) {
        median(dim: dim, keepdim: keepdim)
    }

    /// Returns `min(dim: dim, keepdim: keepdim)`.
    public func min(
        _ dim: Int, keepdim: Bool = false
    ) -> (values: Tensor, indices: Tensor) {
        min(dim: dim, keepdim: keepdim)
    }

    /// Returns `mode(dim: dim, keepdim: keepdim)`.
    public func mode(
        _ dim: Int, keepdim: Bool = false
    ) -> (values: Tensor, indices: Tensor) {
        mode(dim: dim, keepdim: keepdim)
    }

    /// Returns `nanmean(dim: dim, keepdim: keepdim)`.
    public func nanmean(_ dim: [Int], keepdim: Bool = false) -> Tensor { nanmean(dim: dim, keepdim: keepdim) }

    /// Returns `nanmedian(dim: dim, keepdim: keepdim)`.
    public func nanmedian(
        _ dim: Int, keepdim: Bool = false
    ) -> (values: Tensor, indices: Tensor) {
        nanmedian(dim: dim, keepdim: keepdim)
    }

    /// Returns `nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
    public func nanquantile(
        _ q: Tensor, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
    }

    /// Returns `nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
    public func nanquantile(
        _ q: Double, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        nanquantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
    }

    /// Returns `nansum(dim: dim, keepdim: keepdim, dtype: dtype)`.
    public func nansum(
        _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        nansum(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// Returns `prod(dim: dim, keepdim: keepdim, dtype: dtype)`.
    public func prod(
        _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        prod(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// Returns `prod(dim: dim, keepdim: keepdim, dtype: dtype)`.
    public func prod(
        _ dim: Int, keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        prod(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// Returns `quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
    public func quantile(
        _ q: Tensor, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
    }

    /// Returns `quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)`.
    public func quantile(
        _ q: Double, _ dim: Int, keepdim: Bool = false, interpolation: Interpolation = .linear
    ) -> Tensor {
        quantile(q, dim: dim, keepdim: keepdim, interpolation: interpolation)
    }

    /// Returns `softmax(dim: dim, dtype: dtype)`.
    public func softmax(_ dim: Int, dtype: DType? = nil) -> Tensor { softmax(dim: dim, dtype: dtype) }

    /// Returns `softmin(dim: dim, dtype: dtype)`.
    public func softmin(_ dim: Int, dtype: DType? = nil) -> Tensor { softmin(dim: dim, dtype: dtype) }

    /// Returns `sort(dim: dim, descending: descending)`.
    public func sort(
        _ dim: Int, descending: Bool = false
    ) -> (values: Tensor, indices: Tensor) {
        sort(dim: dim, descending: descending)
    }

    /// Returns `std(dim: dim, correction: correction, keepdim: keepdim)`.
    public func std(
        _ dim: [Int], correction: Double = 1, keepdim: Bool = false
    ) -> Tensor {
        std(dim: dim, correction: correction, keepdim: keepdim)
    }

    /// Returns `std(dim: dim, correction: correction, keepdim: keepdim)`.
    public func std(
        _ dim: Int, correction: Double = 1, keepdim: Bool = false
    ) -> Tensor {
        std(dim: dim, correction: correction, keepdim: keepdim)
    }

    /// Returns `stdMean(dim: dim, correction: correction, keepdim: keepdim)`.
    public func stdMean(
        _ dim: [Int], correction: Double = 1, keepdim: Bool = false
    ) -> (deviation: Tensor, mean: Tensor) {
        stdMean(dim: dim, correction: correction, keepdim: keepdim)
    }

    /// Returns `sum(dim: dim, keepdim: keepdim, dtype: dtype)`.
    public func sum(
        _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        sum(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// Returns `sum(dim: dim, keepdim: keepdim, dtype: dtype)`.
    public func sum(
        _ dim: Int, keepdim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        sum(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// Returns `topk(k, dim: dim, largest: largest)`.
    public func topk(
        _ k: Int, _ dim: Int, largest: Bool = true
    ) -> (values: Tensor, indices: Tensor) {
        topk(k, dim: dim, largest: largest)
    }

    /// Returns `unique(dim: dim)`.
    public func unique(_ dim: Int) -> Tensor.Unique { unique(dim: dim) }

    /// Returns `uniqueConsecutive(dim: dim)`.
    public func uniqueConsecutive(_ dim: Int) -> Tensor.Unique { uniqueConsecutive(dim: dim) }

    /// Returns `varMean(dim: dim, correction: correction, keepdim: keepdim)`.
    public func varMean(
        _ dim: [Int], correction: Double = 1, keepdim: Bool = false
    ) -> (variance: Tensor, mean: Tensor) {
        varMean(dim: dim, correction: correction, keepdim: keepdim)
    }
}
