import TorchlightCore

/// The distribution of Lewandowski, Kurowicka and Joe (2009) over Cholesky factors of correlation matrices: the density of the
/// matrix is proportional to `det^(concentration - 1)`.
///
/// Support: lower triangular matrices `[n, n]` with rows of length 1. Parameters: the size `dim` n of at least 2, and
/// `concentration > 0`, of the batch shape; with 1 all correlation matrices are equally probable.
public struct LKJCholesky: Distribution {
    /// The size of the matrices.
    public let dim: Int
    /// The concentration, `batchShape`.
    public let concentration: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Distributions over matrices of this size.
    public init(dim: Int, concentration: any DistributionParameter = 1, validateArgs: Bool = true) {
        let all = broadcastParameters(of: Self.self, [concentration])
        self.dim = max(2, dim)
        self.validateArgs = validateArgs
        guard dim >= 2 else {
            self.concentration = fail(
                TensorError(
                    .value, in: "\(Self.self)", "the matrices are too small", got: "\(dim)",
                    expected: "a dim of at least 2"), like: all[0])
            return
        }
        self.concentration = validated(Self.self, validateArgs, [("concentration", all[0], .positive)])[0]
    }

    /// The shape of the concentration.
    public var batchShape: [Int] { concentration.shape }
    /// `[n, n]`.
    public var eventShape: [Int] { [dim, dim] }
    /// Cholesky factors of correlation matrices.
    public var support: Constraint { .corrCholesky }

    /// Draws without gradients, row by row: a direction, and a length whose square is beta distributed (the onion method).
    public func sample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        if concentration.isPlaceholder { return concentration }
        return noGrad {
            let offset = cat([
                Tensor.zeros([1], dtype: concentration.dtype, device: concentration.device),
                Tensor.arange(0, dim - 1, dtype: concentration.dtype, device: concentration.device),
            ])
            let marginal = concentration.detach() + 0.5 * Double(dim - 2)
            let lengths = Beta(
                concentration1: offset + 0.5, concentration0: marginal.unsqueeze(-1) - 0.5 * offset, validateArgs: false
            )
            let squares = lengths.sample(sampleShape, generator: generator).unsqueeze(-1)
            let directions = concentration.standardNormal(extendedShape(sampleShape), generator).tril(-1)
            let norms = directions.square().sum(dim: -1, keepdim: true).sqrt()
            // The first row has no entries below the diagonal, and a norm of 0.
            let rows = squares.sqrt() * directions / norms.maskedFill(norms .== 0, 1)
            let smallest = concentration.dtype.smallestNormal
            let diagonal = (1 - rows.square().sum(dim: -1)).clamp(min: smallest).sqrt()
            return rows + diagonal.diagEmbed()
        }
    }

    /// `sum over rows i from 2 on of (2 (concentration - 1) + n - i) log L[i, i]` less the logarithm of the normalising constant.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            if concentration.isPlaceholder { return concentration }
            let diagonal = x.diagonal(offset: 0, dim1: -2, dim2: -1).narrow(-1, start: 1, length: dim - 1)
            let rows = Tensor.arange(2, dim +| 1, dtype: concentration.dtype, device: concentration.device)
            let order = (2 * (concentration - 1)).unsqueeze(-1) + Double(dim) - rows
            let below = dim - 1
            let alpha = concentration + 0.5 * Double(below)
            let normalizer =
                (alpha - 0.5).mvlgamma(below) - alpha.lgamma() * Double(below) + 0.5 * Double(below) * logPi
            return (order * diagonal.log()).sum(dim: -1) - normalizer
        }
    }

    /// The distribution with its parameter expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> LKJCholesky {
        keepingSettings(
            LKJCholesky(dim: dim, concentration: concentration.expanded(batchShape), validateArgs: false))
    }
}

/// The Wishart distribution of the sum of `df` outer products of normal vectors of covariance S, of density proportional to
/// `det(X)^((df - p - 1) / 2) exp(-trace(S^-1 X) / 2)`.
///
/// Support: symmetric positive definite matrices `[p, p]`. Parameters: the degrees of freedom `df > p - 1`, `[*]`, not necessarily an
/// integer, and one of the covariance matrix S, its inverse, and its lower Cholesky factor, `[*, p, p]`; the leading dimensions
/// broadcast to the batch shape.
public struct Wishart: Distribution {
    /// The degrees of freedom, `batchShape`.
    public let df: Tensor
    /// The lower Cholesky factor of the covariance matrix, with the leading dimensions that were given.
    private let factor: Tensor
    private let given: CovarianceForm
    private let matrix: Tensor
    /// Whether arguments are checked.
    public var validateArgs: Bool

