// Linear algebra by the names that it has outside `torch.linalg`.

extension Tensor {
    /// The cross product of vectors of three elements along a dimension, by default the first of that size; the others
    /// broadcast.
    public func cross(_ other: Tensor, dim: Int? = nil) -> Tensor {
        if let dim { return LinAlg.cross(self, other, dim: dim) }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            guard let first = layout.shape.firstIndex(of: 3) else {
                throw TensorError(
                    .shape, in: "cross", "no dimension has three elements", expected: "a dimension of size 3",
                    operands: [self, other])
            }
            return LinAlg.cross(self, other, dim: first)
        }
    }

    /// The inverse of square matrices: ``LinAlg/inv(_:)``.
    public func inverse() -> Tensor { LinAlg.inv(self) }
    /// The determinant of square matrices.
    public func det() -> Tensor { LinAlg.det(self) }
    /// The sign of the determinant and the logarithm of its magnitude.
    public func slogdet() -> (sign: Tensor, logabsdet: Tensor) { LinAlg.slogdet(self) }
    /// The logarithm of the determinant of square matrices, `[*, n, n] -> [*]`: NaN where it is negative, -infinity where it
    /// is 0.
    public func logdet() -> Tensor {
        let (sign, logarithm) = slogdet()
        return logarithm.maskedFill(noGrad { sign < 0 }, Double.nan)
    }
    /// The pseudo-inverse of matrices; singular values at or below `rcond` times the largest count as 0.
    public func pinverse(rcond: Double = 1e-15) -> Tensor { LinAlg.pinv(self, rtol: rcond) }
    /// A power of square matrices with a whole exponent.
    public func matrixPower(_ n: Int) -> Tensor { LinAlg.matrixPower(self, n) }
    /// The exponential of square matrices.
    public func matrixExp() -> Tensor { LinAlg.matrixExp(self) }
    /// The Cholesky factor of symmetric positive definite matrices.
    public func cholesky(upper: Bool = false) -> Tensor { LinAlg.cholesky(self, upper: upper) }
    /// The QR decomposition; Q is square unless `some`.
    public func qr(some: Bool = true) -> (Q: Tensor, R: Tensor) { LinAlg.qr(self, mode: some ? .reduced : .complete) }
    /// The product of Householder reflections: ``LinAlg/householderProduct(_:_:)``.
    public func orgqr(_ tau: Tensor) -> Tensor { LinAlg.householderProduct(self, tau) }

    /// The singular value decomposition with V and not its transpose, `A = U diag(S) V^T`: ``LinAlg/svd(_:fullMatrices:)``.
    ///
    /// Without `computeUV` U and V are zeros.
    public func svd(some: Bool = true, computeUV: Bool = true) -> (U: Tensor, S: Tensor, V: Tensor) {
        if isAutocasting { return inFloat32 { $0(self).svd(some: some, computeUV: computeUV) } }
        guard computeUV else {
            let values = LinAlg.svdvals(self)
            if values.isPlaceholder { return (values, values, values) }
            let batch = MatrixRules.batch(self)
            func zeros(_ n: Int) -> Tensor { .zeros(Array(batch.with(n, n)), dtype: dtype) }
            return (zeros(MatrixRules.rows(self)), values, zeros(MatrixRules.columns(self)))
        }
        let (u, s, vh) = LinAlg.svd(self, fullMatrices: !some)
        return vh.isPlaceholder ? (u, s, vh) : (u, s, vh.mT)
    }

    /// The inverse of the matrices whose Cholesky factor this is: `(L L^T)^-1`, or `(U^T U)^-1`. The other triangle is taken
    /// for zeros; the gradient is that of all elements, as in PyTorch.
    public func choleskyInverse(upper: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).choleskyInverse(upper: upper) } }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try MatrixRules.checkSquare(self, in: "choleskyInverse")
            let one = Tensor.eye(MatrixRules.rows(self), dtype: dtype, device: device)
            let inverse = apply(SolveTriangular(isUpper: false, isDense: true), upper ? mT : self, one)
            return inverse.mT.matmul(inverse)
        }
    }

    /// The solution of `A X = B`, where this is B and A is given by its Cholesky factor: `[*, n, k]` and `[*, n, n]`. The other
    /// triangle of the factor is taken for zeros; its gradient is that of all elements, as in PyTorch.
    public func choleskySolve(_ factor: Tensor, upper: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).choleskySolve($0(factor), upper: upper) } }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            if factor.isPlaceholder { return factor }
            _ = try MatrixRules.solution(factor, self, in: "choleskySolve")
            let lower = upper ? factor.mT : factor
            let half = apply(SolveTriangular(isUpper: false, isDense: true), lower, self)
            return apply(SolveTriangular(isUpper: true, isDense: true), lower.mT, half)
        }
    }

    /// The solution of `A X = B`, where this is B and A is given by its LU factorisation, as ``LinAlg/luFactor(_:)`` makes it.
    public func luSolve(_ lu: Tensor, _ pivots: Tensor) -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).luSolve($0(lu), pivots) } }
        return LinAlg.luSolve(lu, pivots, self)
    }

    /// The solution of `A X = B` for triangular A, where this is B, and A itself.
    public func triangularSolve(
        _ a: Tensor, upper: Bool = true, transpose: Bool = false, unitriangular: Bool = false
    ) -> (solution: Tensor, clonedCoefficient: Tensor) {
        if isAutocasting {
            return inFloat32 {
                $0(self).triangularSolve($0(a), upper: upper, transpose: transpose, unitriangular: unitriangular)
            }
        }
        let matrix = transpose ? a.transpose(-2, -1) : a
        return (
            LinAlg.solveTriangular(matrix, self, upper: upper != transpose, unitriangular: unitriangular), a.clone()
        )
    }
}

/// The three factors `P L U` of an LU factorisation: ``LinAlg/luUnpack(_:_:)``.
public func luUnpack(_ lu: Tensor, _ pivots: Tensor) -> (P: Tensor, L: Tensor, U: Tensor) {
    LinAlg.luUnpack(lu, pivots)
}
