import TorchlightCore

// Losses of two operands as modules; each calls the function of the same name.

/// Soft margin loss, for binary classification with targets y of 1 and −1: `log(1 + e^(−y x))`.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. The function is ``softMarginLoss(_:_:reduction:)``.
public final class SoftMarginLoss: Module, Loss {
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a soft margin loss.
    ///
    /// - Parameter reduction: The reduction over the elements. Default: `.mean`.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// Returns `log(1 + e^(−y x))`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        softMarginLoss(input, target, reduction: reduction)
    }
}

/// Hinge embedding loss of distances x: x for targets of 1, `max(0, margin − x)` for targets of −1.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. The function is
/// ``hingeEmbeddingLoss(_:_:margin:reduction:)``.
public final class HingeEmbeddingLoss: Module, Loss {
    /// The distance from which the loss of a target of −1 is 0. Default: 1.
    public let margin: Double
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a hinge embedding loss.
    ///
    /// - Parameters:
    ///   - margin: The distance from which the loss of a target of −1 is 0. Default: 1.
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    public init(margin: Double = 1, reduction: Reduction = .mean) {
        self.margin = margin
        self.reduction = reduction
        super.init()
    }

    /// Returns x or `max(0, margin − x)`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        hingeEmbeddingLoss(input, target, margin: margin, reduction: reduction)
    }
}

/// Multi-label margin loss: `Σ max(0, 1 − (x[y] − x[i])) / C` over all target classes y of a sample and all classes i that are
/// not among them.
///
/// Shapes: `[N, C]` and `[N, C]`, or `[C]` and `[C]`; a scalar, or `[N]` with `.none`. The target classes of a sample are the
/// class indices before the first negative element. The function is ``multilabelMarginLoss(_:_:reduction:)``.
public final class MultiLabelMarginLoss: Module, Loss {
    /// The reduction over the samples. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a multi-label margin loss.
    ///
    /// - Parameter reduction: The reduction over the samples. Default: `.mean`.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// Returns `Σ max(0, 1 − (x[y] − x[i])) / C`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multilabelMarginLoss(input, target, reduction: reduction)
    }
}

/// Negative log likelihood of targets t under Poisson distributions of rate λ: `λ − t log λ`.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. The function is
/// ``poissonNLLLoss(_:_:logInput:full:eps:reduction:)``.
public final class PoissonNLLLoss: Module, Loss {
    /// Whether the input is log λ instead of λ. Default: true.
    public let logInput: Bool
    /// Whether Stirling's approximation of log t! is added for targets above 1. Default: false.
    public let full: Bool
    /// The number that is added to λ before the logarithm if `logInput` is false. Default: 1e-8.
    public let eps: Double
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a negative log-likelihood loss of Poisson distributions.
    ///
    /// - Parameters:
    ///   - logInput: Whether the input is log λ instead of λ. Default: true.
    ///   - full: Whether Stirling's approximation of log t! is added. Default: false.
    ///   - eps: Is added to λ before the logarithm if `logInput` is false. Default: 1e-8.
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    public init(logInput: Bool = true, full: Bool = false, eps: Double = 1e-8, reduction: Reduction = .mean) {
        self.logInput = logInput
        self.full = full
        self.eps = eps
        self.reduction = reduction
        super.init()
    }

    /// Returns `λ − t log λ`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        poissonNLLLoss(input, target, logInput: logInput, full: full, eps: eps, reduction: reduction)
    }
}
