/// Linear algebra on matrices and batches of them, as `torch.linalg` has it.
///
/// Matrices lie in the last two dimensions; leading dimensions are a batch. Dtypes are float32 and float64 where nothing
/// else is said. What is computed by LAPACK loads that library with the first call.
///
///     let x = LinAlg.solve(a, b)
///     let (u, s, vh) = LinAlg.svd(a, fullMatrices: false)
public enum LinAlg {
    /// One triangle of a matrix.
    public enum Triangle: Sendable { case lower, upper }

    // MARK: Inverses and equations

    /// The inverse of square matrices, `[*, n, n] -> [*, n, n]`. A singular matrix is an error.
    public static func inv(_ a: Tensor) -> Tensor { applyAll(Inverse(), Few(a), count: 2)[0] }

    /// The inverse, and for each matrix 0 or, where it is singular, the place of the zero pivot, counted from 1:
    /// `[*, n, n] -> [*, n, n], [*]`.
    public static func invEx(_ a: Tensor, checkErrors: Bool = false) -> (inverse: Tensor, info: Tensor) {
        let results = applyAll(Inverse(checkErrors: checkErrors), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The solution of `A X = B`, or of `X A = B` with `left: false`. A singular matrix is an error.
    ///
    /// Shapes: `[*, n, n]` and `[*, n, k]`, leading dimensions broadcast; or vectors, `[*, n, n]` and `[*, n]` with the same leading
    /// dimensions, or `[n]`.
    public static func solve(_ a: Tensor, _ b: Tensor, left: Bool = true) -> Tensor {
        solveEx(a, b, left: left, checkErrors: true).result
    }

    /// The solution, and for each matrix 0 or, where it is singular, the place of the zero pivot, counted from 1.
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

    /// The solutions of several equations with one matrix, which is factorised once.
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

    /// Whether the right side of equations is a vector for each matrix, and not a matrix.
    static func isVector(_ b: Tensor, for a: Tensor) -> Bool {
        b.rank == 1 || (a.rank >= 1 && b.rank == a.rank - 1 && b.shape == Array(a.shape.dropLast()))
    }

    /// The solution of `A X = B`, or of `X A = B` with `left: false`, for triangular matrices; the other triangle is not read.
    ///
    /// Shapes: `[*, n, n]` and `[*, n, k]` (`[*, k, n]`), leading dimensions broadcast. A zero on the diagonal gives
    /// infinities.
    ///
    /// - Parameter unitriangular: take the diagonal for ones, and do not read it either.
    public static func solveTriangular(
        _ a: Tensor, _ b: Tensor, upper: Bool, left: Bool = true, unitriangular: Bool = false
    ) -> Tensor {
        apply(SolveTriangular(isUpper: upper, isLeft: left, isUnit: unitriangular), a, b)
    }

    // MARK: Factorisations

    /// The Cholesky factor of symmetric positive definite matrices, `A = L L^T`, or `A = U^T U` if `upper`; only that triangle
    /// is read. A matrix that is not positive definite is an error.
    public static func cholesky(_ a: Tensor, upper: Bool = false) -> Tensor {
        applyAll(Cholesky(isUpper: upper), Few(a), count: 2)[0]
    }

    /// The Cholesky factor, and for each matrix 0 or the order of the first leading minor that is not positive.
    public static func choleskyEx(
        _ a: Tensor, upper: Bool = false, checkErrors: Bool = false
    ) -> (L: Tensor, info: Tensor) {
        let results = applyAll(Cholesky(isUpper: upper, checkErrors: checkErrors), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// What a QR decomposition gives.
    public enum QRMode: Sendable {
        /// Q `[m, k]` and R `[k, n]` with k = min(m, n).
        case reduced
        /// Q `[m, m]` and R `[m, n]`.
        case complete
        /// R `[k, n]` alone, which has no derivative; Q is empty.
        case r
    }

    /// The QR decomposition, `A = Q R`: orthonormal columns and an upper triangle, whose diagonal may be negative.
    public static func qr(_ a: Tensor, mode: QRMode = .reduced) -> (Q: Tensor, R: Tensor) {
        let results = applyAll(QRDecomposition(isComplete: mode == .complete, hasQ: mode != .r), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The singular value decomposition, `A = U diag(S) V^T`, with the values in falling order.
    ///
    /// Shapes, k = min(m, n): `[*, m, n] -> [*, m, m], [*, k], [*, n, n]`, or `[*, m, k], [*, k], [*, k, n]` without full matrices.
    /// Gradients through U and V are finite only where no two singular values are equal.
    public static func svd(_ a: Tensor, fullMatrices: Bool = true) -> (U: Tensor, S: Tensor, Vh: Tensor) {
        let results = applyAll(SingularValues(vectors: fullMatrices ? .full : .reduced), Few(a), count: 3)
        return (results[0], results[1], results[2])
    }

    /// The singular values in falling order, `[*, m, n] -> [*, min(m, n)]`.
    public static func svdvals(_ a: Tensor) -> Tensor {
        let isRecorded = a.requiresGrad && isGradEnabled
        return applyAll(SingularValues(vectors: isRecorded ? .reduced : .none), Few(a), count: 3)[1]
    }

    /// The eigenvalues of symmetric matrices in rising order, and the eigenvectors as columns: `A = V diag(w) V^T`.
    ///
    /// Shapes: `[*, n, n] -> [*, n], [*, n, n]`. One triangle is read, and the gradient is that of a symmetric matrix.
    /// Gradients through the vectors are finite only where no two eigenvalues are equal.
    public static func eigh(
        _ a: Tensor, uplo: Triangle = .lower
    ) -> (eigenvalues: Tensor, eigenvectors: Tensor) {
        let results = applyAll(SymmetricEigen(isUpper: uplo == .upper), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The eigenvalues of symmetric matrices in rising order, `[*, n, n] -> [*, n]`.
    public static func eigvalsh(_ a: Tensor, uplo: Triangle = .lower) -> Tensor {
        let isRecorded = a.requiresGrad && isGradEnabled
        return applyAll(SymmetricEigen(isUpper: uplo == .upper, hasVectors: isRecorded), Few(a), count: 2)[0]
    }

    /// The first columns of the product of Householder reflections, `(1 - tau_1 v_1 v_1^T) (1 - tau_2 v_2 v_2^T) ...`, as
    /// LAPACK's QR factorisation leaves them: `v_i` is 1 at place i and column i of `a` below it.
    ///
    /// Shapes: `[*, m, n]` and `[*, k] -> [*, m, n]` with m >= n >= k. With `V = [v_1 ...]` and `D = diag(tau)` the product is
    /// `1 - V D (1 + triu(V^T V, 1) D)^-1 V^T` (Joffrain and others 2006).
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
            let scaled = tau.unsqueeze(-2)
            let overlaps = v.mT.matmul(v).triu(1) * scaled + Tensor.eye(k, dtype: a.dtype, device: a.device)
            let tops = v.narrow(-2, start: 0, length: n).mT
            let inner = solveTriangular(overlaps, tops, upper: true, unitriangular: true)
            return eye - (v * scaled).matmul(inner)
        }
    }

    // MARK: Determinants

    /// The determinant of square matrices, `[*, n, n] -> [*]`.
    public static func det(_ a: Tensor) -> Tensor { apply(Determinant(), a) }

    /// The sign of the determinant, and the logarithm of its magnitude: `[*, n, n] -> [*], [*]`. A singular matrix gives 0 and
    /// -infinity.
    public static func slogdet(_ a: Tensor) -> (sign: Tensor, logabsdet: Tensor) {
        let results = applyAll(LogDeterminant(), Few(a), count: 2)
        return (results[0], results[1])
    }

    /// The diagonals of matrices, `[*, m, n] -> [*, length]`: ``Tensor/diagonal(offset:dim1:dim2:)`` of the last two dimensions.
    public static func diagonal(_ a: Tensor, offset: Int = 0, dim1: Int = -2, dim2: Int = -1) -> Tensor {
        a.diagonal(offset: offset, dim1: dim1, dim2: dim2)
    }
}
