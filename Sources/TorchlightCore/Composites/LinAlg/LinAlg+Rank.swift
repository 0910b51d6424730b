// Rank, pseudo-inverse and least squares, which depend on a tolerance for singular values.

extension LinAlg {
    /// The tolerances for each matrix. If `rtol` is not given and `atol` is not given or 0, `rtol` is `max(m, n)` times
    /// the epsilon of the dtype.
    private static func limits(_ a: Tensor, atol: Tensor?, rtol: Tensor?) -> (atol: Tensor, rtol: Tensor) {
        noGrad {
            let epsilon = a.dtype.toReal == .float64 ? 0x1p-52 : 0x1p-23
            let usual = epsilon * Double(Swift.max(MatrixRules.rows(a), MatrixRules.columns(a)))
            let batch = Array(MatrixRules.batch(a))
            let type = a.dtype.toReal
            // A 0-dimensional tensor on the CPU can be used with matrices on any device.
            func limit(_ given: Tensor) -> Tensor {
                let limit = given.detach().to(type)
                return limit.rank == 0 ? limit.to(a.device) : limit
            }
            let absolute = atol.map(limit) ?? Tensor.zeros([], dtype: type, device: a.device)
            let relative =
                rtol.map(limit)
                ?? Tensor.full([], usual, dtype: type, device: a.device).maskedFill(absolute > 0, 0)
            return (absolute.expand(batch), relative.expand(batch))
        }
    }

    /// The largest singular value of each matrix; 0 for an empty matrix.
    static func largest(_ values: Tensor) -> Tensor {
        let magnitudes = values.abs()
        return magnitudes.shape.last == 0 ? magnitudes.sum(dim: [-1]) : magnitudes.amax(dim: [-1])
    }

    /// The singular values, or magnitudes of eigenvalues, that determine the rank of each matrix.
    private static func spectrum(_ a: Tensor, _ hermitian: Bool) -> Tensor {
        noGrad { hermitian ? eigvalsh(a.detach()).abs() : svdvals(a.detach()) }
    }

    /// The numerical rank of matrices: the number of singular values above `max(atol, rtol * largest singular value)`,
    /// as int64. `[*, m, n] -> [*]`.
    ///
    /// - Parameters:
    ///   - atol: the absolute tolerance. Default: 0.
    ///   - rtol: the relative tolerance. Default: `max(m, n)` times the epsilon of the dtype if `atol` is not given,
    ///     else 0.
    ///   - hermitian: whether the matrices are symmetric, so that the faster eigenvalue decomposition is used. Default:
    ///     false.
    public static func matrixRank(
        _ a: Tensor, atol: Double? = nil, rtol: Double? = nil, hermitian: Bool = false
    ) -> Tensor {
        matrixRank(
            a, atol: atol.map { Tensor($0, dtype: .float64) }, rtol: rtol.map { Tensor($0, dtype: .float64) },
            hermitian: hermitian)
    }

