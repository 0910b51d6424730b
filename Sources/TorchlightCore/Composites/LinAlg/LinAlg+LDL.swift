// The LDL factorisation of symmetric matrices, which need not be positive definite, and solving with it.

extension LinAlg {
    /// The LDL factorisation of symmetric matrices, `A = L D Lᵀ`, in compact form (Bunch and Kaufman, 1977): L without its unit
    /// diagonal and D, whose diagonal has blocks of size 1 and 2, in the lower triangle of one matrix, and LAPACK's pivots,
    /// counted from 1. A singular matrix is an error.
    ///
    /// Shapes: `[*, n, n] -> [*, n, n], [*, n]`. Only the lower triangle is read. There is no gradient.
    /// ``ldlSolve(_:_:_:hermitian:)`` solves equations with the result.
    ///
    /// - Parameter hermitian: whether complex matrices are Hermitian, `A = L D Lᴴ`, instead of symmetric. Default: false.
    public static func ldlFactor(_ a: Tensor, hermitian: Bool = false) -> (LD: Tensor, pivots: Tensor) {
        let results = applyAll(LDLFactor(isHermitian: hermitian), Few(a), count: 3)
        return (results[0], results[1])
    }

    /// The LDL factorisation as ``ldlFactor(_:hermitian:)``, and for each matrix an info code: 0, or the position of the first
    /// block of D that is 0, counted from 1.
    ///
    /// - Parameters:
    ///   - hermitian: whether complex matrices are Hermitian instead of symmetric. Default: false.
    ///   - checkErrors: whether a singular matrix is an error. Default: false.
    public static func ldlFactorEx(
        _ a: Tensor, hermitian: Bool = false, checkErrors: Bool = false
    ) -> (LD: Tensor, pivots: Tensor, info: Tensor) {
        let results = applyAll(LDLFactor(isHermitian: hermitian, checkErrors: checkErrors), Few(a), count: 3)
        return (results[0], results[1], results[2])
    }

    /// Solves `A X = B` with the LDL factorisation of A from ``ldlFactor(_:hermitian:)``.
    ///
    /// Shapes: `ld [*, n, n]`, `pivots [*, n]` (int32), `b [*, n, k] -> [*, n, k]`; the leading dimensions broadcast. The gradient
    /// is with respect to `b`; factors that require one are an error in the backward pass.
    ///
    /// - Parameter hermitian: the value that ``ldlFactor(_:hermitian:)`` was called with. Default: false.
    public static func ldlSolve(
        _ ld: Tensor, _ pivots: Tensor, _ b: Tensor, hermitian: Bool = false
    ) -> Tensor {
        apply(LDLSolve(isHermitian: hermitian), ld, pivots, b)
    }
}
