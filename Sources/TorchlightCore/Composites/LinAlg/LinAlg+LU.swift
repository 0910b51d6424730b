// LU factorisation, its factors, and solving with it.

extension LinAlg {
    /// LU factorisation with partial pivoting, in compact form: `L` (without its unit diagonal) and `U` in one matrix,
    /// and the pivots, counted from 1. A singular matrix is an error.
    ///
    /// Shapes: `[*, m, n] -> [*, m, n], [*, min(m, n)]`. Use ``luUnpack(_:_:)`` for the factors and
    /// ``luSolve(_:_:_:left:adjoint:)`` to solve equations.
    public static func luFactor(_ a: Tensor) -> (LU: Tensor, pivots: Tensor) {
        let results = applyAll(LUFactor(), Few(a), count: 3)
        return (results[0], results[1])
    }

    /// LU factorisation as ``luFactor(_:)``, and for each matrix an info code: 0, or the index of the first zero on the
    /// diagonal of U, counted from 1. With `checkErrors` a singular matrix is an error. Default: false.
    public static func luFactorEx(
        _ a: Tensor, checkErrors: Bool = false
    ) -> (LU: Tensor, pivots: Tensor, info: Tensor) {
        let results = applyAll(LUFactor(checkErrors: checkErrors), Few(a), count: 3)
        return (results[0], results[1], results[2])
    }

    /// LU factorisation with partial pivoting, `A = P L U`: a permutation matrix, a lower triangular matrix with unit
    /// diagonal and an upper triangular matrix.
    ///
    /// Shapes, k = min(m, n): `[*, m, n] -> P [*, m, m], L [*, m, k], U [*, k, n]`.
    public static func lu(_ a: Tensor) -> (P: Tensor, L: Tensor, U: Tensor) {
        let factors = luFactorEx(a)
        return luUnpack(factors.LU, factors.pivots)
    }

    /// The factors `P`, `L` and `U` of the result of ``luFactor(_:)``.
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

    /// Solves `A X = B` with the LU factorisation of A from ``luFactor(_:)``.
    ///
    /// Shapes: `lu [*, n, n]`, `pivots [*, n]`, `b [*, n, k] -> [*, n, k]`.
    ///
    /// - Parameters:
    ///   - left: whether to solve `A X = B` (true) or `X A = B` (false). Default: true.
    ///   - adjoint: whether to solve with `Aᵀ` instead of `A`. Default: false.
    public static func luSolve(
        _ lu: Tensor, _ pivots: Tensor, _ b: Tensor, left: Bool = true, adjoint: Bool = false
    ) -> Tensor {
        if isAutocasting { return withoutAutocast { luSolve(lu, pivots, b, left: left, adjoint: adjoint) } }
        return orFail(like: b) { () throws(TensorError) in
            if lu.isPlaceholder { return lu }
            if b.isPlaceholder { return b }
            _ = try MatrixRules.solution(lu, b, isLeft: left, in: "luSolve")
            let permutation = apply(PivotOrder(rows: MatrixRules.rows(lu)), pivots).permutation(lu.dtype)
            func solveLower(_ x: Tensor) -> Tensor {
                solveTriangular(adjoint ? lu.mH : lu, x, upper: adjoint, left: left, unitriangular: true)
            }
            func solveUpper(_ x: Tensor) -> Tensor {
                solveTriangular(adjoint ? lu.mH : lu, x, upper: !adjoint, left: left)
            }
            // A^-1 = U^-1 L^-1 P^T and A^-T = P L^-T U^-T, from the left or from the right.
            switch (left, adjoint) {
            case (true, false): return solveUpper(solveLower(permutation.mH.matmul(b)))
            case (true, true): return permutation.matmul(solveLower(solveUpper(b)))
            case (false, false): return solveLower(solveUpper(b)).matmul(permutation.mH)
            case (false, true): return solveUpper(solveLower(b.matmul(permutation)))
            }
        }
    }
}
