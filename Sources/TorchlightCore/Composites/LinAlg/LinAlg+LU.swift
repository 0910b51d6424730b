// LU factorisations: made, taken apart and solved with.

extension LinAlg {
    /// The LU factorisation with row exchanges in one matrix, and the exchanges counted from 1. A singular matrix is an
    /// error.
    ///
    /// Shapes: `[*, m, n] -> [*, m, n], [*, min(m, n)]`. Take it apart with ``luUnpack(_:_:)`` and solve with
    /// ``luSolve(_:_:_:left:adjoint:)``.
    public static func luFactor(_ a: Tensor) -> (LU: Tensor, pivots: Tensor) {
        let results = applyAll(LUFactor(), Few(a), count: 3)
        return (results[0], results[1])
    }

    /// The LU factorisation, and for each matrix 0 or the place of the first zero on U's diagonal, counted from 1.
    public static func luFactorEx(
        _ a: Tensor, checkErrors: Bool = false
    ) -> (LU: Tensor, pivots: Tensor, info: Tensor) {
        let results = applyAll(LUFactor(checkErrors: checkErrors), Few(a), count: 3)
        return (results[0], results[1], results[2])
    }

    /// The LU factorisation `A = P L U`: a permutation, ones on L's diagonal and zeros above, zeros below U's.
    ///
    /// Shapes, k = min(m, n): `[*, m, n] -> P [*, m, m], L [*, m, k], U [*, k, n]`.
    public static func lu(_ a: Tensor) -> (P: Tensor, L: Tensor, U: Tensor) {
        let factors = luFactorEx(a)
        return luUnpack(factors.LU, factors.pivots)
    }

    /// The three factors `P L U` of what ``luFactor(_:)`` gives.
    public static func luUnpack(_ lu: Tensor, _ pivots: Tensor) -> (P: Tensor, L: Tensor, U: Tensor) {
        if lu.isPlaceholder { return (lu, lu, lu) }
        do throws(TensorError) {
            try MatrixRules.check(lu, in: "luUnpack")
            let (m, k) = (MatrixRules.rows(lu), MatrixRules.smallest(lu))
            let order = apply(PivotOrder(rows: m), pivots)
            let lower =
                lu.narrow(-1, start: 0, length: k).tril(-1) + Tensor.eye(m, k, dtype: lu.dtype, device: lu.device)
            return (order.permutation(lu.dtype), lower, lu.narrow(-2, start: 0, length: k).triu())
        } catch {
            let placeholder = fail(error, like: lu)
            return (placeholder, placeholder, placeholder)
        }
    }

    /// The solution of `A X = B` with the factorisation of A that ``luFactor(_:)`` gives.
    ///
    /// - Parameters:
    ///   - left: false solves `X A = B`.
    ///   - adjoint: solve with `A^T` in place of A.
    public static func luSolve(
        _ lu: Tensor, _ pivots: Tensor, _ b: Tensor, left: Bool = true, adjoint: Bool = false
    ) -> Tensor {
        if isAutocasting { return withoutAutocast { luSolve(lu, pivots, b, left: left, adjoint: adjoint) } }
        return orFail(like: b) { () throws(TensorError) in
            if lu.isPlaceholder { return lu }
            if b.isPlaceholder { return b }
            _ = try MatrixRules.solution(lu, b, isLeft: left, in: "luSolve")
            let permutation = apply(PivotOrder(rows: MatrixRules.rows(lu)), pivots).permutation(lu.dtype)
            func throughLower(_ x: Tensor) -> Tensor {
                solveTriangular(adjoint ? lu.mT : lu, x, upper: adjoint, left: left, unitriangular: true)
            }
            func throughUpper(_ x: Tensor) -> Tensor {
                solveTriangular(adjoint ? lu.mT : lu, x, upper: !adjoint, left: left)
            }
            // A^-1 = U^-1 L^-1 P^T and A^-T = P L^-T U^-T, from the left or from the right.
            switch (left, adjoint) {
            case (true, false): return throughUpper(throughLower(permutation.mT.matmul(b)))
            case (true, true): return permutation.matmul(throughLower(throughUpper(b)))
            case (false, false): return throughLower(throughUpper(b)).matmul(permutation.mT)
            case (false, true): return throughUpper(throughLower(b.matmul(permutation)))
            }
        }
    }
}
