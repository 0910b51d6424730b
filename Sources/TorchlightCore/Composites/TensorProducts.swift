// Products of batches, vectors and tensors, and matrix chains.

extension Tensor {
    /// `beta * self + alpha * sum over i of a[i] @ b[i]`: `[m, n], [b, m, k], [b, k, n] -> [m, n]`.
    public func addbmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        if isAutocasting { return inLowPrecision { $0(self).addbmm($0(a), $0(b), beta: beta, alpha: alpha) } }
        return added("addbmm", to: self, beta, a.bmm(b).sum(dim: 0), alpha)
    }

    /// `self = beta * self + alpha * sum over i of a[i] @ b[i]`, in place.
    @discardableResult
    public func addbmm_(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        overwrite(by: "addbmm_") { $0.addbmm(a, b, beta: beta, alpha: alpha) }
    }

    /// `beta * self + alpha * outer(a, b)`: `[m, n], [m], [n] -> [m, n]`.
    public func addr(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        let product = a.outer(b)
        // As in PyTorch, where the sums of batches take fractions and cut them off.
        guard
            product.isPlaceholder || isPlaceholder || ResultType.of(self, product).isDifferentiable
                || (beta == beta.rounded() && alpha == alpha.rounded())
        else { return fail(.fractionalFactors("addr", beta: beta, alpha: alpha, [self, product]), like: product) }
        return added("addr", to: self, beta, product, alpha)
    }

    /// `self = beta * self + alpha * outer(a, b)`, in place.
    @discardableResult
    public func addr_(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        overwrite(by: "addr_") { $0.addr(a, b, beta: beta, alpha: alpha) }
    }

    /// The inner product over the last dimensions of both: `[*, k], [+, k] -> [*, +]`. If an operand is 0-dimensional,
    /// the product.
    public func inner(_ other: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || other.isPlaceholder { return self }
            if rank == 0 || other.rank == 0 { return self * other }
            guard layout.shape[rank - 1] == other.layout.shape[other.rank - 1] else {
                throw TensorError(
                    .shape, in: "inner", "the last dimensions differ in size", expected: "[*, k] and [+, k]",
                    operands: [self, other])
            }
            return tensordot(other, dims: [-1], [-1])
        }
    }

    /// The Kronecker product: each element of this tensor times the other tensor. Missing leading dimensions are 1.
    ///
    /// Shapes: `[a0, a1, ...], [b0, b1, ...] -> [a0 b0, a1 b1, ...]`.
    ///
    ///     Tensor([1, 2]).kron(Tensor([1, 10]))        // tensor([ 1, 10,  2, 20])
    public func kron(_ other: Tensor) -> Tensor {
        if isPlaceholder || other.isPlaceholder { return self }
        let rank = Swift.max(self.rank, other.rank)
        let left = [Int](repeating: 1, count: rank - self.rank) + shape
        let right = [Int](repeating: 1, count: rank - other.rank) + other.shape
        let product =
            reshape(left.flatMap { [$0, 1] }) * other.reshape(right.flatMap { [1, $0] })
        return product.reshape(zip(left, right).map { $0 *| $1 })
    }

    /// The tensor contraction over the last `dims` dimensions of this tensor and the first `dims` of the other.
    public func tensordot(_ other: Tensor, dims: Int = 2) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || other.isPlaceholder { return self }
            guard dims >= 0, dims <= rank, dims <= other.rank else {
                throw TensorError(
                    .value, in: "tensordot", "dims exceeds the number of dimensions of an operand", got: "\(dims)",
                    expected: "at most the smaller number of dimensions", operands: [self, other])
            }
            return tensordot(other, dims: Array((rank - dims)..<rank), Array(0..<dims))
        }
    }

    /// The tensor contraction over dimensions of this tensor and the paired dimensions of the other.
    ///
    /// The result has the remaining dimensions of this tensor, then those of the other. A size of 1 can be paired with
    /// any size: the other operand is summed over that dimension.
    public func tensordot(_ other: Tensor, dims: [Int], _ otherDims: [Int]) -> Tensor {
        if isAutocasting && rank == 1 && other.rank == 1 {
            return withoutAutocast { tensordot(other, dims: dims, otherDims) }
        }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || other.isPlaceholder { return self }
            let (own, theirs) = (try resolve(dims, in: "tensordot"), try other.resolve(otherDims, in: "tensordot"))
            let pairs = zip(own, theirs).map { (shape[$0], other.shape[$1]) }
            guard own.count == theirs.count, pairs.allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else {
                throw TensorError(
                    .shape, in: "tensordot", "the paired dimensions differ in number or size",
                    got: "\(dims) and \(otherDims)",
                    expected: "the same number of dimensions for both operands, with equal sizes or 1",
                    operands: [self, other])
            }
            let repeated = pairs.indices.filter { pairs[$0].0 != pairs[$0].1 }
            if !repeated.isEmpty {
                func summed(_ x: Tensor, _ dims: [Int]) -> Tensor {
                    dims.isEmpty ? x : x.sum(dim: dims, keepdim: true, dtype: x.dtype)
                }
                let left = summed(self, repeated.filter { pairs[$0].0 != 1 }.map { own[$0] })
                let right = summed(other, repeated.filter { pairs[$0].1 != 1 }.map { theirs[$0] })
                return left.tensordot(right, dims: own, theirs)
            }
            let kept = (0..<rank).filter { !own.contains($0) }
            let otherKept = (0..<other.rank).filter { !theirs.contains($0) }
            let inner = own.reduce(1) { $0 * shape[$1] }
            let rows = kept.reduce(1) { $0 * shape[$1] }
            let columns = otherKept.reduce(1) { $0 * other.shape[$1] }
            let product = permute(kept + own).reshape([rows, inner])
                .matmul(other.permute(theirs + otherKept).reshape([inner, columns]))
            return product.reshape(kept.map { shape[$0] } + otherKept.map { other.shape[$0] })
        }
    }
}

