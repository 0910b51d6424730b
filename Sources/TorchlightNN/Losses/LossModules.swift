import TorchlightCore

/// A loss as a module: a prediction and a target give a number.
public protocol Loss: Module {
    /// Computes the loss. Call the module itself: `loss(output, target)`.
    func forward(_ input: Tensor, _ target: Tensor) -> Tensor
}

extension Loss {
    /// The loss of a prediction against a target.
    public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
        scope(input, target) { input, target in forward(input, target) }
    }
}

/// ``crossEntropy(_:_:weight:ignoreIndex:reduction:labelSmoothing:)`` with fixed settings.
public final class CrossEntropyLoss: Module, Loss {
    /// A factor for each class.
    @Buffer public var weight: Tensor?
    /// Targets of this number do not count.
    public let ignoreIndex: Int
    /// The reduction over the rows.
    public let reduction: Reduction
    /// How much of each target is spread over all classes.
    public let labelSmoothing: Double

    /// A loss with these settings.
    public init(
        weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean, labelSmoothing: Double = 0
    ) {
        _weight = Buffer(wrappedValue: weight)
        self.ignoreIndex = ignoreIndex
        self.reduction = reduction
        self.labelSmoothing = labelSmoothing
        super.init()
    }

    /// −log softmax(logits)[class], reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        crossEntropy(
            input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction,
            labelSmoothing: labelSmoothing)
    }
}

/// ``nllLoss(_:_:weight:ignoreIndex:reduction:)`` with fixed settings.
public final class NLLLoss: Module, Loss {
    /// A factor for each class.
    @Buffer public var weight: Tensor?
    /// Targets of this number do not count.
    public let ignoreIndex: Int
    /// The reduction over the rows.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        self.ignoreIndex = ignoreIndex
        self.reduction = reduction
        super.init()
    }

    /// −input[class], reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        nllLoss(input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
    }
}

/// ``mseLoss(_:_:reduction:)`` with a fixed reduction.
public final class MSELoss: Module, Loss {
    /// The reduction over the elements.
    public let reduction: Reduction

    /// A loss with this reduction.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// (input − target)², reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor { mseLoss(input, target, reduction: reduction) }
}

/// ``l1Loss(_:_:reduction:)`` with a fixed reduction.
public final class L1Loss: Module, Loss {
    /// The reduction over the elements.
    public let reduction: Reduction

    /// A loss with this reduction.
    public init(reduction: Reduction = .mean) {
        self.reduction = reduction
        super.init()
    }

    /// |input − target|, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor { l1Loss(input, target, reduction: reduction) }
}

/// ``smoothL1Loss(_:_:reduction:beta:)`` with fixed settings.
public final class SmoothL1Loss: Module, Loss {
    /// The reduction over the elements.
    public let reduction: Reduction
    /// Where the square ends.
    public let beta: Double

    /// A loss with these settings.
    public init(reduction: Reduction = .mean, beta: Double = 1) {
        self.reduction = reduction
        self.beta = beta
        super.init()
    }

    /// Squared near zero, absolute beyond, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        smoothL1Loss(input, target, reduction: reduction, beta: beta)
    }
}

/// ``huberLoss(_:_:reduction:delta:)`` with fixed settings.
public final class HuberLoss: Module, Loss {
    /// The reduction over the elements.
    public let reduction: Reduction
    /// Where the square ends.
    public let delta: Double

    /// A loss with these settings.
    public init(reduction: Reduction = .mean, delta: Double = 1) {
        self.reduction = reduction
        self.delta = delta
        super.init()
    }

    /// Squared near zero, absolute beyond, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        huberLoss(input, target, reduction: reduction, delta: delta)
    }
}

/// ``binaryCrossEntropy(_:_:weight:reduction:)`` with fixed settings.
public final class BCELoss: Module, Loss {
    /// A factor for each element.
    @Buffer public var weight: Tensor?
    /// The reduction over the elements.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
    }

    /// −(y log p + (1 − y) log(1 − p)), reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        binaryCrossEntropy(input, target, weight: weight, reduction: reduction)
    }
}

/// ``binaryCrossEntropyWithLogits(_:_:weight:reduction:posWeight:)`` with fixed settings.
public final class BCEWithLogitsLoss: Module, Loss {
    /// A factor for each element.
    @Buffer public var weight: Tensor?
    /// A factor for the positive targets.
    @Buffer("pos_weight") public var posWeight: Tensor? = nil
    /// The reduction over the elements.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean, posWeight: Tensor? = nil) {
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
        self.posWeight = posWeight
    }

    /// The cross entropy of sigmoid(input), reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        binaryCrossEntropyWithLogits(input, target, weight: weight, reduction: reduction, posWeight: posWeight)
    }
}
