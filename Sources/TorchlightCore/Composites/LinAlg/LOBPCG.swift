// The extreme eigenvalues of large symmetric matrices.

/// The variants of ``lobpcg(_:k:B:X:n:iK:niter:tol:largest:method:generator:)``.
public enum LOBPCGMethod: String, Sendable {
    /// The iteration of Knyazev (2001): the basis of the search space is not orthogonal, and can lose rank.
    case basic
    /// The stable iteration of Stathopoulos and Wu (2002) and Duersch and others (2018): residuals and directions are made
    /// orthonormal to the approximate eigenvectors.
    case ortho
}

/// The `k` largest or smallest eigenvalues of symmetric matrices, `A x = λ B x`, and their eigenvectors, by the locally optimal block
/// preconditioned conjugate gradient method (Knyazev, 2001), which only multiplies by the matrices.
///
/// Shapes: `[*, m, m] -> [*, k], [*, m, k]`, with m >= 3k. Float32 and float64. With a gradient with respect to `a` or `B`,
/// which need all eigenvectors, they are computed by ``LinAlg/eigh(_:uplo:)``.
///
///     let (values, vectors) = lobpcg(a, k: 2)
///
/// - Parameters:
///   - a: the symmetric matrices.
///   - k: the number of eigenvalues. Default: the number of columns of `X`, or 1.
///   - B: symmetric positive definite matrices of the shape of `a`. Default: the identity.
///   - X: the start of the iteration, `[*, m, n]` with n >= k. Default: random numbers.
///   - n: the number of columns of a random start. Default: `k`.
///   - iK: the preconditioner, `[*, m, m]`: an approximation of the inverse of `a`. Used by the method `.basic`. Default: none.
///   - niter: the largest number of iterations, the initial step included, which leaves the eigenvalues of the method `.ortho` at
///     0. With a number below 1 they end where the residuals no longer decrease. Default: 1000.
///   - tol: the relative size of a residual at which an eigenvector has converged. Default: the square root of the epsilon
///     of the dtype.
///   - largest: whether the largest eigenvalues are computed, in decreasing order, instead of the smallest, in increasing
///     order. Default: true.
///   - method: the variant. Default: `.ortho`.
///   - generator: the random number generator for the start.
public func lobpcg(
    _ a: Tensor, k: Int? = nil, B: Tensor? = nil, X: Tensor? = nil, n: Int? = nil, iK: Tensor? = nil,
    niter: Int = 1000, tol: Double? = nil, largest: Bool = true, method: LOBPCGMethod = .ortho,
    generator: Generator = .default
) -> (eigenvalues: Tensor, eigenvectors: Tensor) {
    if isAutocasting {
        return inFloat32 { cast in
            lobpcg(
                cast(a), k: k, B: B.map(cast), X: X.map(cast), n: n, iK: iK.map(cast), niter: niter, tol: tol,
                largest: largest, method: method, generator: generator)
        }
    }
    do throws(TensorError) {
        if let placeholder = [a, B, X, iK].compactMap(\.self).first(where: \.isPlaceholder) {
            return (placeholder, placeholder)
        }
        let count = k ?? X?.shape.last ?? 1
        try check(a, count, B, X, n, iK, tol)
        if isGradEnabled && (a.requiresGrad || B?.requiresGrad == true) {
            return denseEigenpairs(a, B, count: count, largest: largest)
        }
        return try noGrad { () throws(TensorError) -> (Tensor, Tensor) in
            let rows = MatrixRules.rows(a)
            let batch = Array(MatrixRules.batch(a))
            let start =
                X?.detach()
                ?? Tensor.randn(batch + [rows, n ?? count], dtype: a.dtype, device: a.device, generator: generator)
            guard a.device.hasValues, !batch.contains(0) else {
                return (
                    Tensor.empty(batch + [count], dtype: a.dtype, device: a.device),
                    Tensor.empty(batch + [rows, count], dtype: a.dtype, device: a.device)
                )
            }
            func matrices(_ x: Tensor) -> [Tensor] { x.detach().reshape([-1] + x.shape.suffix(2)).unbind() }
            let (left, starts) = (matrices(a), matrices(start))
            let (right, preconditioners) = (B.map(matrices), iK.map(matrices))
            var (values, vectors): ([Tensor], [Tensor]) = ([], [])
            for i in left.indices {
                try throwPendingError()
                var iteration = EigenIteration(
                    a: left[i], b: right?[i], preconditioner: preconditioners?[i], x: starts[i], count: count,
                    tol: tol ?? (a.dtype == .float64 ? 2.23e-16 : 1.2e-7).squareRoot(), isLargest: largest,
                    method: method)
                iteration.run(steps: niter)
                values.append(iteration.values.narrow(0, start: 0, length: count))
                vectors.append(iteration.x.narrow(-1, start: 0, length: count))
            }
            if batch.isEmpty { return (values[0], vectors[0]) }
            return (stack(values).reshape(batch + [count]), stack(vectors).reshape(batch + [rows, count]))
        }
    } catch {
        let placeholder = fail(error, like: a)
        return (placeholder, placeholder)
    }
}