/// `beta * base + alpha * product`. With `beta` 0 the elements of `base` are not used, so NaN in them does not
/// propagate.
private func added(
    _ operation: String, to base: Tensor, _ beta: Double, _ product: Tensor, _ alpha: Double
) -> Tensor {
    if base.isPlaceholder || product.isPlaceholder { return base }
    guard Layout.broadcast(base.layout.shape, product.layout.shape) == product.layout.shape else {
        return fail(
            TensorError(
                .shape, in: operation, "the added tensor does not broadcast to the product",
                got: "a product of shape \(product.shape)",
                expected: "equal sizes, or 1 in the added tensor, counted from the last dimension", operands: [base]),
            like: product)
    }
    do throws(TensorError) {
        try Scalar.double(beta).check(fits: base.dtype, in: operation)
        try Scalar.double(alpha).check(fits: product.dtype, in: operation)
    } catch { return fail(error, like: product) }
    // Integers stay integers: the factors are truncated.
    func scaled(_ x: Tensor, _ factor: Double) -> Tensor {
        factor == 1
            ? x : x.dtype.isInteger ? x * Int(saturating: factor) : x.dtype == .bool ? x * (factor != 0) : x * factor
    }
    let scaledProduct = scaled(product, alpha)
    if beta == 0 {
        // `base` still gets a gradient, 0.
        if base.requiresGrad { return base.clone().zero_() + scaledProduct }
        return scaledProduct
    }
    return scaled(base, beta) + scaledProduct
}

/// The product of a chain of matrices, `[n0, n1], [n1, n2], ... -> [n0, nk]`, multiplied in the order with the fewest
/// operations.
public func chainMatmul(_ matrices: [Tensor]) -> Tensor {
    orFail(like: matrices.first) { () throws(TensorError) in
        if let placeholder = matrices.first(where: \.isPlaceholder) { return placeholder }
        guard !matrices.isEmpty, matrices.allSatisfy({ $0.rank == 2 }) else {
            throw TensorError(
                .shape, in: "chainMatmul", "an operand is not a matrix", expected: "one matrix or more",
                operands: matrices)
        }
        // Matrix chain order by dynamic programming: cost[i][j] is the minimum for the matrices i ... j.
        let n = matrices.count
        let sizes = [matrices[0].shape[0]] + matrices.map { $0.shape[1] }
        var cost = [[Int]](repeating: [Int](repeating: 0, count: n), count: n)
        var cut = cost
        for length in stride(from: 2, through: n, by: 1) {
            for i in 0...(n - length) {
                let j = i + length - 1
                cost[i][j] = Int.max
                for k in i..<j {
                    let steps = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                    if steps < cost[i][j] { (cost[i][j], cut[i][j]) = (steps, k) }
                }
            }
        }
        func product(_ i: Int, _ j: Int) -> Tensor {
            i == j ? matrices[i] : product(i, cut[i][j]).matmul(product(cut[i][j] + 1, j))
        }
        return product(0, n - 1)
    }
}
