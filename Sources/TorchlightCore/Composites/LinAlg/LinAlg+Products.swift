import Glibc

// Products, powers and functions of matrices, and tensor equations.

extension LinAlg {
    /// The dot product of vectors along a dimension; the other dimensions broadcast. `[*, k], [*, k] -> [*]`.
    ///
    /// `dim` is a dimension of the broadcast shape. The dtype of integers is kept.
    public static func vecdot(_ x: Tensor, _ y: Tensor, dim: Int = -1) -> Tensor {
        if isAutocasting { return inLowPrecision { vecdot($0(x), $0(y), dim: dim) } }
        return orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder || y.isPlaceholder { return x }
            guard x.rank > 0, y.rank > 0 else {
                throw TensorError(
                    .shape, in: "vecdot", "an operand is 0-dimensional", expected: "at least one dimension",
                    operands: [x, y])
            }
            let products = x.conj() * y
            if products.isPlaceholder { return products }
            return products.sum(dim: [try products.resolve(dim, in: "vecdot")], dtype: products.dtype)
        }
    }

    /// The matrix power `A^n` for an integer `n`, by repeated squaring: `[*, n, n] -> [*, n, n]`. A negative exponent
    /// inverts the matrix first; exponent 0 gives the identity.
    public static func matrixPower(_ a: Tensor, _ n: Int) -> Tensor {
        orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            guard a.rank >= 2, MatrixRules.rows(a) == MatrixRules.columns(a) else {
                throw TensorError(
                    .shape, in: "matrixPower", "the tensor is not a square matrix", expected: "[*, n, n]", operands: [a]
                )
            }
            var factor = n < 0 ? inv(a) : a
            var rest = n.magnitude
            // A constant, but with gradient 0 with respect to the input.
            if rest == 0 { return a.clone().copy_(Tensor.eye(MatrixRules.rows(a), dtype: a.dtype, device: a.device)) }
            var result: Tensor?
            while true {
                if rest & 1 == 1 { result = result.map { $0.matmul(factor) } ?? factor }
                rest >>= 1
                if rest == 0 { return result === a ? a.clone() : result! }
                factor = factor.matmul(factor)
            }
        }
    }

    /// The matrix exponential `1 + A + A^2 / 2 + ...` of square matrices, by scaling and squaring with the Padé
    /// approximant of degree 13 (Higham, 2005). `[*, n, n] -> [*, n, n]`, float32 and float64.
    ///
    /// Inside a compiled function the number of squarings is at most 12, so that 1-norms above 22003 are an error there.
    public static func matrixExp(_ a: Tensor) -> Tensor {
        orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            try MatrixRules.checkSquare(a, in: "matrixExp")
            if a.numel == 0 { return a.clone() }
            let wide: DType = a.dtype.isComplex ? .complex128 : .float64
            let norm = noGrad { matrixNorm(a.detach(), ord: 1).amax().to(.float64) }
            if isRecordingFunction { return try recordedExponential(of: a, norm, wide).to(a.dtype) }
            let size = norm.item()
            guard size.isFinite else { return a * Double.nan }
            let squarings = size > reach ? Int(Glibc.log2(size / reach).rounded(.up)) : 0
            // Each squaring doubles the error; in float64 it stays below the precision of float32, gradients included.
            var result = approximateExponential(of: a.to(wide) * Glibc.pow(2, -Double(squarings)))
            for _ in 0..<squarings { result = result.matmul(result) }
            return result.to(a.dtype)
        }
    }

    /// The 1-norm below which the approximant of degree 13 is accurate to double precision.
    private static let reach = 5.371920351148152

    /// The same operations for any norm up to a limit: as many halvings and squarings as the norm needs are kept.
    private static func recordedExponential(
        of a: Tensor, _ norm: Tensor, _ wide: DType
    ) throws(TensorError) -> Tensor {
        let most = 12
        let largest = reach * Glibc.pow(2, Double(most))
        try checkValues("matrixExp", [norm, a]) { tensors throws(TensorError) in
            let size = tensors[0].item()
            guard size.isFinite && size > largest else { return }
            throw TensorError(
                .value, in: "matrixExp", "the norm is too large for a compiled function", got: "a 1-norm of \(size)",
                expected: "at most \(largest)", fix: "call it inside uncompiled { }, or scale the matrix",
                operands: [tensors[1]])
        }
        let isFinite = norm.isfinite()
        // A norm above 2^i reach takes another halving.
        let needed = (0..<most).map { norm > reach * Glibc.pow(2, Double($0)) }
        var scale = Tensor.ones([], dtype: .float64, device: a.device)
        for isNeeded in needed { scale = Tensor.where(isNeeded, scale * 0.5, scale) }
        var result = approximateExponential(of: Tensor.where(isFinite, a.to(wide), 0) * scale)
        for isNeeded in needed { result = Tensor.where(isNeeded, result.matmul(result), result) }
        return Tensor.where(isFinite, result, Double.nan)
    }

    /// The Padé approximant of degree 13.
    private static func approximateExponential(of x: Tensor) -> Tensor {
        let b: [Double] = [
            64_764_752_532_480_000, 32_382_376_266_240_000, 7_771_770_303_897_600, 1_187_353_796_428_800,
            129_060_195_264_000, 10_559_470_521_600, 670_442_572_800, 33_522_128_640, 1_323_241_920, 40_840_800,
            960_960, 16_380, 182, 1,
        ].map { $0 / 64_764_752_532_480_000 }
        let one = Tensor.eye(MatrixRules.rows(x), dtype: x.dtype, device: x.device)
        let x2 = x.matmul(x)
        let x4 = x2.matmul(x2)
        let x6 = x4.matmul(x2)
        let oddHigh: Tensor = x6 * b[13] + x4 * b[11] + x2 * b[9]
        let oddLow: Tensor = x6 * b[7] + x4 * b[5] + x2 * b[3] + one * b[1]
        let odd = x.matmul(x6.matmul(oddHigh) + oddLow)
        let evenHigh: Tensor = x6 * b[12] + x4 * b[10] + x2 * b[8]
        let evenLow: Tensor = x6 * b[6] + x4 * b[4] + x2 * b[2] + one * b[0]
        let even = x6.matmul(evenHigh) + evenLow
        return solve(even - odd, even + odd)
    }

    /// The matrix square root of symmetric positive semi-definite matrices, `V diag(sqrt(w)) Vᵀ`: `[*, n, n] -> [*, n,
    /// n]`. Only the lower triangle is read.
    public static func matrixSqrth(_ a: Tensor) -> Tensor { apply(MatrixSquareRoot(), a) }

    /// The polar decomposition `A = U P`: a matrix with orthonormal columns (or rows) and a symmetric positive
    /// semi-definite matrix.
    ///
    /// Shapes: `[*, m, n] -> U [*, m, n], P [*, n, n]`.
    public static func polar(_ a: Tensor) -> (U: Tensor, P: Tensor) {
        if isAutocasting { return inFloat32 { polar($0(a)) } }
        let (u, s, vh) = svd(a, fullMatrices: false)
        return (u.matmul(vh), vh.mH.matmul(s.unsqueeze(-1) * vh))
    }

    /// The product of two or more matrices, multiplied in the order with the fewest operations. The first and the last
    /// may be vectors.
    public static func multiDot(_ tensors: [Tensor]) -> Tensor {
        orFail(like: tensors.first) { () throws(TensorError) in
            if let placeholder = tensors.first(where: \.isPlaceholder) { return placeholder }
            let count = tensors.count
            guard count >= 2, tensors[1..<Swift.max(count - 1, 1)].allSatisfy({ $0.rank == 2 }),
                [tensors[0], tensors[count - 1]].allSatisfy({ $0.rank == 1 || $0.rank == 2 })
            else {
                throw TensorError(
                    .shape, in: "multiDot", "the operands are not a chain of matrices",
                    expected: "two or more matrices, of which the first and the last may be vectors", operands: tensors)
            }
            var chain = tensors
            if chain[0].rank == 1 { chain[0] = chain[0].unsqueeze(0) }
            if chain[count - 1].rank == 1 { chain[count - 1] = chain[count - 1].unsqueeze(1) }
            // Dynamic programming: the cheapest order for matrices i ... j splits at one index (Cormen et al.,
            // Introduction to Algorithms, 14.2).
            let sizes = chain.map { $0.shape[0] } + [chain[count - 1].shape[1]]
            var cost = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
            var split = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
            for length in 1..<count {
                for i in 0..<(count - length) {
                    let j = i + length
                    cost[i][j] = .infinity
                    for k in i..<j {
                        let operations =
                            cost[i][k] + cost[k + 1][j] + Double(sizes[i]) * Double(sizes[k + 1]) * Double(sizes[j + 1])
                        if operations < cost[i][j] { (cost[i][j], split[i][j]) = (operations, k) }
                    }
                }
            }
            func product(_ i: Int, _ j: Int) -> Tensor {
                i == j ? chain[i] : product(i, split[i][j]).matmul(product(split[i][j] + 1, j))
            }
            var result = product(0, count - 1)
            if tensors[count - 1].rank == 1 { result = result.squeeze(-1) }
            if tensors[0].rank == 1 { result = result.squeeze(0) }
            return result
        }
    }

    /// The cross product of vectors with three elements along a dimension; the other dimensions broadcast.
    public static func cross(_ a: Tensor, _ b: Tensor, dim: Int = -1) -> Tensor {
        orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            if b.isPlaceholder { return b }
            guard a.rank == b.rank else {
                throw TensorError(
                    .shape, in: "cross", "the operands have different numbers of dimensions",
                    expected: "the same number of dimensions in both", operands: [a, b])
            }
            let d = try a.resolve(dim, in: "cross")
            guard a.rank > 0, a.layout.shape[d] == 3, b.layout.shape[d] == 3 else {
                throw TensorError(
                    .shape, in: "cross", "the vectors do not have three elements", got: "along dimension \(dim)",
                    expected: "a size of 3 in both operands", operands: [a, b])
            }
            return a.roll(-1, dim: d) * b.roll(-2, dim: d) - a.roll(-2, dim: d) * b.roll(-1, dim: d)
        }
    }

    /// The Vandermonde matrix, with the powers 0 ..< N of each element: `[*, n] -> [*, n, N]`. Default for N: n.
    public static func vander(_ x: Tensor, N: Int? = nil) -> Tensor {
        orFail(like: x) { () throws(TensorError) in
            if x.isPlaceholder { return x }
            let powers = N ?? (x.rank == 0 ? 1 : x.layout.shape[x.rank - 1])
            guard powers > 1 else {
                throw TensorError(
                    .value, in: "vander", "the number of powers is too small", got: "N \(powers)",
                    expected: "N of at least 2",
                    operands: [x])
            }
            let column = (x.rank == 0 ? x.unsqueeze(0) : x).unsqueeze(-1)
            let factors = column.expand(Array(column.shape.dropLast()) + [powers - 1])
            return cat(
                [Tensor.ones(column.shape, dtype: x.dtype, device: x.device), factors.cumprod(dim: -1)], dim: -1)
        }
    }

    /// The inverse of a tensor as a linear map from its last dimensions to its first `ind` ones. Both groups must have
    /// the same number of elements. The shape of the result is that of the last dimensions followed by the first.
    public static func tensorinv(_ a: Tensor, ind: Int = 2) -> Tensor {
        if isAutocasting { return inFloat32 { tensorinv($0(a), ind: ind) } }
        return orFail(like: a) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            let (first, last) = (Array(a.shape.prefix(Swift.max(ind, 0))), Array(a.shape.dropFirst(Swift.max(ind, 0))))
            let size = first.reduce(1, *)
            guard ind > 0, size == last.reduce(1, *) else {
                throw TensorError(
                    .shape, in: "tensorinv",
                    "the first ind dimensions and the others differ in their number of elements", got: "ind \(ind)",
                    expected: "as many elements in the first ind dimensions as in the others", operands: [a])
            }
            return inv(a.reshape([size, size])).reshape(last + first)
        }
    }

    /// Solves the tensor equation `tensordot(A, X, X.rank) = B` for X.
    ///
    /// Shapes: A has the shape of B followed by that of X, with the same number of elements each; the result is X. The
    /// dimensions `dims` of A are moved to its end first.
    public static func tensorsolve(_ a: Tensor, _ b: Tensor, dims: [Int]? = nil) -> Tensor {
        if isAutocasting { return inFloat32 { tensorsolve($0(a), $0(b), dims: dims) } }
        return orFail(like: b) { () throws(TensorError) in
            if a.isPlaceholder { return a }
            if b.isPlaceholder { return b }
            var matrix = a
            if let dims {
                let moved = try a.resolve(dims, in: "tensorsolve")
                matrix = a.permute((0..<a.rank).filter { !moved.contains($0) } + moved)
            }
            let shape = Array(matrix.shape.dropFirst(b.rank))
            let size = shape.reduce(1, *)
            guard matrix.shape.prefix(b.rank).reduce(1, *) == size, b.numel == size else {
                throw TensorError(
                    .shape, in: "tensorsolve", "the number of equations is not the number of unknowns",
                    got: "\(quantity(b.numel, "equation")) and \(quantity(size, "unknown"))",
                    expected: "as many equations as unknowns",
                    operands: [a, b])
            }
            return solve(matrix.reshape([size, size]), b.reshape([size])).reshape(shape)
        }
    }
}
