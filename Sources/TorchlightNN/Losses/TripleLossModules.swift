import TorchlightCore

// Losses of three operands as modules; each calls the function of the same name.

/// A loss of three operands, as a module.
public protocol TripleLoss: Module {
    /// Returns the loss. Call the module itself, `loss(anchor, positive, negative)`: that also runs hooks and names the module
    /// in errors.
    func forward(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor
}

extension TripleLoss {
    /// Returns the loss of three operands, and runs the hooks of the module.
    public func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
        scope(a, b, c) { a, b, c in forward(a, b, c) }
    }
}

/// Margin ranking loss of two scores: `max(0, −y (x1 − x2) + margin)`, for targets y of 1 and −1.
///
/// Shapes: all `[*]`, equal; a scalar, or `[*]` with `.none`. The function is
/// ``marginRankingLoss(_:_:_:margin:reduction:)``.
public final class MarginRankingLoss: Module, TripleLoss {
    /// The difference of the scores from which the loss is 0. Default: 0.
    public let margin: Double
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a margin ranking loss.
    ///
    /// - Parameters:
    ///   - margin: The difference of the scores from which the loss is 0. Default: 0.
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    public init(margin: Double = 0, reduction: Reduction = .mean) {
        self.margin = margin
        self.reduction = reduction
        super.init()
    }

    /// Returns `max(0, −y (x1 − x2) + margin)`, reduced.
    public func forward(_ input1: Tensor, _ input2: Tensor, _ target: Tensor) -> Tensor {
        marginRankingLoss(input1, input2, target, margin: margin, reduction: reduction)
    }
}

/// Cosine embedding loss: `1 − cos(x1, x2)` for targets of 1, `max(0, cos(x1, x2) − margin)` for targets of −1.
///
/// Shapes: `[N, D]`, `[N, D]` and `[N]`, or `[D]`, `[D]` and `[]`; a scalar, or `[N]` with `.none`. The function is
/// ``cosineEmbeddingLoss(_:_:_:margin:reduction:)``.
public final class CosineEmbeddingLoss: Module, TripleLoss {
    /// The cosine up to which the loss of a target of −1 is 0. Default: 0.
    public let margin: Double
    /// The reduction over the samples. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a cosine embedding loss.
    ///
    /// - Parameters:
    ///   - margin: The cosine up to which the loss of a target of −1 is 0. Default: 0.
    ///   - reduction: The reduction over the samples. Default: `.mean`.
    public init(margin: Double = 0, reduction: Reduction = .mean) {
        self.margin = margin
        self.reduction = reduction
        super.init()
    }

    /// Returns `1 − cos(x1, x2)` or `max(0, cos(x1, x2) − margin)`, reduced.
    public func forward(_ input1: Tensor, _ input2: Tensor, _ target: Tensor) -> Tensor {
        cosineEmbeddingLoss(input1, input2, target, margin: margin, reduction: reduction)
    }
}

/// Negative log likelihood of targets t under normal distributions of mean x and variance v: `(log v + (x − t)² / v) / 2`.
///
/// Shapes: means `[N, *]`; targets `[N, *]`, or with sizes of 1; variances `[N, *]`, or with a last dimension of size 1, or
/// without the last dimension; a scalar, or `[N, *]` with `.none`. The function is
/// ``gaussianNLLLoss(_:_:_:full:eps:reduction:)``.
public final class GaussianNLLLoss: Module, TripleLoss {
    /// Whether the constant `log(2π) / 2` is added. Default: false.
    public let full: Bool
    /// The value that variances are clamped to from below. Default: 1e-6.
    public let eps: Double
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a negative log-likelihood loss of normal distributions.
    ///
    /// - Parameters:
    ///   - full: Whether the constant `log(2π) / 2` is added. Default: false.
    ///   - eps: The value that variances are clamped to from below. Default: 1e-6.
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    public init(full: Bool = false, eps: Double = 1e-6, reduction: Reduction = .mean) {
        self.full = full
        self.eps = eps
        self.reduction = reduction
        super.init()
    }

    /// Returns `(log v + (x − t)² / v) / 2`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor, _ variance: Tensor) -> Tensor {
        gaussianNLLLoss(input, target, variance, full: full, eps: eps, reduction: reduction)
    }
}

