// Linear algebra functions that PyTorch has outside of `torch.linalg`.

extension Tensor {
    /// The cross product of vectors with three elements along a dimension; the other dimensions broadcast. Default for
    /// `dim`: the first dimension of size 3.
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
    /// The determinant of square matrices: ``LinAlg/det(_:)``.
    public func det() -> Tensor { LinAlg.det(self) }
    /// The sign of the determinant and the logarithm of its absolute value: ``LinAlg/slogdet(_:)``.
    public func slogdet() -> (sign: Tensor, logabsdet: Tensor) { LinAlg.slogdet(self) }
    /// The logarithm of the determinant of square matrices, `[*, n, n] -> [*]`: NaN for a negative determinant,
    /// -infinity for 0.
    public func logdet() -> Tensor {
        let (sign, logarithm) = slogdet()
        if dtype.isComplex { return complex(logarithm, sign.angle()) }
        return logarithm.maskedFill(noGrad { sign < 0 }, Double.nan)
    }
    /// The pseudo-inverse of matrices; singular values of at most `rcond` times the largest are treated as 0. See
    /// ``LinAlg/pinv(_:atol:rtol:hermitian:)-(_,Double?,_,_)``.
    public func pinverse(rcond: Double = 1e-15) -> Tensor { LinAlg.pinv(self, rtol: rcond) }
    /// The matrix power for an integer exponent: ``LinAlg/matrixPower(_:_:)``.
    public func matrixPower(_ n: Int) -> Tensor { LinAlg.matrixPower(self, n) }
    /// The matrix exponential: ``LinAlg/matrixExp(_:)``.
    public func matrixExp() -> Tensor { LinAlg.matrixExp(self) }
    /// The Cholesky factor of symmetric positive definite matrices: ``LinAlg/cholesky(_:upper:)``.
    public func cholesky(upper: Bool = false) -> Tensor { LinAlg.cholesky(self, upper: upper) }
    /// The QR decomposition; Q is square if `some` is false. See ``LinAlg/qr(_:mode:)``.
    public func qr(some: Bool = true) -> (Q: Tensor, R: Tensor) { LinAlg.qr(self, mode: some ? .reduced : .complete) }
    /// The product of Householder reflections: ``LinAlg/householderProduct(_:_:)``.
    public func orgqr(_ tau: Tensor) -> Tensor { LinAlg.householderProduct(self, tau) }

    /// The singular value decomposition `A = U diag(S) Vᵀ`, which returns V and not Vᵀ as
    /// ``LinAlg/svd(_:fullMatrices:)``.
    ///
    /// If `computeUV` is false, U and V are zeros.
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
        return vh.isPlaceholder ? (u, s, vh) : (u, s, vh.mH)
    }

    /// The inverse of the matrices whose Cholesky factor this is: `(L Lᵀ)^-1`, or `(Uᵀ U)^-1` if `upper`. The other
    /// triangle is assumed to be 0; the gradient is computed for all elements, as in PyTorch.
    public func choleskyInverse(upper: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).choleskyInverse(upper: upper) } }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            try MatrixRules.checkSquare(self, in: "choleskyInverse")
            let one = Tensor.eye(MatrixRules.rows(self), dtype: dtype, device: device)
            let inverse = apply(SolveTriangular(isUpper: false, isDense: true), upper ? mH : self, one)
            return inverse.mH.matmul(inverse)
        }
    }

    /// Solves `A X = B` where this tensor is B `[*, n, k]` and `factor` the Cholesky factor of A `[*, n, n]`. The other
    /// triangle of the factor is assumed to be 0; its gradient is computed for all elements, as in PyTorch.
    public func choleskySolve(_ factor: Tensor, upper: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).choleskySolve($0(factor), upper: upper) } }
        return orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            if factor.isPlaceholder { return factor }
            _ = try MatrixRules.solution(factor, self, in: "choleskySolve")
            let lower = upper ? factor.mH : factor
            let half = apply(SolveTriangular(isUpper: false, isDense: true), lower, self)
            return apply(SolveTriangular(isUpper: true, isDense: true), lower.mH, half)
        }
    }

    /// Solves `A X = B` where this tensor is B and A is given by the LU factorisation of ``LinAlg/luFactor(_:)``.
    public func luSolve(_ lu: Tensor, _ pivots: Tensor) -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).luSolve($0(lu), pivots) } }
        return LinAlg.luSolve(lu, pivots, self)
    }

    /// Solves `A X = B` (`Aᵀ X = B` with `transpose`) where this tensor is B and A is triangular. Returns the solution
    /// and a copy of A.
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

/// The factors `P`, `L` and `U` of an LU factorisation: ``LinAlg/luUnpack(_:_:)``.
public func luUnpack(_ lu: Tensor, _ pivots: Tensor) -> (P: Tensor, L: Tensor, U: Tensor) {
    LinAlg.luUnpack(lu, pivots)
}
