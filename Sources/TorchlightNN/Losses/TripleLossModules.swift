import TorchlightCore

// Losses of three operands with fixed settings: the functions of the same names.

/// A loss of three operands as a module.
public protocol TripleLoss: Module {
    /// Computes the loss. Call the module itself: `loss(anchor, positive, negative)`.
    func forward(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor
}

extension TripleLoss {
    /// The loss of three operands.
    public func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
        scope(a, b, c) { a, b, c in forward(a, b, c) }
    }
}

/// ``marginRankingLoss(_:_:_:margin:reduction:)`` with fixed settings.
public final class MarginRankingLoss: Module, TripleLoss {
    /// By how much the scores should differ.
    public let margin: Double
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(margin: Double = 0, reduction: Reduction = .mean) {
        self.margin = margin
        self.reduction = reduction
        super.init()
    }

    /// max(0, −y (x1 − x2) + margin), reduced.
    public func forward(_ input1: Tensor, _ input2: Tensor, _ target: Tensor) -> Tensor {
        marginRankingLoss(input1, input2, target, margin: margin, reduction: reduction)
    }
}

/// ``cosineEmbeddingLoss(_:_:_:margin:reduction:)`` with fixed settings.
public final class CosineEmbeddingLoss: Module, TripleLoss {
    /// The cosine that unlike vectors may have.
    public let margin: Double
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(margin: Double = 0, reduction: Reduction = .mean) {
        self.margin = margin
        self.reduction = reduction
        super.init()
    }

    /// 1 − cos, or max(0, cos − margin), reduced.
    public func forward(_ input1: Tensor, _ input2: Tensor, _ target: Tensor) -> Tensor {
        cosineEmbeddingLoss(input1, input2, target, margin: margin, reduction: reduction)
    }
}

/// ``gaussianNLLLoss(_:_:_:full:eps:reduction:)`` with fixed settings.
public final class GaussianNLLLoss: Module, TripleLoss {
    /// Whether the constant is added.
    public let full: Bool
    /// The least variance.
    public let eps: Double
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(full: Bool = false, eps: Double = 1e-6, reduction: Reduction = .mean) {
        self.full = full
        self.eps = eps
        self.reduction = reduction
        super.init()
    }

    /// (log v + (x − t)² / v) / 2, reduced.
    public func forward(_ input: Tensor, _ target: Tensor, _ variance: Tensor) -> Tensor {
        gaussianNLLLoss(input, target, variance, full: full, eps: eps, reduction: reduction)
    }
}

/// ``tripletMarginLoss(_:_:_:margin:p:eps:swap:reduction:)`` with fixed settings.
public final class TripletMarginLoss: Module, TripleLoss {
    /// By how much the distances should differ.
    public let margin: Double
    /// The power of the norm.
    public let p: Double
    /// Added to each difference.
    public let eps: Double
    /// Whether the smaller of both distances to the negative counts.
    public let swap: Bool
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
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

    /// max(0, d(a, p) − d(a, n) + margin), reduced.
    public func forward(_ anchor: Tensor, _ positive: Tensor, _ negative: Tensor) -> Tensor {
        tripletMarginLoss(
            anchor, positive, negative, margin: margin, p: p, eps: eps, swap: swap, reduction: reduction)
    }
}

/// ``tripletMarginWithDistanceLoss(_:_:_:distance:margin:swap:reduction:)`` with fixed settings.
public final class TripletMarginWithDistanceLoss: Module, TripleLoss {
    /// The distance where it is a module.
    @Key("distance_function") public var distanceFunction: PairwiseDistance? = nil
    private let distance: (Tensor, Tensor) -> Tensor
    /// By how much the distances should differ.
    public let margin: Double
    /// Whether the smaller of both distances to the negative counts.
    public let swap: Bool
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with a distance of one's own.
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

    /// A loss with the Euclidean distance.
    public convenience init(margin: Double = 1, swap: Bool = false, reduction: Reduction = .mean) {
        let euclidean = PairwiseDistance()
        self.init(distance: { euclidean($0, $1) }, margin: margin, swap: swap, reduction: reduction)
        distanceFunction = euclidean
    }

    /// max(0, d(a, p) − d(a, n) + margin), reduced.
    public func forward(_ anchor: Tensor, _ positive: Tensor, _ negative: Tensor) -> Tensor {
        tripletMarginWithDistanceLoss(
            anchor, positive, negative, distance: distance, margin: margin, swap: swap, reduction: reduction)
    }
}