    /// The numerical rank of matrices with a tolerance for each matrix, with a shape that broadcasts to `[*]`.
    public static func matrixRank(_ a: Tensor, atol: Tensor?, rtol: Tensor?, hermitian: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { matrixRank($0(a), atol: atol, rtol: rtol, hermitian: hermitian) } }
        return orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            try MatrixRules.check(a, in: "matrixRank")
            let values = spectrum(a, hermitian)
            let (absolute, relative) = limits(a, atol: atol, rtol: rtol)
            if values.isPlaceholder { return values }
            return noGrad { (values > (largest(values) * relative).maximum(absolute).unsqueeze(-1)).sum(dim: [-1]) }
        }
    }

    /// The Moore-Penrose pseudo-inverse of matrices: `[*, m, n] -> [*, n, m]`. Singular values of at most `max(atol,
    /// rtol * largest singular value)` are treated as 0.
    ///
    /// - Parameters:
    ///   - atol: the absolute tolerance. Default: 0.
    ///   - rtol: the relative tolerance. Default: `max(m, n)` times the epsilon of the dtype if `atol` is not given,
    ///     else 0.
    ///   - hermitian: whether the matrices are symmetric, so that the faster eigenvalue decomposition is used. Default:
    ///     false.
    public static func pinv(
        _ a: Tensor, atol: Double? = nil, rtol: Double? = nil, hermitian: Bool = false
    ) -> Tensor {
        pinv(
            a, atol: atol.map { Tensor($0, dtype: .float64) }, rtol: rtol.map { Tensor($0, dtype: .float64) },
            hermitian: hermitian)
    }

    /// The pseudo-inverse of matrices with a tolerance for each matrix, with a shape that broadcasts to `[*]`.
    public static func pinv(_ a: Tensor, atol: Tensor?, rtol: Tensor?, hermitian: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { pinv($0(a), atol: atol, rtol: rtol, hermitian: hermitian) } }
        return orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            try MatrixRules.check(a, in: "pinv")
            let (absolute, relative) = limits(a, atol: atol, rtol: rtol)
            return apply(PseudoInverse(isSymmetric: hermitian), a, absolute, relative)
        }
    }

    /// The algorithm for least-squares problems, with the names of LAPACK's drivers.
    public enum LeastSquaresDriver: Sendable {
        /// QR decomposition, for matrices of full rank.
        case gels
        /// Singular values; the rank is returned.
        case gelsy
        /// Singular values; the rank and the singular values are returned.
        case gelsd, gelss
    }

    /// Solves the least-squares problem `min |A X - B|`. If there are several solutions, the one of smallest norm is
    /// returned.
    ///
    /// Shapes: `a [*, m, n]` and `b [*, m, k]`, or vectors `b [*, m]`; the solution is `[*, n, k]` (`[*, n]`).
    /// `residuals [*, k]` are the sums of squared residuals if m > n, the rank is full and the driver is not gelsy;
    /// `rank [*]` is returned by all drivers except gels, `singularValues [*, min(m, n)]` by gelsd and gelss. Otherwise
    /// they are empty.
    ///
    /// - Parameters:
    ///   - rcond: singular values of at most `rcond` times the largest are treated as 0. Default: `max(m, n)` times the
    ///     epsilon of the dtype.
    ///   - driver: the algorithm. Default: `.gelsy`.
    public static func lstsq(
        _ a: Tensor, _ b: Tensor, rcond: Double? = nil, driver: LeastSquaresDriver = .gelsy
    ) -> (solution: Tensor, residuals: Tensor, rank: Tensor, singularValues: Tensor) {
        if isAutocasting { return inFloat32 { lstsq($0(a), $0(b), rcond: rcond, driver: driver) } }
        if a.isPlaceholder { return (a, a, a, a) }
        if b.isPlaceholder { return (b, b, b, b) }
        do throws(TensorError) {
            let name = "lstsq"
            try MatrixRules.check(a, in: name)
            let isVector = isVector(b, for: a)
            let sides = isVector ? b.unsqueeze(-1) : b
            try MatrixRules.check(sides, in: name)
            guard MatrixRules.rows(sides) == MatrixRules.rows(a), a.dtype == b.dtype else {
                throw TensorError(
                    .shape, in: name, "the operands differ in their number of rows or in dtype",
                    expected: "the same number of rows and one dtype", operands: [a, b])
            }
            let (m, n) = (MatrixRules.rows(a), MatrixRules.columns(a))
            var rank = Tensor.zeros([0], dtype: .int64, device: a.device)
            var values = Tensor.zeros([0], dtype: a.dtype.toReal, device: a.device)
            let solution: Tensor
            if driver == .gels {
                solution = fullRankSolution(a, sides)
            } else {
                let relative = rcond.map { Tensor($0, dtype: .float64) }
                rank = matrixRank(a, atol: nil, rtol: relative)
                if driver != .gelsy { values = spectrum(a, false) }
                solution = pinv(a, atol: nil, rtol: relative).matmul(sides)
            }
            // Empty, but with the same history as the solution.
            var residuals = solution.real.reshape([-1]).narrow(0, start: 0, length: 0)
            let hasFullRank = driver == .gels || (rank .== n).all().item() != 0
            if m > n && driver != .gelsy && hasFullRank {
                let rest = a.matmul(solution) - sides
                residuals = (rest * rest.conj()).real.sum(dim: [-2])
            }
            return (isVector ? solution.squeeze(-1) : solution, residuals, rank, values)
        } catch {
            let placeholder = fail(error, like: a)
            return (placeholder, placeholder, placeholder, placeholder)
        }
    }

    /// With `A = Q R` of a tall matrix, `X = R^-1 Qᵀ B`; with `Aᵀ = Q R` of a wide one, the solution of smallest norm
    /// is `Q R^-T B`.
    private static func fullRankSolution(_ a: Tensor, _ b: Tensor) -> Tensor {
        if MatrixRules.rows(a) >= MatrixRules.columns(a) {
            let (q, r) = qr(a)
            return solveTriangular(r, q.mH.matmul(b), upper: true)
        }
        let (q, r) = qr(a.mH)
        return q.matmul(solveTriangular(r.mH, b, upper: false))
    }
}
