import TorchlightCore

/// The multivariate normal distribution, of density `exp(-(x - loc)^T S^-1 (x - loc) / 2) / sqrt((2 pi)^n det S)`.
///
/// Support: vectors `[n]`. Parameters: `loc`, `[*, n]`, and one of the covariance matrix S, its inverse, and its lower Cholesky
/// factor, `[*, n, n]`; their leading dimensions broadcast to the batch shape.
public struct MultivariateNormal: Distribution {
    /// The mean, `batchShape + [n]`.
    public let loc: Tensor
    /// The lower Cholesky factor of the covariance matrix, with the leading dimensions that were given.
    let factor: Tensor
    private let given: CovarianceForm
    private let matrix: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates normal distributions with the given means and covariances.
    ///
    /// Exactly one of the three matrices is given.
    public init(
        loc: Tensor, covarianceMatrix: Tensor? = nil, precisionMatrix: Tensor? = nil, scaleTril: Tensor? = nil,
        validateArgs: Bool = true
    ) {
        self.validateArgs = validateArgs
        let center = parameterTensors([loc])[0]
        guard center.isPlaceholder || center.rank >= 1 else {
            let placeholder = fail(
                TensorError(
                    .shape, in: "\(Self.self)", "loc is not a vector", expected: "a loc of shape [*, n]",
                    operands: [center]))
            (self.loc, factor, given, matrix) = (placeholder, placeholder, .scaleTril, placeholder)
            return
        }
        let covariance = CovarianceForm.matrix(
            Self.self, covarianceMatrix, precisionMatrix, scaleTril, validateArgs: validateArgs)
        given = covariance.form
        guard !covariance.matrix.isPlaceholder, !center.isPlaceholder,
            center.shape.last == covariance.matrix.shape.last,
            let batch = broadcastShapes(Array(center.shape.dropLast()), Array(covariance.matrix.shape.dropLast(2)))
        else {
            var placeholder = center.isPlaceholder ? center : covariance.matrix
            if !placeholder.isPlaceholder {
                placeholder = fail(
                    TensorError(
                        .shape, in: "\(Self.self)", "loc and the matrix disagree",
                        expected: "[*, n] and [*, n, n] whose leading dimensions broadcast",
                        operands: [center, covariance.matrix]), like: center)
            }
            (self.loc, factor, matrix) = (placeholder, placeholder, placeholder)
            return
        }
        self.loc =
            validated(
                Self.self, validateArgs, [("loc", center.expanded(batch + center.shape.suffix(1)), .realVector)])[0]
        matrix = covariance.matrix
        factor = given.factor(of: covariance.matrix)
    }

    private init(_ other: MultivariateNormal, loc: Tensor) {
        self.loc = loc
        (factor, given, matrix, validateArgs) = (other.factor, other.given, other.matrix, other.validateArgs)
    }

    /// The shape of `loc` but for the last dimension.
    public var batchShape: [Int] { Array(loc.shape.dropLast()) }
    /// `[n]`.
    public var eventShape: [Int] { Array(loc.shape.suffix(1)) }
    private var matrixShape: [Int] { batchShape + eventShape + eventShape }
    /// The support: vectors of numbers.
    public var support: Constraint { .realVector }
    /// True: `loc + L noise` with the Cholesky factor L.
    public var hasRSample: Bool { true }
    /// The lower Cholesky factor L of the covariance matrix, `batchShape + [n, n]`.
    public var scaleTril: Tensor { factor.expanded(matrixShape) }
    /// The covariance matrix `L L^T`, `batchShape + [n, n]`.
    public var covarianceMatrix: Tensor {
        (given == .covarianceMatrix ? matrix : factor.matmul(factor.mT)).expanded(matrixShape)
    }
    /// The inverse of the covariance matrix, `batchShape + [n, n]`.
    public var precisionMatrix: Tensor {
        (given == .precisionMatrix ? matrix : factor.choleskyInverse()).expanded(matrixShape)
    }
    /// `loc`.
    public var mean: Tensor { loc }
    /// `loc`.
    public var mode: Tensor { loc }
    /// The diagonal of the covariance matrix.
    public var variance: Tensor { factor.square().sum(dim: -1).expanded(batchShape + eventShape) }