/// Triplet margin loss: `max(0, d(anchor, positive) − d(anchor, negative) + margin)`, where d is the p-norm of the difference
/// (Balntas et al., 2016).
///
/// Shapes: all `[N, D]` or `[D]`, equal; a scalar, or `[N]` with `.none`. The function is
/// ``tripletMarginLoss(_:_:_:margin:p:eps:swap:reduction:)``.
public final class TripletMarginLoss: Module, TripleLoss {
    /// The margin, above 0. Default: 1.
    public let margin: Double
    /// The order of the norm. Default: 2.
    public let p: Double
    /// The number that is added to each difference. Default: 1e-6.
    public let eps: Double
    /// Whether the distance to the negative is the smaller of d(anchor, negative) and d(positive, negative). Default: false.
    public let swap: Bool
    /// The reduction over the samples. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a triplet margin loss.
    ///
    /// - Parameters:
    ///   - margin: The margin, above 0. Default: 1.
    ///   - p: The order of the norm. Default: 2.
    ///   - eps: Is added to each difference. Default: 1e-6.
    ///   - swap: Whether the distance to the negative is the smaller of d(anchor, negative) and d(positive, negative).
    ///     Default: false.
    ///   - reduction: The reduction over the samples. Default: `.mean`.
    public init(
        margin: Double = 1, p: Double = 2, eps: Double = 1e-6, swap: Bool = false, reduction: Reduction = .mean
    ) {
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap
        self.reduction = reduction
        super.init()
    }

    /// Returns `max(0, d(anchor, positive) − d(anchor, negative) + margin)`, reduced.
    public func forward(_ anchor: Tensor, _ positive: Tensor, _ negative: Tensor) -> Tensor {
        tripletMarginLoss(
            anchor, positive, negative, margin: margin, p: p, eps: eps, swap: swap, reduction: reduction)
    }
}

/// Triplet margin loss with a custom distance function d: `max(0, d(anchor, positive) − d(anchor, negative) + margin)`.
///
/// Shapes: all `[N, D]` or `[D]`, equal; a scalar, or `[N]` with `.none`. The function is
/// ``tripletMarginWithDistanceLoss(_:_:_:distance:margin:swap:reduction:)``.
public final class TripletMarginWithDistanceLoss: Module, TripleLoss {
    /// The Euclidean distance of the initialiser without a distance function; nil for a custom function.
    @Key("distance_function") public var distanceFunction: PairwiseDistance? = nil
    private let distance: (Tensor, Tensor) -> Tensor
    /// The margin, above 0. Default: 1.
    public let margin: Double
    /// Whether the distance to the negative is the smaller of d(anchor, negative) and d(positive, negative). Default: false.
    public let swap: Bool
    /// The reduction over the samples. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a triplet margin loss with a custom distance function.
    ///
    /// - Parameters:
    ///   - distance: Returns the distances of two batches of vectors, `[N, D]` and `[N, D] -> [N]`.
    ///   - margin: The margin, above 0. Default: 1.
    ///   - swap: Whether the distance to the negative is the smaller of d(anchor, negative) and d(positive, negative).
    ///     Default: false.
    ///   - reduction: The reduction over the samples. Default: `.mean`.
    public init(
        distance: @escaping (Tensor, Tensor) -> Tensor, margin: Double = 1, swap: Bool = false,
        reduction: Reduction = .mean
    ) {
        self.distance = distance
        self.margin = margin
        self.swap = swap
        self.reduction = reduction
        super.init()
    }

    /// Creates a triplet margin loss with the Euclidean distance.
    public convenience init(margin: Double = 1, swap: Bool = false, reduction: Reduction = .mean) {
        let euclidean = PairwiseDistance()
        self.init(distance: { euclidean($0, $1) }, margin: margin, swap: swap, reduction: reduction)
        distanceFunction = euclidean
    }

    /// Returns `max(0, d(anchor, positive) − d(anchor, negative) + margin)`, reduced.
    public func forward(_ anchor: Tensor, _ positive: Tensor, _ negative: Tensor) -> Tensor {
        tripletMarginWithDistanceLoss(
            anchor, positive, negative, distance: distance, margin: margin, swap: swap, reduction: reduction)
    }
}