private func check(
    _ a: Tensor, _ k: Int, _ b: Tensor?, _ x: Tensor?, _ n: Int?, _ preconditioner: Tensor?, _ tol: Double?
) throws(TensorError) {
    let name = "lobpcg"
    try MatrixRules.checkSquare(a, in: name)
    guard a.dtype.isFloatingPoint else {
        throw .dtype(name, [a], expected: "float32 or float64", fix: "use LinAlg.eigh for Hermitian matrices")
    }
    let operands = [a] + [b, x, preconditioner].compactMap(\.self)
    guard operands.allSatisfy({ $0.dtype == a.dtype }) else {
        throw TensorError(
            .dtype, in: name, "the operands have different dtypes", expected: "one dtype", operands: operands)
    }
    for matrix in [b, preconditioner].compactMap(\.self) where matrix.shape != a.shape {
        throw TensorError(
            .shape, in: name, "the matrices have different shapes", expected: "B and iK of the shape of the matrix",
            operands: operands)
    }
    let rows = MatrixRules.rows(a)
    let columns = x?.shape.last ?? n ?? k
    if let x {
        guard x.rank == a.rank, x.shape.dropLast() == a.shape.dropLast() else {
            throw TensorError(
                .shape, in: name, "the start does not match the matrix", expected: "[*, m, n] for a matrix [*, m, m]",
                operands: operands)
        }
    }
    guard k > 0, columns >= k, rows >= 3 *| columns else {
        throw TensorError(
            .value, in: name, "the number of eigenvalues is out of range",
            got: "k \(k) with \(quantity(columns, "column")) of the start and \(quantity(rows, "row"))",
            expected: "1 <= k <= columns <= rows / 3", fix: "use LinAlg.eigh for small matrices", operands: operands)
    }
    guard tol.map({ $0 > 0 }) ?? true else {
        throw TensorError(
            .value, in: name, "the tolerance is not positive", got: "\(tol ?? 0)", expected: "a number above 0",
            operands: operands)
    }
}

/// Eigenvalues and eigenvectors from the decomposition of the whole matrix, of which there is a derivative. With `B = L Lᵀ` they are
/// those of `L⁻¹ A L⁻ᵀ`, the eigenvectors multiplied by `L⁻ᵀ`.
private func denseEigenpairs(_ a: Tensor, _ b: Tensor?, count: Int, largest: Bool) -> (Tensor, Tensor) {
    var matrix = (a + a.mT) * 0.5
    let factor = b.map { LinAlg.cholesky(($0 + $0.mT) * 0.5) }
    if let factor {
        matrix = LinAlg.solveTriangular(factor, matrix, upper: false)
        matrix = LinAlg.solveTriangular(factor.mT, matrix, upper: true, left: false)
    }
    var (values, vectors) = LinAlg.eigh(matrix)
    if values.isPlaceholder { return (values, vectors) }
    if largest { (values, vectors) = (values.flip(-1), vectors.flip(-1)) }
    (values, vectors) = (
        values.narrow(-1, start: 0, length: count), vectors.narrow(-1, start: 0, length: count)
    )
    if let factor { vectors = LinAlg.solveTriangular(factor.mT, vectors, upper: true) }
    return (values, vectors)
}

