import TorchlightCore

/// The multivariate normal distribution of covariance `W W^T + diag(D)` with a factor W of few columns.
///
/// Support: vectors `[n]`. Parameters: `loc`, `[*, n]`; the factor `covFactor`, `[*, n, m]`; `covDiag > 0`, `[*, n]`; their leading
/// dimensions broadcast to the batch shape. Only matrices of m rows are decomposed: the determinant and the inverse come from
/// the capacitance `I + W^T D^-1 W`.
public struct LowRankMultivariateNormal: Distribution {
    /// The mean, `batchShape + [n]`.
    public let loc: Tensor
    /// The factor W, with the leading dimensions that were given.
    let factor: Tensor
    /// The diagonal D, with the leading dimensions that were given.
    let diagonal: Tensor
    /// The lower Cholesky factor of the capacitance.
    let capacitance: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates normal distributions with the given means, factors and diagonals.
    public init(loc: Tensor, covFactor: Tensor, covDiag: Tensor, validateArgs: Bool = true) {
        self.validateArgs = validateArgs
        let all = parameterTensors([loc, covFactor, covDiag])
        let (center, w, d) = (all[0], all[1], all[2])
        let placeholder = all.first(where: \.isPlaceholder)
        guard placeholder == nil, center.rank >= 1, w.rank >= 2, d.rank >= 1, let n = center.shape.last,
            w.shape[w.rank - 2] == n, d.shape.last == n,
            let outer = broadcastShapes(Array(center.shape.dropLast()), Array(w.shape.dropLast(2))),
            let batch = broadcastShapes(outer, Array(d.shape.dropLast()))
        else {
            let failed =
                placeholder
                ?? fail(
                    TensorError(
                        .shape, in: "\(Self.self)", "the parameters disagree",
                        expected:
                            "loc [*, n], covFactor [*, n, m] and covDiag [*, n] whose leading dimensions broadcast",
                        operands: all))
            (self.loc, factor, diagonal, capacitance) = (failed, failed, failed, failed)
            return
        }
        let valid = validated(
            Self.self, validateArgs,
            [
                ("loc", center.expanded(batch + [n]), .realVector), ("covFactor", w, .independent(.real, 2)),
                ("covDiag", d, .independent(.positive, 1)),
            ])
        (self.loc, factor, diagonal) = (valid[0], valid[1], valid[2])
        capacitance = lowRankCapacitance(valid[1], valid[2])
    }

    private init(_ other: LowRankMultivariateNormal, loc: Tensor) {
        self.loc = loc
        (factor, diagonal, capacitance) = (other.factor, other.diagonal, other.capacitance)
        validateArgs = other.validateArgs
    }

    /// The shape of `loc` but for the last dimension.
    public var batchShape: [Int] { Array(loc.shape.dropLast()) }
    /// `[n]`.
    public var eventShape: [Int] { Array(loc.shape.suffix(1)) }
    private var matrixShape: [Int] { batchShape + eventShape + eventShape }
    /// The support: vectors of numbers.
    public var support: Constraint { .realVector }
    /// True: `loc + W noise + sqrt(D) noise`.
    public var hasRSample: Bool { true }
    /// The factor W, `batchShape + [n, m]`.
    public var covFactor: Tensor { factor.expanded(batchShape + factor.shape.suffix(2)) }
    /// The diagonal D, `batchShape + [n]`.
    public var covDiag: Tensor { diagonal.expanded(batchShape + eventShape) }
    /// `loc`.
    public var mean: Tensor { loc }
    /// `loc`.
    public var mode: Tensor { loc }
    /// The diagonal of the covariance matrix.
    public var variance: Tensor { (factor.square().sum(dim: -1) + diagonal).expanded(batchShape + eventShape) }

    /// The lower Cholesky factor of the covariance matrix, `batchShape + [n, n]`.
    public var scaleTril: Tensor {
        if loc.isPlaceholder { return loc }
        // sqrt(D) times the factor of D^-1/2 W W^T D^-1/2 + I.
        let root = diagonal.sqrt().unsqueeze(-1)
        let scaled = factor / root
        let identity = Tensor.eye(eventShape[0], dtype: loc.dtype, device: loc.device)
        return (root * LinAlg.cholesky(scaled.matmul(scaled.mT) + identity)).expanded(matrixShape)
    }
    /// `W W^T + diag(D)`, `batchShape + [n, n]`.
    public var covarianceMatrix: Tensor {
        if loc.isPlaceholder { return loc }
        return (factor.matmul(factor.mT) + diagonal.diagEmbed()).expanded(matrixShape)
    }
    /// The inverse of the covariance matrix, `batchShape + [n, n]`, by the Woodbury matrix identity.
    public var precisionMatrix: Tensor {
        if loc.isPlaceholder { return loc }
        let a = triangularSolve(capacitance, factor.mT / diagonal.unsqueeze(-2))
        return (diagonal.reciprocal().diagEmbed() - a.mT.matmul(a)).expanded(matrixShape)
    }

    /// The logarithm of the determinant of the covariance matrix.
    var logDeterminant: Tensor { 2 * capacitance.logDiagonalSum + diagonal.log().sum(dim: -1) }

    /// `d^T (W W^T + D)^-1 d`.
    func squaredDistance(_ difference: Tensor) -> Tensor {
        if loc.isPlaceholder || difference.isPlaceholder { return loc }
        let projected = (factor.mT / diagonal.unsqueeze(-2)).matmul(difference.unsqueeze(-1)).squeeze(-1)
        return (difference.square() / diagonal).sum(dim: -1) - squaredMahalanobis(capacitance, projected)
    }

    /// `loc + W noise + sqrt(D) noise`.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        if loc.isPlaceholder { return loc }
        let shape = extendedShape(sampleShape)
        let inner = loc.standardNormal(shape.dropLast() + factor.shape.suffix(1), generator)
        let outer = loc.standardNormal(shape, generator)
        return loc + factor.matmul(inner.unsqueeze(-1)).squeeze(-1) + diagonal.sqrt() * outer
    }

    /// `-(x - loc)^T S^-1 (x - loc) / 2 - log det S / 2 - n log(2 pi) / 2`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            if loc.isPlaceholder { return loc }
            return -0.5 * (Double(eventShape[0]) * logTwoPi + logDeterminant + squaredDistance(x - loc))
        }
    }

    /// `n (1 + log(2 pi)) / 2 + log det S / 2`.
    public func entropy() -> Tensor {
        if loc.isPlaceholder { return loc }
        return (0.5 * (Double(eventShape[0]) * (1 + logTwoPi) + logDeterminant)).expanded(batchShape)
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> LowRankMultivariateNormal {
        LowRankMultivariateNormal(self, loc: loc.expanded(batchShape + eventShape))
    }
}

/// The lower Cholesky factor of `I + W^T D^-1 W`.
private func lowRankCapacitance(_ factor: Tensor, _ diagonal: Tensor) -> Tensor {
    if factor.isPlaceholder || diagonal.isPlaceholder { return factor }
    let identity = Tensor.eye(factor.size(-1), dtype: factor.dtype, device: factor.device)
    return LinAlg.cholesky((factor.mT / diagonal.unsqueeze(-2)).matmul(factor) + identity)
}