    /// Creates Wishart distributions with the given degrees of freedom and covariances.
    ///
    /// Exactly one of the three matrices is given.
    public init(
        df: any DistributionParameter, covarianceMatrix: Tensor? = nil, precisionMatrix: Tensor? = nil,
        scaleTril: Tensor? = nil, validateArgs: Bool = true
    ) {
        self.validateArgs = validateArgs
        let covariance = CovarianceForm.matrix(
            Self.self, covarianceMatrix, precisionMatrix, scaleTril, validateArgs: validateArgs)
        given = covariance.form
        let scale = covariance.matrix
        let freedom = (df as? Tensor) ?? scale.filled(df.parameterNumber ?? .nan, [])
        guard !scale.isPlaceholder, !freedom.isPlaceholder,
            let batch = broadcastShapes(freedom.shape, Array(scale.shape.dropLast(2)))
        else {
            var placeholder = scale.isPlaceholder ? scale : freedom
            if !placeholder.isPlaceholder {
                placeholder = fail(
                    TensorError(
                        .shape, in: "\(Self.self)", "df and the matrix disagree",
                        expected: "[*] and [*, p, p] whose leading dimensions broadcast", operands: [freedom, scale]))
            }
            (self.df, factor, matrix) = (placeholder, placeholder, placeholder)
            return
        }
        self.df =
            validated(
                Self.self, validateArgs,
                [("df", freedom.to(freedom.dtype.orFloat).expanded(batch), .greaterThan(scale.size(-1) - 1))])[0]
        matrix = scale
        factor = given.factor(of: scale)
    }

    private init(_ other: Wishart, df: Tensor) {
        self.df = df
        (factor, given, matrix, validateArgs) = (other.factor, other.given, other.matrix, other.validateArgs)
    }

    private var size: Int { factor.shape.last ?? 1 }
    /// The shape of the degrees of freedom.
    public var batchShape: [Int] { df.shape }
    /// `[p, p]`.
    public var eventShape: [Int] { [size, size] }
    /// Symmetric positive definite matrices.
    public var support: Constraint { .positiveDefinite }
    /// True: the Bartlett decomposition.
    public var hasRSample: Bool { true }
    /// The lower Cholesky factor of the covariance matrix, `batchShape + [p, p]`.
    public var scaleTril: Tensor { factor.expanded(batchShape + eventShape) }
    /// The covariance matrix S, `batchShape + [p, p]`.
    public var covarianceMatrix: Tensor {
        (given == .covarianceMatrix ? matrix : factor.matmul(factor.mT)).expanded(batchShape + eventShape)
    }
    /// The inverse of the covariance matrix, `batchShape + [p, p]`.
    public var precisionMatrix: Tensor {
        (given == .precisionMatrix ? matrix : factor.choleskyInverse()).expanded(batchShape + eventShape)
    }
    private var matrixDF: Tensor { df.isPlaceholder ? df : df.reshape(df.shape + [1, 1]) }

    /// `df S`.
    public var mean: Tensor { matrixDF * covarianceMatrix }
    /// `(df - p - 1) S` where `df > p + 1`, otherwise NaN.
    public var mode: Tensor {
        let excess = matrixDF - Double(size + 1)
        return excess.maskedFill(noGrad { excess <= 0 }, Double.nan) * covarianceMatrix
    }
    /// `df (S[i, j]^2 + S[i, i] S[j, j])`.
    public var variance: Tensor {
        if df.isPlaceholder { return df }
        let s = covarianceMatrix
        let diagonal = s.diagonal(offset: 0, dim1: -2, dim2: -1)
        return matrixDF * (s.square() + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))
    }

    /// Draws by the Bartlett decomposition: `(L A) (L A)^T` with a lower triangular A of normal numbers below the diagonal and roots
    /// of chi-squared ones on it.
    public func rsample(_ sampleShape: [Int], generator: Generator) -> Tensor {
        if df.isPlaceholder { return df }
        let rows = Tensor.arange(0, size, dtype: df.dtype, device: df.device)
        let chi2 = Chi2(df: df.unsqueeze(-1) - rows, validateArgs: false)
        let diagonal = chi2.rsample(sampleShape, generator: generator).sqrt().diagEmbed()
        let noise = df.standardNormal(extendedShape(sampleShape), generator).tril(-1) + diagonal
        let product = factor.matmul(noise)
        return product.matmul(product.mT)
    }

    /// `(df - p - 1) / 2 log det X - trace(S^-1 X) / 2 - df / 2 (p log 2 + log det S) - log gamma_p(df / 2)`.
    public func logProb(_ value: Tensor) -> Tensor {
        evaluate("logProb", value) { x in
            if df.isPlaceholder { return df }
            let p = Double(size)
            let batch = commonShape(Array(x.shape.dropLast(2)), Array(factor.shape.dropLast(2))) + eventShape
            let product = x.expanded(batch).choleskySolve(factor.expanded(batch))
            let trace = product.diagonal(offset: 0, dim1: -2, dim2: -1).sum(dim: -1)
            return -df * (0.5 * p * logTwo + factor.logDiagonalSum) - (df / 2).mvlgamma(size)
                + (df - (p + 1)) / 2 * LinAlg.slogdet(x).logabsdet - trace / 2
        }
    }

    /// `(p + 1) (p log 2 + log det S) / 2 + log gamma_p(df / 2) - (df - p - 1) / 2 psi_p(df / 2) + df p / 2`.
    public func entropy() -> Tensor {
        if df.isPlaceholder { return df }
        let p = Double(size)
        let steps = Tensor.arange(0, size, dtype: df.dtype, device: df.device) / 2
        let psi = ((df / 2).unsqueeze(-1) - steps).digamma().sum(dim: -1)
        return (p + 1) * (0.5 * p * logTwo + factor.logDiagonalSum) + (df / 2).mvlgamma(size)
            - (df - (p + 1)) / 2 * psi + df * (p / 2)
    }

    /// The distribution with its parameters expanded to a batch shape.
    public func expand(_ batchShape: [Int]) -> Wishart { Wishart(self, df: df.expanded(batchShape)) }
}