/// The iteration for one matrix, which reads values to decide what has converged.
private struct EigenIteration {
    let a: Tensor
    let b: Tensor?
    let preconditioner: Tensor?
    /// The approximate eigenvectors; the first `converged` of them no longer change.
    var x: Tensor
    let count: Int
    let tol: Double
    let isLargest: Bool
    let method: LOBPCGMethod
    /// The approximate eigenvalues.
    var values: Tensor
    private var converged = 0
    /// The smallest relative residual so far of the first vector that has not converged, and how many steps did not make it smaller.
    private var progress = (best: Double.infinity, idle: 0)
    private var residuals: Tensor
    /// The search space: the eigenvectors, the directions of the last step and the new residuals, as columns.
    private var space: Tensor
    private var scales = (x: 1.0, a: 1.0, b: 1.0)

    init(
        a: Tensor, b: Tensor?, preconditioner: Tensor?, x: Tensor, count: Int, tol: Double, isLargest: Bool,
        method: LOBPCGMethod
    ) {
        (self.a, self.b, self.preconditioner, self.x, self.count) = (a, b, preconditioner, x, count)
        (self.tol, self.isLargest, self.method) = (tol, isLargest, method)
        values = Tensor.zeros([x.shape[1]], dtype: a.dtype, device: a.device)
        residuals = x
        space = x
    }

    private func timesB(_ x: Tensor) -> Tensor { b.map { $0.matmul(x) } ?? x }

    /// The eigenvalues of a small symmetric matrix in the order that is wanted, and their eigenvectors.
    private func sorted(_ matrix: Tensor) -> (Tensor, Tensor) {
        let (values, vectors) = LinAlg.eigh((matrix + matrix.mT) * 0.5)
        return isLargest ? (values.flip(-1), vectors.flip(-1)) : (values, vectors)
    }

    /// The transformation `R` with `Rᵀ Sᵀ B S R = 1`, from the Cholesky factor of the scaled product.
    private func whitening(_ s: Tensor) -> Tensor {
        let product = s.mT.matmul(timesB(s))
        let scale = product.diagonal().rsqrt().diagEmbed()
        let factor = LinAlg.cholesky(scale.matmul(product).matmul(scale), upper: true)
        return LinAlg.solveTriangular(factor, scale, upper: true, left: false)
    }

    mutating func run(steps: Int) {
        start()
        var left = steps -| 1
        // Below 0 it never gets to 0.
        while left != 0, converged < count, !x.isPlaceholder, !space.isPlaceholder {
            switch method {
            case .basic: basicStep()
            case .ortho: orthoStep()
            }
            left = left -| 1
            // Without new directions nothing changes any more; and a matrix that is not symmetric has no such eigenvectors.
            if space.shape[1] <= x.shape[1] || progress.idle > 200 { break }
        }
    }

    private mutating func start() {
        let norm = x.norm().item()
        scales = (norm, a.matmul(x).norm().item() / norm, timesB(x).norm().item() / norm)
        let r = whitening(x)
        let (first, z) = sorted(r.mT.matmul(x.mT.matmul(a.matmul(x))).matmul(r))
        x = x.matmul(r).matmul(z)
        if method == .basic { values = first }
        updateResiduals()
        space =
            method == .basic
            ? cat([x, preconditioned(residuals)], dim: 1) : cat([x, orthonormal(residuals, to: x)], dim: 1)
    }

    private func preconditioned(_ r: Tensor) -> Tensor { preconditioner.map { $0.matmul(r) } ?? r }

