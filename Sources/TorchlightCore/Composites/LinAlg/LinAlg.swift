/// Linear algebra on matrices and batches of matrices, as in `torch.linalg`.
///
/// Matrices are in the last two dimensions; leading dimensions are batch dimensions. The dtypes are float32 and float64
/// unless stated otherwise. LAPACK is loaded with the first call of a function that uses it.
///
///     let x = LinAlg.solve(a, b)
///     let (u, s, vh) = LinAlg.svd(a, fullMatrices: false)
public enum LinAlg {
    /// A triangle of a matrix.
    public enum Triangle: Sendable { case lower, upper }

    // MARK: Inverses and equations

    /// The inverse of square matrices: `[*, n, n] -> [*, n, n]`. A singular matrix is an error.
    public static func inv(_ a: Tensor) -> Tensor { applyAll(Inverse(), Few(a), count: 2)[0] }

    /// The inverse of square matrices, and for each matrix an info code: 0, or for a singular matrix the index of the
    /// zero pivot, counted from 1. `[*, n, n] -> [*, n, n], [*]`. With `checkErrors` a singular matrix is an error.
    /// Default: false.
    public static func invEx(_ a: Tensor, checkErrors: Bool = false) -> (inverse: Tensor, info: Tensor) {
        let results = applyAll(Inverse(checkErrors: checkErrors), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// Solves `A X = B`, or `X A = B` with `left: false`. A singular matrix is an error.
    ///
    /// Shapes: `a [*, n, n]` and `b [*, n, k] -> [*, n, k]`; the leading dimensions broadcast. `b` may also be a vector
    /// for each matrix: `[*, n]` with the same leading dimensions, or `[n]`.
    public static func solve(_ a: Tensor, _ b: Tensor, left: Bool = true) -> Tensor {
        solveEx(a, b, left: left, checkErrors: true).result
    }

    /// The solution as ``solve(_:_:left:)``, and for each matrix an info code: 0, or for a singular matrix the index of
    /// the zero pivot, counted from 1. With `checkErrors` a singular matrix is an error. Default: false.
    public static func solveEx(
        _ a: Tensor, _ b: Tensor, left: Bool = true, checkErrors: Bool = false
    ) -> (result: Tensor, info: Tensor) {
        if isAutocasting { return inFloat32 { solveEx($0(a), $0(b), left: left, checkErrors: checkErrors) } }
        func run(_ a: Tensor, _ b: Tensor) -> Few<Tensor> {
            if !a.isPlaceholder, !b.isPlaceholder, a.rank >= 2, b.rank > a.rank {
                return solveMany(a, b, checkErrors)
            }
            return applyAll(Solve(checkErrors: checkErrors), Few(a, b), count: 2)
        }
        if left && isVector(b, for: a) {
            let results = run(a, b.unsqueeze(-1))
            return (results[0].squeeze(-1), results[1])
        }
        if left || a.isPlaceholder || b.isPlaceholder || a.rank < 2 || b.rank < 2 {
            let results = run(a, b)
            return (results[0], results[1])
        }
        let results = run(a.mT, b.mT)
        return (results[0].mT, results[1])
    }

    /// Solves several equations with the same matrix, which is factorised once.
    private static func solveMany(_ a: Tensor, _ b: Tensor, _ checkErrors: Bool) -> Few<Tensor> {
        do throws(TensorError) {
            _ = try MatrixRules.solution(a, b, in: Solve.name)
            let factors = luFactorEx(a)
            if factors.LU.isPlaceholder { return Few(factors.LU, factors.LU) }
            if checkErrors { try Solve.check(info: factors.info, [a, b]) }
            return Few(luSolve(factors.LU, factors.pivots, b), factors.info)
        } catch {
            return Few(repeating: fail(error, like: b), count: 2)
        }
    }

    /// Whether the right-hand side is a vector for each matrix.
    static func isVector(_ b: Tensor, for a: Tensor) -> Bool {
        b.rank == 1 || (a.rank >= 1 && b.rank == a.rank - 1 && b.shape == Array(a.shape.dropLast()))
    }

    /// Solves `A X = B`, or `X A = B` with `left: false`, for triangular matrices. The other triangle is not read.
    ///
    /// Shapes: `a [*, n, n]` and `b [*, n, k]` (`[*, k, n]` with `left: false`); the leading dimensions broadcast. A
    /// zero on the diagonal gives infinities or NaN.
    ///
    /// - Parameters:
    ///   - upper: whether the matrices are upper triangular.
    ///   - left: whether to solve `A X = B` (true) or `X A = B` (false). Default: true.
    ///   - unitriangular: whether the diagonal is taken to be 1, and is not read. Default: false.
    public static func solveTriangular(
        _ a: Tensor, _ b: Tensor, upper: Bool, left: Bool = true, unitriangular: Bool = false
    ) -> Tensor {
        apply(SolveTriangular(isUpper: upper, isLeft: left, isUnit: unitriangular), a, b)
    }

    // MARK: Factorisations

    /// The Cholesky factor of symmetric positive definite matrices: L with `A = L Lᵀ`, or U with `A = Uᵀ U` if `upper`.
    /// Only that triangle is read. `[*, n, n] -> [*, n, n]`. A matrix that is not positive definite is an error.
    public static func cholesky(_ a: Tensor, upper: Bool = false) -> Tensor {
        applyAll(Cholesky(isUpper: upper), Few(a), count: 2)[0]
    }

    /// The Cholesky factor, and for each matrix an info code: 0, or the order of the first leading minor that is not
    /// positive. With `checkErrors` a matrix that is not positive definite is an error. Default: false.
    public static func choleskyEx(
        _ a: Tensor, upper: Bool = false, checkErrors: Bool = false
    ) -> (L: Tensor, info: Tensor) {
        let results = applyAll(Cholesky(isUpper: upper, checkErrors: checkErrors), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The factors that a QR decomposition returns.
    public enum QRMode: Sendable {
        /// Q `[m, k]` and R `[k, n]` with k = min(m, n).
        case reduced
        /// Q `[m, m]` and R `[m, n]`.
        case complete
        /// Only R `[k, n]`, without a gradient; Q is empty.
        case r
    }

    /// The QR decomposition `A = Q R`: Q has orthonormal columns, R is upper triangular and may have a negative
    /// diagonal.
    public static func qr(_ a: Tensor, mode: QRMode = .reduced) -> (Q: Tensor, R: Tensor) {
        let results = applyAll(QRDecomposition(isComplete: mode == .complete, hasQ: mode != .r), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The singular value decomposition `A = U diag(S) Vᵀ`, with the singular values in decreasing order.
    ///
    /// Shapes, k = min(m, n): `[*, m, n] -> U [*, m, m], S [*, k], Vh [*, n, n]`, or `[*, m, k], [*, k], [*, k, n]`
    /// with `fullMatrices: false`. Gradients through U and Vh are finite only if all singular values are distinct.
    ///
    /// - Parameter fullMatrices: whether U and Vh are square. Default: true.
    public static func svd(_ a: Tensor, fullMatrices: Bool = true) -> (U: Tensor, S: Tensor, Vh: Tensor) {
        let results = applyAll(SingularValues(vectors: fullMatrices ? .full : .reduced), Few(a), count: 3)
        return (results[0], results[1], results[2])
    }

    /// The singular values in decreasing order: `[*, m, n] -> [*, min(m, n)]`.
    public static func svdvals(_ a: Tensor) -> Tensor {
        let isRecorded = a.requiresGrad && isGradEnabled
        return applyAll(SingularValues(vectors: isRecorded ? .reduced : .none), Few(a), count: 3)[1]
    }

    /// The eigenvalues of symmetric matrices in increasing order, and the eigenvectors as columns: `A = V diag(w) Vᵀ`.
    ///
    /// Shapes: `[*, n, n] -> [*, n], [*, n, n]`. Only the triangle `uplo` is read; the gradient is symmetric. Gradients
    /// through the eigenvectors are finite only if all eigenvalues are distinct.
    public static func eigh(
        _ a: Tensor, uplo: Triangle = .lower
    ) -> (eigenvalues: Tensor, eigenvectors: Tensor) {
        let results = applyAll(SymmetricEigen(isUpper: uplo == .upper), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The eigenvalues of symmetric matrices in increasing order: `[*, n, n] -> [*, n]`. Only the triangle `uplo` is
    /// read.
    public static func eigvalsh(_ a: Tensor, uplo: Triangle = .lower) -> Tensor {
        let isRecorded = a.requiresGrad && isGradEnabled
        return applyAll(SymmetricEigen(isUpper: uplo == .upper, hasVectors: isRecorded), Few(a), count: 2)[0]
    }

    /// The first `n` columns of a product of Householder reflections, `(1 - tau_1 v_1 v_1ᵀ) (1 - tau_2 v_2 v_2ᵀ) ...`,
    /// in the format of LAPACK's QR factorisation: `v_i` is 1 at index i and column i of `a` below.
    ///
    /// Shapes: `a [*, m, n]` and `tau [*, k] -> [*, m, n]` with m >= n >= k. With `V = [v_1 ...]` and `D = diag(tau)`
    /// the product is `1 - V D (1 + triu(Vᵀ V, 1) D)^-1 Vᵀ` (Joffrain et al., 2006).
    public static func householderProduct(_ a: Tensor, _ tau: Tensor) -> Tensor {
        if isAutocasting { return inFloat32 { householderProduct($0(a), $0(tau)) } }
        return orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            if tau.isPlaceholder { return tau }
            let name = "householderProduct"
            try MatrixRules.check(a, in: name)
            let (m, n) = (MatrixRules.rows(a), MatrixRules.columns(a))
            guard tau.rank == a.rank - 1, m >= n, tau.shape.last! <= n, tau.shape.dropLast() == a.shape.dropLast(2)
            else {
                throw TensorError(
                    .shape, in: name, "the shapes do not match",
                    expected: "[*, m, n] and [*, k] with m >= n >= k", operands: [a, tau])
            }
            guard tau.dtype == a.dtype else {
                throw TensorError(
                    .dtype, in: name, "the operands have different dtypes", expected: "one dtype", operands: [a, tau])
            }
            let k = tau.shape.last!
            let eye = Tensor.eye(m, n, dtype: a.dtype, device: a.device)
            let v = a.narrow(-1, start: 0, length: k).tril(-1) + eye.narrow(-1, start: 0, length: k)
            let tops = v.narrow(-2, start: 0, length: n).mH
            let inner = solveTriangular(reflectorOverlaps(v, tau), tops, upper: true, unitriangular: true)
            return eye - (v * tau.unsqueeze(-2)).matmul(inner)
        }
    }

    // MARK: Determinants

    /// The determinant of square matrices, `[*, n, n] -> [*]`.
    public static func det(_ a: Tensor) -> Tensor { apply(Determinant(), a) }

    /// The sign of the determinant and the logarithm of its absolute value: `[*, n, n] -> [*], [*]`. For a singular
    /// matrix they are 0 and -infinity.
    public static func slogdet(_ a: Tensor) -> (sign: Tensor, logabsdet: Tensor) {
        let results = applyAll(LogDeterminant(), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The diagonals of matrices: `[*, m, n] -> [*, length]`. ``Tensor/diagonal(offset:dim1:dim2:)`` with the last two
    /// dimensions as default.
    public static func diagonal(_ a: Tensor, offset: Int = 0, dim1: Int = -2, dim2: Int = -1) -> Tensor {
        a.diagonal(offset: offset, dim1: dim1, dim2: dim2)
    }
}
