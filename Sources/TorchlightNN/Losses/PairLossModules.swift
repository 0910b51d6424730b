import TorchlightCore

// Losses of two operands with fixed settings: the functions of the same names.

/// ``softMarginLoss(_:_:reduction:)`` with fixed settings.
public final class SoftMarginLoss: Module, Loss {
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// log(1 + e^(−y x)), reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        softMarginLoss(input, target, reduction: reduction)
    }
}

/// ``hingeEmbeddingLoss(_:_:margin:reduction:)`` with fixed settings.
public final class HingeEmbeddingLoss: Module, Loss {
    /// What a distance should exceed for targets of −1.
    public let margin: Double
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(margin: Double = 1, reduction: Reduction = .mean) {
        self.margin = margin
        self.reduction = reduction
        super.init()
    }

    /// x, or max(0, margin − x), reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        hingeEmbeddingLoss(input, target, margin: margin, reduction: reduction)
    }
}

/// ``multilabelMarginLoss(_:_:reduction:)`` with fixed settings.
public final class MultiLabelMarginLoss: Module, Loss {
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// Σ max(0, 1 − (x[y] − x[i])) / C, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multilabelMarginLoss(input, target, reduction: reduction)
    }
}

/// ``poissonNLLLoss(_:_:logInput:full:eps:reduction:)`` with fixed settings.
public final class PoissonNLLLoss: Module, Loss {
    /// Whether the input is the logarithm of the rate.
    public let logInput: Bool
    /// Whether the part that does not depend on the input is added.
    public let full: Bool
    /// Added to the rate before the logarithm.
    public let eps: Double
    /// The reduction over the losses.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(logInput: Bool = true, full: Bool = false, eps: Double = 1e-8, reduction: Reduction = .mean) {
        self.logInput = logInput
        self.full = full
        self.eps = eps
        self.reduction = reduction
        super.init()
    }

    /// λ − t log λ, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        poissonNLLLoss(input, target, logInput: logInput, full: full, eps: eps, reduction: reduction)
    }
}
