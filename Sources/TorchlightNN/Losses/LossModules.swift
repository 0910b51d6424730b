import TorchlightCore

/// A loss of a prediction and a target, as a module.
public protocol Loss: Module {
    /// Returns the loss. Call the module itself, `loss(output, target)`: that also runs hooks and names the module in errors.
    func forward(_ input: Tensor, _ target: Tensor) -> Tensor
}

extension Loss {
    /// Returns the loss of a prediction and a target, and runs the hooks of the module.
    public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
        scope(input, target) { input, target in forward(input, target) }
    }
}

/// Cross-entropy loss between logits and targets: `−log softmax(logits)[target]`.
///
///     let loss = CrossEntropyLoss()
///     loss(model(images), labels).backward()  // logits [N, C], labels int64 [N]
///
/// Shapes: logits `[N, C]`, `[C]` or `[N, C, d1, ...]`; class indices `[N]`, `[]` or `[N, d1, ...]`, or class probabilities
/// in the shape of the logits; a scalar, or with `.none` the losses of the targets. Do not apply softmax before this loss.
/// The function is ``crossEntropy(_:_:weight:ignoreIndex:reduction:labelSmoothing:)``.
public final class CrossEntropyLoss: Module, Loss {
    /// A factor for each class, `[C]`. Default: none.
    @Buffer public var weight: Tensor?
    /// The class index to ignore. Default: -100.
    public let ignoreIndex: Int
    /// The reduction over the targets. Default: `.mean`.
    public let reduction: Reduction
    /// The label smoothing s, from 0 to 1: the target distribution t becomes `(1 − s) t + s / C`. Default: 0.
    public let labelSmoothing: Double

    /// Creates a cross-entropy loss.
    ///
    /// - Parameters:
    ///   - weight: A factor for each class, `[C]`. Default: none.
    ///   - ignoreIndex: A class index to ignore. Default: -100.
    ///   - reduction: The reduction over the targets. Default: `.mean`.
    ///   - labelSmoothing: The label smoothing, from 0 to 1. Default: 0.
    public init(
        weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean, labelSmoothing: Double = 0
    ) {
        _weight = Buffer(wrappedValue: weight)
        self.ignoreIndex = ignoreIndex
        self.reduction = reduction
        self.labelSmoothing = labelSmoothing
        super.init()
    }

    /// Returns `−log softmax(input)[target]`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        crossEntropy(
            input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction,
            labelSmoothing: labelSmoothing)
    }
}

/// Negative log-likelihood loss of log probabilities: `−weight[target] · input[target]`.
///
/// Shapes: log probabilities `[N, C]`, `[C]` or `[N, C, d1, ...]`, as returned by ``LogSoftmax``; class indices `[N]`, `[]`
/// or `[N, d1, ...]`; a scalar, or with `.none` the losses in the shape of the target. The function is
/// ``nllLoss(_:_:weight:ignoreIndex:reduction:)``.
public final class NLLLoss: Module, Loss {
    /// A factor for each class, `[C]`. Default: none.
    @Buffer public var weight: Tensor?
    /// The class index to ignore. Default: -100.
    public let ignoreIndex: Int
    /// The reduction over the targets. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a negative log-likelihood loss.
    ///
    /// - Parameters:
    ///   - weight: A factor for each class, `[C]`. Default: none.
    ///   - ignoreIndex: A class index to ignore. Default: -100.
    ///   - reduction: The reduction over the targets. Default: `.mean`.
    public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        self.ignoreIndex = ignoreIndex
        self.reduction = reduction
        super.init()
    }

    /// Returns `−weight[target] · input[target]`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        nllLoss(input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
    }
}

/// Mean squared error: `(input − target)²`, reduced.
///
/// Shapes: `[*]` and `[*]`, equal, floating point; a scalar, or `[*]` with `.none`. The function is
/// ``mseLoss(_:_:reduction:)``.
public final class MSELoss: Module, Loss {
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a mean squared error loss.
    ///
    /// - Parameter reduction: The reduction over the elements. Default: `.mean`.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// Returns `(input − target)²`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor { mseLoss(input, target, reduction: reduction) }
}

/// Mean absolute error: `|input − target|`, reduced.
///
/// Shapes: `[*]` and `[*]`, equal, floating point; a scalar, or `[*]` with `.none`. The function is
/// ``l1Loss(_:_:reduction:)``.
public final class L1Loss: Module, Loss {
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a mean absolute error loss.
    ///
    /// - Parameter reduction: The reduction over the elements. Default: `.mean`.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// Returns `|input − target|`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor { l1Loss(input, target, reduction: reduction) }
}

