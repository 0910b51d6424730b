// Functions of PyTorch for which Torchlight has methods, and functions with the dimension without a label.
// The documentation of each is that of the form which it calls.

/// Returns `x.var(dim: dim, correction: correction, keepdim: keepdim)`.
public func `var`(
    _ x: Tensor, dim: [Int] = [], correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.var(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.var(dim: dim, correction: correction, keepdim: keepdim)`.
public func `var`(
    _ x: Tensor, _ dim: [Int], correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.var(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.var(dim: dim, correction: correction, keepdim: keepdim)`.
public func `var`(
    _ x: Tensor, dim: Int, correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.var(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.var(dim: dim, correction: correction, keepdim: keepdim)`.
public func `var`(
    _ x: Tensor, _ dim: Int, correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.var(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.all(dim: dim, keepdim: keepdim)`.
public func all(_ x: Tensor, dim: [Int] = [], keepdim: Bool = false) -> Tensor { x.all(dim: dim, keepdim: keepdim) }

/// Returns `x.all(dim: dim, keepdim: keepdim)`.
public func all(_ x: Tensor, _ dim: [Int], keepdim: Bool = false) -> Tensor { x.all(dim: dim, keepdim: keepdim) }

/// Returns `x.all(dim: dim, keepdim: keepdim)`.
public func all(_ x: Tensor, dim: Int, keepdim: Bool = false) -> Tensor { x.all(dim: dim, keepdim: keepdim) }

/// Returns `x.all(dim: dim, keepdim: keepdim)`.
public func all(_ x: Tensor, _ dim: Int, keepdim: Bool = false) -> Tensor { x.all(dim: dim, keepdim: keepdim) }

/// Returns `x.allclose(other, rtol: rtol, atol: atol, equalNan: equalNan)`.
public func allclose(
    _ x: Tensor, _ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNan: Bool = false
) -> Bool {
    x.allclose(other, rtol: rtol, atol: atol, equalNan: equalNan)
}

/// Returns `x.any(dim: dim, keepdim: keepdim)`.
public func any(_ x: Tensor, dim: [Int] = [], keepdim: Bool = false) -> Tensor { x.any(dim: dim, keepdim: keepdim) }

/// Returns `x.any(dim: dim, keepdim: keepdim)`.
public func any(_ x: Tensor, _ dim: [Int], keepdim: Bool = false) -> Tensor { x.any(dim: dim, keepdim: keepdim) }

/// Returns `x.any(dim: dim, keepdim: keepdim)`.
public func any(_ x: Tensor, dim: Int, keepdim: Bool = false) -> Tensor { x.any(dim: dim, keepdim: keepdim) }

/// Returns `x.any(dim: dim, keepdim: keepdim)`.
public func any(_ x: Tensor, _ dim: Int, keepdim: Bool = false) -> Tensor { x.any(dim: dim, keepdim: keepdim) }

/// Returns `x.corrcoef()`.
public func corrcoef(_ x: Tensor) -> Tensor { x.corrcoef() }

/// Returns `x.countNonzero(dim: dim)`.
public func countNonzero(_ x: Tensor, dim: [Int] = []) -> Tensor { x.countNonzero(dim: dim) }

/// Returns `x.countNonzero(dim: dim)`.
public func countNonzero(_ x: Tensor, _ dim: [Int]) -> Tensor { x.countNonzero(dim: dim) }

/// Returns `x.cov(correction: correction, frequencies: frequencies, weights: weights)`.
public func cov(
    _ x: Tensor, correction: Int = 1, frequencies: Tensor? = nil, weights: Tensor? = nil
) -> Tensor {
    x.cov(correction: correction, frequencies: frequencies, weights: weights)
}

/// Returns `x.cumprod(dim: dim, dtype: dtype)`.
public func cumprod(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.cumprod(dim: dim, dtype: dtype) }

/// Returns `x.cumprod(dim: dim, dtype: dtype)`.
public func cumprod(_ x: Tensor, _ dim: Int, dtype: DType? = nil) -> Tensor { x.cumprod(dim: dim, dtype: dtype) }

/// Returns `x.cumsum(dim: dim, dtype: dtype)`.
public func cumsum(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.cumsum(dim: dim, dtype: dtype) }

/// Returns `x.cumsum(dim: dim, dtype: dtype)`.
public func cumsum(_ x: Tensor, _ dim: Int, dtype: DType? = nil) -> Tensor { x.cumsum(dim: dim, dtype: dtype) }

/// Returns `x.cumulativeTrapezoid(dx: dx, dim: dim)`.
public func cumulativeTrapezoid(
    _ x: Tensor, dx: Double = 1, dim: Int = -1
) -> Tensor {
    x.cumulativeTrapezoid(dx: dx, dim: dim)
}

/// Returns `input.cumulativeTrapezoid(x: x, dim: dim)`.
public func cumulativeTrapezoid(
    _ input: Tensor, x: Tensor, dim: Int = -1
) -> Tensor {
    input.cumulativeTrapezoid(x: x, dim: dim)
}

/// Returns `x.diff(n, dim: dim, prepend: prepend, append: append)`.
public func diff(
    _ x: Tensor, _ n: Int = 1, dim: Int = -1, prepend: Tensor? = nil, append: Tensor? = nil
) -> Tensor {
    x.diff(n, dim: dim, prepend: prepend, append: append)
}

/// Returns `x.diff(n, dim: dim, prepend: prepend, append: append)`.
public func diff(
    _ x: Tensor, _ n: Int, _ dim: Int, prepend: Tensor? = nil, append: Tensor? = nil
) -> Tensor {
    x.diff(n, dim: dim, prepend: prepend, append: append)
}

/// Returns `x.dist(other, p: p)`.
public func dist(_ x: Tensor, _ other: Tensor, p: Double = 2) -> Tensor { x.dist(other, p: p) }

/// Returns `x.equal(other)`.
public func equal(_ x: Tensor, _ other: Tensor) -> Bool { x.equal(other) }

/// Returns `x.isclose(other, rtol: rtol, atol: atol, equalNan: equalNan)`.
public func isclose(
    _ x: Tensor, _ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNan: Bool = false
) -> Tensor {
    x.isclose(other, rtol: rtol, atol: atol, equalNan: equalNan)
}

/// Returns `x.logSoftmax(dim: dim, dtype: dtype)`.
public func logSoftmax(
    _ x: Tensor, _ dim: Int, dtype: DType? = nil
) -> Tensor {
    x.logSoftmax(dim: dim, dtype: dtype)
}

/// Returns `x.logcumsumexp(dim: dim)`.
public func logcumsumexp(_ x: Tensor, dim: Int) -> Tensor { x.logcumsumexp(dim: dim) }

/// Returns `x.logcumsumexp(dim: dim)`.
public func logcumsumexp(_ x: Tensor, _ dim: Int) -> Tensor { x.logcumsumexp(dim: dim) }

/// Returns `x.logsumexp(dim: dim, keepdim: keepdim)`.
public func logsumexp(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false
) -> Tensor {
    x.logsumexp(dim: dim, keepdim: keepdim)
}

/// Returns `x.logsumexp(dim: dim, keepdim: keepdim)`.
public func logsumexp(
    _ x: Tensor, _ dim: [Int], keepdim: Bool = false
) -> Tensor {
    x.logsumexp(dim: dim, keepdim: keepdim)
}

/// Returns `x.logsumexp(dim: dim, keepdim: keepdim)`.
public func logsumexp(
    _ x: Tensor, dim: Int, keepdim: Bool = false
) -> Tensor {
    x.logsumexp(dim: dim, keepdim: keepdim)
}

/// Returns `x.logsumexp(dim: dim, keepdim: keepdim)`.
public func logsumexp(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false
) -> Tensor {
    x.logsumexp(dim: dim, keepdim: keepdim)
}

/// Returns `x.mean(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func mean(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.mean(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.mean(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func mean(
    _ x: Tensor, _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.mean(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.mean(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func mean(
    _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.mean(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.mean(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func mean(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.mean(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.nanmean(dim: dim, keepdim: keepdim)`.
public func nanmean(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false
) -> Tensor {
    x.nanmean(dim: dim, keepdim: keepdim)
}

/// Returns `x.nanmean(dim: dim, keepdim: keepdim)`.
public func nanmean(
    _ x: Tensor, _ dim: [Int], keepdim: Bool = false
) -> Tensor {
    x.nanmean(dim: dim, keepdim: keepdim)
}

/// Returns `x.nansum(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func nansum(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.nansum(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.nansum(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func nansum(
    _ x: Tensor, _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.nansum(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.norm(p: p, dim: dim, keepdim: keepdim, dtype: dtype)`.
public func norm(
    _ x: Tensor, p: Double = 2, dim: [Int] = [], keepdim: Bool = false, dtype: DType?
) -> Tensor {
    x.norm(p: p, dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.norm(p: p, dim: dim, keepdim: keepdim)`.
public func norm(
    _ x: Tensor, p: Double = 2, dim: [Int] = [], keepdim: Bool = false
) -> Tensor {
    x.norm(p: p, dim: dim, keepdim: keepdim)
}

/// Returns `x.norm(p: p, dim: dim, keepdim: keepdim)`.
public func norm(
    _ x: Tensor, p: Double = 2, dim: Int, keepdim: Bool = false
) -> Tensor {
    x.norm(p: p, dim: dim, keepdim: keepdim)
}

/// Returns `x.prod(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func prod(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.prod(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.prod(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func prod(
    _ x: Tensor, _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.prod(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.prod(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func prod(
    _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.prod(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.prod(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func prod(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.prod(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.renorm(p: p, dim: dim, maxNorm: maxNorm)`.
public func renorm(
    _ x: Tensor, p: Double, dim: Int, maxNorm: Double
) -> Tensor {
    x.renorm(p: p, dim: dim, maxNorm: maxNorm)
}

/// Returns `x.softmax(dim: dim, dtype: dtype)`.
public func softmax(_ x: Tensor, _ dim: Int, dtype: DType? = nil) -> Tensor { x.softmax(dim: dim, dtype: dtype) }

/// Returns `x.softmin(dim: dim, dtype: dtype)`.
public func softmin(_ x: Tensor, _ dim: Int, dtype: DType? = nil) -> Tensor { x.softmin(dim: dim, dtype: dtype) }

/// Returns `x.std(dim: dim, correction: correction, keepdim: keepdim)`.
public func std(
    _ x: Tensor, dim: [Int] = [], correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.std(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.std(dim: dim, correction: correction, keepdim: keepdim)`.
public func std(
    _ x: Tensor, _ dim: [Int], correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.std(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.std(dim: dim, correction: correction, keepdim: keepdim)`.
public func std(
    _ x: Tensor, dim: Int, correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.std(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.std(dim: dim, correction: correction, keepdim: keepdim)`.
public func std(
    _ x: Tensor, _ dim: Int, correction: Double = 1, keepdim: Bool = false
) -> Tensor {
    x.std(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.stdMean(dim: dim, correction: correction, keepdim: keepdim)`.
public func stdMean(
    _ x: Tensor, dim: [Int] = [], correction: Double = 1, keepdim: Bool = false
) -> (deviation: Tensor, mean: Tensor) {
    x.stdMean(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.stdMean(dim: dim, correction: correction, keepdim: keepdim)`.
public func stdMean(
    _ x: Tensor, _ dim: [Int], correction: Double = 1, keepdim: Bool = false
) -> (deviation: Tensor, mean: Tensor) {
    x.stdMean(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.sum(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func sum(
    _ x: Tensor, dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.sum(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.sum(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func sum(
    _ x: Tensor, _ dim: [Int], keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.sum(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.sum(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func sum(
    _ x: Tensor, dim: Int, keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.sum(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.sum(dim: dim, keepdim: keepdim, dtype: dtype)`.
public func sum(
    _ x: Tensor, _ dim: Int, keepdim: Bool = false, dtype: DType? = nil
) -> Tensor {
    x.sum(dim: dim, keepdim: keepdim, dtype: dtype)
}

/// Returns `x.trapezoid(dx: dx, dim: dim)`.
public func trapezoid(_ x: Tensor, dx: Double = 1, dim: Int = -1) -> Tensor { x.trapezoid(dx: dx, dim: dim) }

/// Returns `input.trapezoid(x: x, dim: dim)`.
public func trapezoid(_ input: Tensor, x: Tensor, dim: Int = -1) -> Tensor { input.trapezoid(x: x, dim: dim) }

/// Returns `x.varMean(dim: dim, correction: correction, keepdim: keepdim)`.
public func varMean(
    _ x: Tensor, dim: [Int] = [], correction: Double = 1, keepdim: Bool = false
) -> (variance: Tensor, mean: Tensor) {
    x.varMean(dim: dim, correction: correction, keepdim: keepdim)
}

/// Returns `x.varMean(dim: dim, correction: correction, keepdim: keepdim)`.
public func varMean(
    _ x: Tensor, _ dim: [Int], correction: Double = 1, keepdim: Bool = false
) -> (variance: Tensor, mean: Tensor) {
    x.varMean(dim: dim, correction: correction, keepdim: keepdim)
}