    /// Computes the residuals, and how many leading eigenvectors have converged.
    private mutating func updateResiduals() {
        residuals = a.matmul(x) - timesB(x) * values
        let sizes = residuals.norm(dim: [0]).toArray(Double.self)
        let norms = x.norm(dim: [0]).toArray(Double.self)
        let before = converged
        converged = 0
        for ((size, norm), value) in zip(zip(sizes, norms), values.toArray(Double.self)) {
            let relative = size / (norm * (scales.a + abs(value) * scales.b))
            guard relative < tol else {
                let isBetter = converged > before || relative < progress.best
                progress = isBetter ? (relative, 0) : (progress.best, progress.idle + 1)
                break
            }
            converged += 1
        }
    }

    private mutating func orthoStep() {
        let n = x.shape[1]
        let s = space.narrow(1, start: converged, length: space.shape[1] - converged)
        let (e, z) = sorted(s.mT.matmul(a.matmul(s)))
        let wanted = n - converged
        let best = z.narrow(1, start: 0, length: wanted)
        let (kept, previous) = (converged, x)
        replace(s.matmul(best), e.narrow(0, start: 0, length: wanted), after: kept, of: previous)
        // The directions orthogonal to the new eigenvectors that lead to where the old ones were.
        let rest = z.narrow(1, start: wanted, length: z.shape[1] - wanted)
        let part = rest.narrow(0, start: 0, length: wanted).mT
        let directions = s.matmul(rest.matmul(LinAlg.qr(part).Q))
        updateResiduals()
        let known = cat([x, directions], dim: 1)
        let active = residuals.narrow(1, start: converged, length: n - converged)
        space = cat([known, orthonormal(active, to: known)], dim: 1)
    }

    /// The vectors that have converged stay in the search space: without them it would lead to them again.
    private mutating func basicStep() {
        let n = x.shape[1]
        let r = whitening(space)
        let (e, z) = sorted(r.mT.matmul(space.mT.matmul(a.matmul(space))).matmul(r))
        let combination = r.matmul(z.narrow(1, start: 0, length: n))
        let later = combination.narrow(0, start: n, length: combination.shape[0] - n)
        let directions = space.narrow(1, start: n, length: space.shape[1] - n).matmul(later)
        x = space.matmul(combination)
        values = e.narrow(0, start: 0, length: n)
        updateResiduals()
        let active = n - converged
        space = cat(
            [
                x, directions.narrow(1, start: converged, length: active),
                preconditioned(residuals.narrow(1, start: converged, length: active)),
            ], dim: 1)
    }

    private mutating func replace(_ vectors: Tensor, _ e: Tensor, after kept: Int, of previous: Tensor) {
        x = cat([previous.narrow(1, start: 0, length: kept), vectors], dim: 1)
        values = cat([values.narrow(0, start: 0, length: kept), e])
    }

    /// A basis of the columns of `u` without their part along the columns of `v`, orthonormal with respect to B; directions
    /// that are rounding errors are left out.
    private func orthonormal(_ u: Tensor, to v: Tensor) -> Tensor {
        var w = u
        for _ in 0..<3 where !w.isPlaceholder {
            // Lengths first, so that a small residual does not count as a rounding error of a large one.
            let lengths = w.norm(dim: [0])
            let longest = lengths.shape[0] == 0 ? 0 : lengths.max().item()
            guard longest > 0, longest.isFinite else { return w.narrow(1, start: 0, length: 0) }
            w = w / lengths.clamp(min: longest * (a.dtype == .float64 ? 1e-150 : 1e-18))
            w = w - v.matmul(v.mT.matmul(timesB(w)))
            let (e, z) = LinAlg.eigh(w.mT.matmul(timesB(w)))
            if e.isPlaceholder { return w.narrow(1, start: 0, length: 0) }
            let epsilon = a.dtype == .float64 ? 0x1p-52 : 0x1p-23
            let sizes = e.toArray(Double.self)
            let limit = (sizes.last ?? 0) * epsilon * Double(sizes.count)
            let first = sizes.firstIndex { $0 > Swift.max(limit, epsilon * epsilon) } ?? sizes.count
            let length = sizes.count - first
            w = w.matmul(z.narrow(1, start: first, length: length)) * e.narrow(0, start: first, length: length).rsqrt()
        }
        return w
    }
}
