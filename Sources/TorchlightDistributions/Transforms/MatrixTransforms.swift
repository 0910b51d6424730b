import TorchlightCore

/// Square matrices to lower triangular matrices with a positive diagonal: elements above the diagonal are ignored, and
/// the diagonal is exponentiated.
public struct LowerCholeskyTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// Square matrices.
    public var domain: Constraint { .independent(.real, 2) }
    /// Lower triangular matrices with a positive diagonal.
    public var codomain: Constraint { .lowerCholesky }
    /// False: elements above the diagonal are ignored.
    public var bijective: Bool { false }
    /// The lower triangle with an exponentiated diagonal.
    public func forward(_ x: Tensor) -> Tensor { mapDiagonal(x) { $0.exp() } }
    /// The lower triangle with the logarithm of the diagonal.
    public func inverse(_ y: Tensor) -> Tensor { mapDiagonal(y) { $0.log() } }

    private func mapDiagonal(_ x: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        return x.tril(-1) + function(x.diagonal(offset: 0, dim1: -2, dim2: -1)).diagEmbed()
    }
}

/// Square matrices to symmetric positive definite ones, `L L^T` with the factor of ``LowerCholeskyTransform``.
public struct PositiveDefiniteTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// Square matrices.
    public var domain: Constraint { .independent(.real, 2) }
    /// Symmetric positive definite matrices.
    public var codomain: Constraint { .positiveDefinite }
    /// False: elements above the diagonal are ignored.
    public var bijective: Bool { false }
    /// `L L^T`.
    public func forward(_ x: Tensor) -> Tensor {
        let factor = LowerCholeskyTransform().forward(x)
        return factor.isPlaceholder ? factor : factor.matmul(factor.mT)
    }
    /// The inverse of the factor's transform at the Cholesky factor.
    public func inverse(_ y: Tensor) -> Tensor { LowerCholeskyTransform().inverse(LinAlg.cholesky(y)) }
}

/// Vectors `[n (n - 1) / 2]` to Cholesky factors `[n, n]` of correlation matrices: the hyperbolic tangents of the
/// coordinates are partial correlations, row by row (Lewandowski, Kurowicka and Joe 2009).
public struct CorrCholeskyTransform: DistributionTransform {
    /// Creates the transform.
    public init() {}
    /// The domain: vectors of numbers.
    public var domain: Constraint { .realVector }
    /// Cholesky factors of correlation matrices.
    public var codomain: Constraint { .corrCholesky }

    /// The indices of the elements below the diagonal of n rows, row by row, in the flattened matrix.
    private func diagonalIndices(_ n: Int, offset: Int, like x: Tensor) -> Tensor {
        let indices = (0..<n).flatMap { row in (0..<max(0, row + offset + 1)).map { row * n + $0 } }
        return Tensor(indices).to(x.device)
    }

    /// A matrix whose entries below the diagonal are those of a vector.
    private func matrix(_ x: Tensor, _ n: Int) -> Tensor {
        let flat = Tensor.zeros(x.shape.dropLast() + [n * n], dtype: x.dtype, device: x.device)
        let index = diagonalIndices(n, offset: -1, like: x).expand(x.shape)
        return flat.scatter(-1, index, x).reshape(x.shape.dropLast() + [n, n])
    }

    /// The entries of a matrix at and below a diagonal, as a vector.
    private func vector(_ matrix: Tensor, offset: Int) -> Tensor {
        let n = matrix.size(-1)
        return matrix.reshape(matrix.shape.dropLast(2) + [n * n]).indexSelect(
            -1, diagonalIndices(n, offset: offset, like: matrix))
    }

    private func rows(_ count: Int) -> Int { Int((0.5 + (0.25 + 2 * Double(max(0, count))).squareRoot()).rounded()) }

    private func fits(_ shape: [Int]) -> Bool {
        guard let count = shape.last else { return false }
        return count >= 0 && rows(count) *| (rows(count) - 1) / 2 == count
    }

    /// The Cholesky factors.
    public func forward(_ x: Tensor) -> Tensor {
        if x.isPlaceholder { return x }
        guard fits(x.shape) else {
            return fail(
                TensorError(
                    .shape, in: "\(Self.self)", "the number of coordinates is not that of a triangle",
                    expected: "n (n - 1) / 2 coordinates along the last dimension", operands: [x]))
        }
        let n = rows(x.size(-1))
        let limit = 1 - x.dtype.epsilon
        let partial = matrix(x.tanh().clamp(min: -limit, max: limit), n)
        let rest = (1 - partial.square()).sqrt().cumprod(dim: -1)
        let shifted = rest.narrow(-1, start: 0, length: n - 1).pad([1, 0], value: 1)
        return (partial + Tensor.eye(n, dtype: x.dtype, device: x.device)) * shifted
    }
    /// The coordinates.
    public func inverse(_ y: Tensor) -> Tensor {
        if y.isPlaceholder { return y }
        let n = y.size(-1)
        let rest = 1 - y.square().cumsum(dim: -1)
        let shifted = rest.narrow(-1, start: 0, length: n - 1).pad([1, 0], value: 1)
        let partial = vector(y, offset: -1) / vector(shifted, offset: -1).sqrt()
        return (partial.log1p() - (-partial).log1p()) / 2
    }
    /// Half the sum of the logarithms of what the squares leave of each row, plus the logarithms of the derivatives of
    /// tanh.
    public func logAbsDetJacobian(_ x: Tensor, _ y: Tensor) -> Tensor {
        if x.isPlaceholder || y.isPlaceholder { return x }
        let rest = vector(1 - y.square().cumsum(dim: -1), offset: -2)
        return 0.5 * rest.log().sum(dim: -1) + TanhTransform().logAbsDetJacobian(x, x).sum(dim: -1)
    }
    /// `[*, n (n - 1) / 2] -> [*, n, n]`.
    public func forwardShape(_ shape: [Int]) -> [Int] {
        guard fits(shape) else { return shape }
        let n = rows(shape[shape.count - 1])
        return shape.dropLast() + [n, n]
    }
    /// `[*, n, n] -> [*, n (n - 1) / 2]`.
    public func inverseShape(_ shape: [Int]) -> [Int] {
        guard shape.count >= 2, let n = shape.last else { return shape }
        return shape.dropLast(2) + [n *| (n -| 1) / 2]
    }
}
