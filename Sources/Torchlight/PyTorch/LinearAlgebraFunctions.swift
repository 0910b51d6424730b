// Functions of PyTorch for which Torchlight has methods, and functions with the dimension without a label.
// The documentation of each is that of the form which it calls.

/// Returns `x.addbmm(a, b, beta: beta, alpha: alpha)`.
public func addbmm(
    _ x: Tensor, _ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1
) -> Tensor {
    x.addbmm(a, b, beta: beta, alpha: alpha)
}

/// Returns `x.addmm(a, b, beta: beta, alpha: alpha)`.
public func addmm(
    _ x: Tensor, _ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1
) -> Tensor {
    x.addmm(a, b, beta: beta, alpha: alpha)
}

/// Returns `input.addmv(a, x, beta: beta, alpha: alpha)`.
public func addmv(
    _ input: Tensor, _ a: Tensor, _ x: Tensor, beta: Double = 1, alpha: Double = 1
) -> Tensor {
    input.addmv(a, x, beta: beta, alpha: alpha)
}

/// Returns `x.addr(a, b, beta: beta, alpha: alpha)`.
public func addr(
    _ x: Tensor, _ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1
) -> Tensor {
    x.addr(a, b, beta: beta, alpha: alpha)
}

/// Returns `x.baddbmm(a, b, beta: beta, alpha: alpha)`.
public func baddbmm(
    _ x: Tensor, _ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1
) -> Tensor {
    x.baddbmm(a, b, beta: beta, alpha: alpha)
}

/// Returns `x.bmm(other)`.
public func bmm(_ x: Tensor, _ other: Tensor) -> Tensor { x.bmm(other) }

/// Returns `x.cholesky(upper: upper)`.
public func cholesky(_ x: Tensor, upper: Bool = false) -> Tensor { x.cholesky(upper: upper) }

/// Returns `x.choleskySolve(factor, upper: upper)`.
public func choleskySolve(
    _ x: Tensor, _ factor: Tensor, upper: Bool = false
) -> Tensor {
    x.choleskySolve(factor, upper: upper)
}

/// Returns `x.cross(other, dim: dim)`.
public func cross(_ x: Tensor, _ other: Tensor, dim: Int? = nil) -> Tensor { x.cross(other, dim: dim) }

/// Returns `x.cross(other, dim: dim)`.
public func cross(_ x: Tensor, _ other: Tensor, _ dim: Int) -> Tensor { x.cross(other, dim: dim) }

/// Returns `x.det()`.
public func det(_ x: Tensor) -> Tensor { x.det() }

/// Returns `x.dot(other)`.
public func dot(_ x: Tensor, _ other: Tensor) -> Tensor { x.dot(other) }

/// Returns `x.inner(other)`.
public func inner(_ x: Tensor, _ other: Tensor) -> Tensor { x.inner(other) }

/// Returns `x.inverse()`.
public func inverse(_ x: Tensor) -> Tensor { x.inverse() }

/// Returns `x.kron(other)`.
public func kron(_ x: Tensor, _ other: Tensor) -> Tensor { x.kron(other) }

/// Returns `x.logdet()`.
public func logdet(_ x: Tensor) -> Tensor { x.logdet() }

/// Returns `x.mm(other)`.
public func mm(_ x: Tensor, _ other: Tensor) -> Tensor { x.mm(other) }

/// Returns `x.mv(vector)`.
public func mv(_ x: Tensor, _ vector: Tensor) -> Tensor { x.mv(vector) }

/// Returns `x.outer(other)`.
public func outer(_ x: Tensor, _ other: Tensor) -> Tensor { x.outer(other) }

/// Returns `x.pinverse(rcond: rcond)`.
public func pinverse(_ x: Tensor, rcond: Double = 1e-15) -> Tensor { x.pinverse(rcond: rcond) }

/// Returns `x.qr(some: some)`.
public func qr(_ x: Tensor, some: Bool = true) -> (Q: Tensor, R: Tensor) { x.qr(some: some) }

/// Returns `x.slogdet()`.
public func slogdet(_ x: Tensor) -> (sign: Tensor, logabsdet: Tensor) { x.slogdet() }

/// Returns `x.svd(some: some, computeUV: computeUV)`.
public func svd(
    _ x: Tensor, some: Bool = true, computeUV: Bool = true
) -> (U: Tensor, S: Tensor, V: Tensor) {
    x.svd(some: some, computeUV: computeUV)
}

/// Returns `x.tensordot(other, dims: dims)`.
public func tensordot(_ x: Tensor, _ other: Tensor, dims: Int = 2) -> Tensor { x.tensordot(other, dims: dims) }

/// Returns `x.tensordot(other, dims: dims, otherDims)`.
public func tensordot(
    _ x: Tensor, _ other: Tensor, dims: [Int], _ otherDims: [Int]
) -> Tensor {
    x.tensordot(other, dims: dims, otherDims)
}
