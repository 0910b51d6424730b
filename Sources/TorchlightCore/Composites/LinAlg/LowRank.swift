// Approximations of matrices by their largest singular values.

/// An orthonormal basis of a subspace that nearly contains the columns of `a - m`: subspace iteration from random columns (Halko,
/// Martinsson and Tropp, 2009, algorithm 4.4).
private func approximateBasis(_ a: Tensor, _ m: Tensor?, _ q: Int, _ niter: Int, _ generator: Generator) -> Tensor {
    func times(_ x: Tensor) -> Tensor { m.map { a.matmul(x) - $0.matmul(x) } ?? a.matmul(x) }
    func transposedTimes(_ x: Tensor) -> Tensor { m.map { a.mH.matmul(x) - $0.mH.matmul(x) } ?? a.mH.matmul(x) }
    let start = Tensor.randn([MatrixRules.columns(a), q], dtype: a.dtype, device: a.device, generator: generator)
    var basis = LinAlg.qr(times(start)).Q
    for _ in 0..<niter {
        basis = LinAlg.qr(transposedTimes(basis)).Q
        basis = LinAlg.qr(times(basis)).Q
    }
    return basis
}

/// The largest singular values of matrices and their vectors, `A ≈ U diag(S) Vᴴ`, by a randomised algorithm (Halko, Martinsson and
/// Tropp, 2009): exact for matrices of rank at most q, and close where the other singular values are small.
///
/// Shapes, k = min(q, m, n): `[*, m, n] -> U [*, m, k], S [*, k], V [*, n, k]`. Float32, float64 and complex. ``LinAlg/svd(_:fullMatrices:)`` is
/// faster unless the matrices are large and q is small.
///
/// - Parameters:
///   - q: the number of singular values, an upper bound of the rank. Default: 6.
///   - niter: the number of subspace iterations; more give a better approximation. Default: 2.
///   - M: a matrix that is subtracted, with a shape that broadcasts to that of `a`: the result is that of `a - M`. Default: none.
///   - generator: the random number generator for the start of the iteration.
public func svdLowrank(
    _ a: Tensor, q: Int = 6, niter: Int = 2, M: Tensor? = nil, generator: Generator = .default
) -> (U: Tensor, S: Tensor, V: Tensor) {
    if isAutocasting {
        return inFloat32 { cast in
            svdLowrank(cast(a), q: q, niter: niter, M: M.map(cast), generator: generator)
        }
    }
    do throws(TensorError) {
        if a.isPlaceholder { return (a, a, a) }
        try MatrixRules.check(a, in: "svdLowrank")
        guard q >= 0, niter >= 0 else {
            throw TensorError(
                .value, in: "svdLowrank", "a count is negative", got: "q \(q) and niter \(niter)",
                expected: "numbers that are not negative", operands: [a])
        }
        if let M, M.isPlaceholder || Layout.broadcast(M.layout.shape, a.layout.shape) != a.layout.shape {
            if M.isPlaceholder { return (M, M, M) }
            throw broadcastError("svdLowrank", [a, M])
        }
        let shift = M.map { $0.expand(a.shape) }
        let isWide = MatrixRules.rows(a) < MatrixRules.columns(a)
        let (tall, offset) = isWide ? (a.mH, shift?.mH) : (a, shift)
        let basis = approximateBasis(tall, offset, Swift.min(q, MatrixRules.columns(tall)), niter, generator)
        var small = basis.mH.matmul(tall)
        if let offset { small = small - basis.mH.matmul(offset) }
        let (u, s, vh) = LinAlg.svd(small, fullMatrices: false)
        let (left, right) = (basis.matmul(u), vh.mH)
        return isWide ? (right, s, left) : (left, s, right)
    } catch {
        let placeholder = fail(error, like: a)
        return (placeholder, placeholder, placeholder)
    }
}

/// Principal component analysis by a randomised algorithm: ``svdLowrank(_:q:niter:M:generator:)`` of the matrix whose columns have
/// mean 0. The columns of V are the principal directions, and `S² / (m - 1)` are the variances along them.
///
/// Shapes: `[*, m, n] -> U [*, m, q], S [*, q], V [*, n, q]`. Rows are samples.
///
/// - Parameters:
///   - q: the number of components, at most m and n. Default: 6, or the smallest of m and n if that is less.
///   - center: whether the mean of each column is subtracted. Default: true.
///   - niter: the number of subspace iterations. Default: 2.
///   - generator: the random number generator for the start of the iteration.
public func pcaLowrank(
    _ a: Tensor, q: Int? = nil, center: Bool = true, niter: Int = 2, generator: Generator = .default
) -> (U: Tensor, S: Tensor, V: Tensor) {
    do throws(TensorError) {
        if a.isPlaceholder { return (a, a, a) }
        try MatrixRules.check(a, in: "pcaLowrank")
        let limit = MatrixRules.smallest(a)
        let count = q ?? Swift.min(6, limit)
        guard (0...limit).contains(count), niter >= 0 else {
            throw TensorError(
                .value, in: "pcaLowrank", "the number of components or of iterations is out of range",
                got: "q \(count) and niter \(niter)", expected: "q in 0 ... \(limit) and niter of at least 0",
                operands: [a])
        }
        let centered = center ? a - a.mean(dim: [-2], keepdim: true) : a
        return svdLowrank(centered, q: count, niter: niter, generator: generator)
    } catch {
        let placeholder = fail(error, like: a)
        return (placeholder, placeholder, placeholder)
    }
}