/// Smooth L1 loss, for `d = input − target`: `d²/(2β)` where `|d| < β`, `|d| − β/2` elsewhere (Girshick, 2015).
///
/// Shapes: `[*]` and `[*]`, equal, floating point; a scalar, or `[*]` with `.none`. The function is
/// ``smoothL1Loss(_:_:reduction:beta:)``.
public final class SmoothL1Loss: Module, Loss {
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction
    /// The absolute difference β at which the loss changes from squared to linear, at least 0. Default: 1.
    public let beta: Double

    /// Creates a smooth L1 loss.
    ///
    /// - Parameters:
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    ///   - beta: The absolute difference at which the loss changes from squared to linear. Default: 1.
    public init(reduction: Reduction = .mean, beta: Double = 1) {
        self.reduction = reduction
        self.beta = beta
        super.init()
    }

    /// Returns `d²/(2β)` where `|d| < β`, `|d| − β/2` elsewhere, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        smoothL1Loss(input, target, reduction: reduction, beta: beta)
    }
}

/// Huber loss, for `d = input − target`: `d²/2` where `|d| ≤ δ`, `δ (|d| − δ/2)` elsewhere (Huber, 1964).
///
/// Shapes: `[*]` and `[*]`, equal, floating point; a scalar, or `[*]` with `.none`. The function is
/// ``huberLoss(_:_:reduction:delta:)``.
public final class HuberLoss: Module, Loss {
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction
    /// The absolute difference δ at which the loss changes from squared to linear, above 0. Default: 1.
    public let delta: Double

    /// Creates a Huber loss.
    ///
    /// - Parameters:
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    ///   - delta: The absolute difference at which the loss changes from squared to linear. Default: 1.
    public init(reduction: Reduction = .mean, delta: Double = 1) {
        self.reduction = reduction
        self.delta = delta
        super.init()
    }

    /// Returns `d²/2` where `|d| ≤ δ`, `δ (|d| − δ/2)` elsewhere, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        huberLoss(input, target, reduction: reduction, delta: delta)
    }
}

/// Binary cross entropy of probabilities p and targets y: `−(y log p + (1 − y) log(1 − p))`.
///
/// Shapes: `[*]` and `[*]`, equal, values from 0 to 1; a scalar, or `[*]` with `.none`. For logits use
/// ``BCEWithLogitsLoss``. The function is ``binaryCrossEntropy(_:_:weight:reduction:)``.
public final class BCELoss: Module, Loss {
    /// A factor for each element; it is broadcast. Default: none.
    @Buffer public var weight: Tensor?
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a binary cross-entropy loss of probabilities.
    ///
    /// - Parameters:
    ///   - weight: A factor for each element; it is broadcast. Default: none.
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
    }

    /// Returns `−(y log p + (1 − y) log(1 − p))`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        binaryCrossEntropy(input, target, weight: weight, reduction: reduction)
    }
}

/// Binary cross entropy of logits x and targets y: `−(w y log σ(x) + (1 − y) log(1 − σ(x)))`, where w is `posWeight`.
///
///     let loss = BCEWithLogitsLoss()
///     loss(model(x), targets)     // logits [N, K], targets from 0 to 1 [N, K] -> []
///
/// It is computed without overflow and more accurate than ``Sigmoid`` followed by ``BCELoss``. Shapes: `[*]` and `[*]`, equal;
/// a scalar, or `[*]` with `.none`. The function is
/// ``binaryCrossEntropyWithLogits(_:_:weight:reduction:posWeight:)``.
public final class BCEWithLogitsLoss: Module, Loss {
    /// A factor for each element; it is broadcast. Default: none.
    @Buffer public var weight: Tensor?
    /// A factor for the positive targets; it is broadcast. Default: none.
    @Buffer("pos_weight") public var posWeight: Tensor? = nil
    /// The reduction over the elements. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a binary cross-entropy loss of logits.
    ///
    /// - Parameters:
    ///   - weight: A factor for each element; it is broadcast. Default: none.
    ///   - reduction: The reduction over the elements. Default: `.mean`.
    ///   - posWeight: A factor for the positive targets; it is broadcast. Default: none.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean, posWeight: Tensor? = nil) {
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
        self.posWeight = posWeight
    }

    /// Returns `−(w y log σ(x) + (1 − y) log(1 − σ(x)))`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        binaryCrossEntropyWithLogits(input, target, weight: weight, reduction: reduction, posWeight: posWeight)
    }
}
