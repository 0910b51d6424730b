// Householder's reflections, as LAPACK keeps a QR decomposition.

extension LinAlg {
    /// With the reflections' vectors as columns of v, their product is `1 - v diag(tau) M^-1 v^H` with this unit upper triangular M
    /// (Puglisi 1992).
    static func reflectorOverlaps(_ v: Tensor, _ tau: Tensor) -> Tensor {
        let k = tau.layout.shape[tau.rank - 1]
        return v.mH.matmul(v).triu(1) * tau.unsqueeze(-2) + Tensor.eye(k, dtype: v.dtype, device: v.device)
    }
}

extension Tensor {
    /// The QR decomposition as LAPACK keeps it, `[*, m, n] -> [*, m, n], [*, min(m, n)]`: R in the upper triangle, and the vectors
    /// and factors tau of Householder's reflections, for ``ormqr(_:_:left:transpose:)`` and ``orgqr(_:)``.
    public func geqrf() -> (a: Tensor, tau: Tensor) {
        let results = applyAll(HouseholderReflectors(), Few(self), count: 2)
        return (results[0], results[1])
    }

    /// The product of another matrix with the unitary Q of Householder's reflections, without forming Q: `Q C`, `Q^H C`, `C Q` or
    /// `C Q^H`.
    ///
    /// This tensor holds the vectors of the reflections below its diagonal, as ``geqrf()`` gives them: `[*, m, k]`.
    ///
    /// - Parameters:
    ///   - tau: the factors of the reflections, `[*, k]`.
    ///   - other: C, `[*, m, n]`, or `[*, n, m]` if it is the left factor.
    ///   - left: whether Q is the left factor.
    ///   - transpose: whether the conjugate transpose of Q is taken.
    public func ormqr(_ tau: Tensor, _ other: Tensor, left: Bool = true, transpose: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { $0(self).ormqr($0(tau), $0(other), left: left, transpose: transpose) } }
        return orFail(like: other) { () throws(TensorError) in
            if let placeholder = [self, tau, other].first(where: \.isPlaceholder) { return placeholder }
            let name = "ormqr"
            try MatrixRules.check(self, in: name)
            try MatrixRules.check(other, in: name)
            let (m, k) = (MatrixRules.rows(self), tau.shape.last ?? 0)
            guard tau.rank == rank - 1, k <= MatrixRules.columns(self), k <= m,
                (left ? MatrixRules.rows(other) : MatrixRules.columns(other)) == m
            else {
                throw TensorError(
                    .shape, in: name, "the shapes do not match",
                    expected: "[*, m, k], [*, k] and [*, m, n], or [*, n, m] with left: false",
                    operands: [self, tau, other])
            }
            guard dtype == tau.dtype, dtype == other.dtype else {
                throw TensorError(
                    .dtype, in: name, "the operands have different dtypes", expected: "one dtype",
                    operands: [self, tau, other])
            }
            let eye = Tensor.eye(m, k, dtype: dtype, device: device)
            let v = narrow(-1, start: 0, length: k).tril(-1) + eye
            let overlaps = LinAlg.reflectorOverlaps(v, tau)
            let scaled = v * tau.unsqueeze(-2)
            // Q = 1 - scaled M^-1 v^H and Q^H = 1 - v M^-H scaled^H.
            let (outer, inner, isUpper) = transpose ? (v, scaled.mH, false) : (scaled, v.mH, true)
            let triangle = transpose ? overlaps.mH : overlaps
            if left {
                let part = LinAlg.solveTriangular(triangle, inner.matmul(other), upper: isUpper, unitriangular: true)
                return other - outer.matmul(part)
            }
            let part = LinAlg.solveTriangular(triangle, inner, upper: isUpper, unitriangular: true)
            return other - other.matmul(outer).matmul(part)
        }
    }
}