    /// `loc + L noise` with the Cholesky factor L.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        if loc.isPlaceholder { return loc }
        let noise = loc.standardNormal(extendedShape(sampleShape), generator)
        return loc + factor.matmul(noise.unsqueeze(-1)).squeeze(-1)
    }

    /// `-(x - loc)^T S^-1 (x - loc) / 2 - log det S / 2 - n log(2 pi) / 2`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            if loc.isPlaceholder { return loc }
            let distance = squaredMahalanobis(factor, x - loc)
            return -0.5 * (distance + Double(eventShape[0]) * logTwoPi) - factor.logDiagonalSum
        }
    }

    /// `n (1 + log(2 pi)) / 2 + log det S / 2`.
    public func entropy() -> Tensor {
        if loc.isPlaceholder { return loc }
        return (factor.logDiagonalSum + 0.5 * Double(eventShape[0]) * (1 + logTwoPi)).expanded(batchShape)
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> MultivariateNormal {
        MultivariateNormal(self, loc: loc.expanded(batchShape + eventShape))
    }
}

/// Which of three matrices describes a covariance.
enum CovarianceForm {
    case covarianceMatrix, precisionMatrix, scaleTril

    /// The matrix that is given, after the checks.
    static func matrix(
        _ type: Any.Type, _ covariance: Tensor?, _ precision: Tensor?, _ scaleTril: Tensor?, validateArgs: Bool
    ) -> (form: CovarianceForm, matrix: Tensor) {
        let forms: [(CovarianceForm, String, Tensor?, Constraint)] = [
            (.covarianceMatrix, "covarianceMatrix", covariance, .positiveDefinite),
            (.precisionMatrix, "precisionMatrix", precision, .positiveDefinite),
            (.scaleTril, "scaleTril", scaleTril, .lowerCholesky),
        ]
        let given = forms.filter { $0.2 != nil }
        guard given.count == 1, let (form, name, tensor, constraint) = given.first, let tensor else {
            return (
                .scaleTril,
                fail(
                    TensorError(
                        .value, in: "\(type)", "\(given.count) matrices are given",
                        expected: "exactly one of covarianceMatrix, precisionMatrix and scaleTril"))
            )
        }
        let matrix = parameterTensors([tensor])[0]
        guard matrix.isPlaceholder || (matrix.rank >= 2 && Set(matrix.shape.suffix(2)).count == 1) else {
            return (
                form,
                fail(
                    TensorError(
                        .shape, in: "\(type)", "\(name) is not a square matrix",
                        expected: "a matrix of shape [*, n, n]",
                        operands: [matrix]), like: matrix)
            )
        }
        return (form, validated(type, validateArgs, [(name, matrix, constraint)])[0])
    }

    /// The lower Cholesky factor of the covariance matrix.
    func factor(of matrix: Tensor) -> Tensor {
        if matrix.isPlaceholder { return matrix }
        switch self {
        case .covarianceMatrix: return LinAlg.cholesky(matrix)
        case .scaleTril: return matrix
        case .precisionMatrix:
            // The factor of the flipped matrix, flipped back, is upper triangular: P = U U^T, so the covariance is U^-T U^-1.
            let upper = LinAlg.cholesky(matrix.flip([-2, -1])).flip([-2, -1])
            let identity = Tensor.eye(matrix.size(-1), dtype: matrix.dtype, device: matrix.device)
            return LinAlg.solveTriangular(upper.mT, identity, upper: false)
        }
    }
}

extension Tensor {
    /// The sum of the logarithms of the diagonal of triangular matrices: half the logarithm of the determinant of `L L^T`.
    var logDiagonalSum: Tensor { isPlaceholder ? self : diagonal(offset: 0, dim1: -2, dim2: -1).log().sum(dim: -1) }

    /// The trace of `X X^T`.
    var squaredFrobenius: Tensor { square().sum(dim: [-2, -1]) }
}

/// `d^T (L L^T)^-1 d` for lower triangular factors `[*, n, n]` and vectors `[*, n]`, whose leading dimensions broadcast.
func squaredMahalanobis(_ factor: Tensor, _ difference: Tensor) -> Tensor {
    if factor.isPlaceholder || difference.isPlaceholder { return factor }
    return triangularSolve(factor, difference.unsqueeze(-1)).squeeze(-1).square().sum(dim: -1)
}

/// `L^-1 B` for lower triangular factors whose leading dimensions broadcast with those of `B`.
func triangularSolve(_ factor: Tensor, _ right: Tensor) -> Tensor {
    if factor.isPlaceholder || right.isPlaceholder { return factor }
    let batch = commonShape(Array(factor.shape.dropLast(2)), Array(right.shape.dropLast(2)))
    return LinAlg.solveTriangular(
        factor.expanded(batch + factor.shape.suffix(2)), right.expanded(batch + right.shape.suffix(2)), upper: false)
}
