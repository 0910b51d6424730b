// Rank, pseudo-inverse and least squares: what depends on which singular values count as 0.

extension LinAlg {
    /// The limits for each matrix. Where neither is given, or `atol` is 0, `rtol` is the larger size of the matrix times the
    /// dtype's epsilon.
    private static func limits(_ a: Tensor, atol: Tensor?, rtol: Tensor?) -> (atol: Tensor, rtol: Tensor) {
        noGrad {
            let epsilon = a.dtype == .float64 ? 0x1p-52 : 0x1p-23
            let usual = epsilon * Double(Swift.max(MatrixRules.rows(a), MatrixRules.columns(a)))
            let batch = Array(MatrixRules.batch(a))
            // A single number on the CPU goes with matrices on any device.
            func limit(_ given: Tensor) -> Tensor {
                let limit = given.detach().to(a.dtype)
                return limit.rank == 0 ? limit.to(a.device) : limit
            }
            let absolute = atol.map(limit) ?? Tensor.zeros([], dtype: a.dtype, device: a.device)
            let relative =
                rtol.map(limit)
                ?? Tensor.full([], usual, dtype: a.dtype, device: a.device).maskedFill(absolute > 0, 0)
            return (absolute.expand(batch), relative.expand(batch))
        }
    }

    /// The largest singular value of each matrix; 0 where there are none.
    static func largest(_ values: Tensor) -> Tensor {
        let magnitudes = values.abs()
        return magnitudes.shape.last == 0 ? magnitudes.sum(dim: [-1]) : magnitudes.amax(dim: [-1])
    }

    /// The magnitudes that decide the rank of each matrix.
    private static func spectrum(_ a: Tensor, _ hermitian: Bool) -> Tensor {
        noGrad { hermitian ? eigvalsh(a.detach()).abs() : svdvals(a.detach()) }
    }

    /// The number of singular values above the larger of `atol` and `rtol` times the largest one, as int64: `[*, m, n] -> [*]`.
    ///
    /// - Parameters:
    ///   - rtol: where neither is given, the larger size of the matrix times the dtype's epsilon.
    ///   - hermitian: the matrices are symmetric; their eigenvalues are cheaper.
    public static func matrixRank(
        _ a: Tensor, atol: Double? = nil, rtol: Double? = nil, hermitian: Bool = false
    ) -> Tensor {
        matrixRank(
            a, atol: atol.map { Tensor($0, dtype: .float64) }, rtol: rtol.map { Tensor($0, dtype: .float64) },
            hermitian: hermitian)
    }

    /// The rank of each matrix with limits of its own, `[*]` or any shape that broadcasts to it.
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

    /// The Moore-Penrose pseudo-inverse, `[*, m, n] -> [*, n, m]`; singular values at or below the larger of `atol` and `rtol` times
    /// the largest one count as 0.
    ///
    /// - Parameters:
    ///   - rtol: where neither is given, the larger size of the matrix times the dtype's epsilon.
    ///   - hermitian: the matrices are symmetric; their eigenvalues are cheaper.
    public static func pinv(
        _ a: Tensor, atol: Double? = nil, rtol: Double? = nil, hermitian: Bool = false
    ) -> Tensor {
        pinv(
            a, atol: atol.map { Tensor($0, dtype: .float64) }, rtol: rtol.map { Tensor($0, dtype: .float64) },
            hermitian: hermitian)
    }

    /// The pseudo-inverse with limits for each matrix, `[*]` or any shape that broadcasts to it.
    public static func pinv(_ a: Tensor, atol: Tensor?, rtol: Tensor?, hermitian: Bool = false) -> Tensor {
        if isAutocasting { return inFloat32 { pinv($0(a), atol: atol, rtol: rtol, hermitian: hermitian) } }
        return orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            try MatrixRules.check(a, in: "pinv")
            let (absolute, relative) = limits(a, atol: atol, rtol: rtol)
            return apply(PseudoInverse(isSymmetric: hermitian), a, absolute, relative)
        }
    }

    /// How a least-squares problem is solved; the names are those of LAPACK's drivers.
    public enum LeastSquaresDriver: Sendable {
        /// By QR: the matrices have full rank.
        case gels
        /// By singular values; the rank is reported.
        case gelsy
        /// By singular values; rank and values are reported.
        case gelsd, gelss
    }

    /// The X that makes `|A X - B|` least, and of those the shortest; with sums of squares that remain, ranks and singular values.
    ///
    /// Shapes: `[*, m, n]` and `[*, m, k]`, or vectors `[*, m]`, to `[*, n, k]`. `residuals` `[*, k]` are there for m > n and full
    /// rank but for the driver gelsy, `rank` `[*]` but for gels, `singularValues` `[*, min(m, n)]` for gelsd and gelss; empty
    /// elsewhere.
    ///
    /// - Parameter rcond: singular values at or below this times the largest count as 0; the larger size of the matrix
    ///   times the dtype's epsilon where it is left out.
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
            var values = Tensor.zeros([0], dtype: a.dtype, device: a.device)
            let solution: Tensor
            if driver == .gels {
                solution = fullRankSolution(a, sides)
            } else {
                let relative = rcond.map { Tensor($0, dtype: .float64) }
                rank = matrixRank(a, atol: nil, rtol: relative)
                if driver != .gelsy { values = spectrum(a, false) }
                solution = pinv(a, atol: nil, rtol: relative).matmul(sides)
            }
            // None of them, but of the same history as the rest.
            var residuals = solution.reshape([-1]).narrow(0, start: 0, length: 0)
            let hasFullRank = driver == .gels || (rank .== n).all().item() != 0
            if m > n && driver != .gelsy && hasFullRank {
                let rest = a.matmul(solution) - sides
                residuals = (rest * rest).sum(dim: [-2])
            }
            return (isVector ? solution.squeeze(-1) : solution, residuals, rank, values)
        } catch {
            let placeholder = fail(error, like: a)
            return (placeholder, placeholder, placeholder, placeholder)
        }
    }

    /// With `A = Q R` of a tall matrix, `X = R^-1 Q^T B`; with `A^T = Q R` of a wide one, the shortest X is `Q R^-T B`.
    private static func fullRankSolution(_ a: Tensor, _ b: Tensor) -> Tensor {
        if MatrixRules.rows(a) >= MatrixRules.columns(a) {
            let (q, r) = qr(a)
            return solveTriangular(r, q.mT.matmul(b), upper: true)
        }
        let (q, r) = qr(a.mT)
        return q.matmul(solveTriangular(r.mT, b, upper: false))
    }
}
