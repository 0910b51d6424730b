import TorchlightCore

/// ``klDiv(_:_:reduction:logTarget:)`` with fixed settings.
public final class KLDivLoss: Module, Loss {
    /// The reduction over the terms.
    public let reduction: DivergenceReduction
    /// Whether the target holds log probabilities.
    public let logTarget: Bool

    /// A loss with these settings. Only `batchMean` is the divergence itself.
    public init(reduction: DivergenceReduction = .mean, logTarget: Bool = false) {
        self.reduction = reduction
        self.logTarget = logTarget
        super.init()
    }

    /// t (log t − x), reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        klDiv(input, target, reduction: reduction, logTarget: logTarget)
    }
}

/// ``multiMarginLoss(_:_:p:margin:weight:reduction:)`` with fixed settings.
public final class MultiMarginLoss: Module, Loss {
    /// The power of the hinge, 1 or 2.
    public let p: Int
    /// By how much the right class should be ahead.
    public let margin: Double
    /// A factor for each class.
    @Buffer public var weight: Tensor?
    /// The reduction over the rows.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(p: Int = 1, margin: Double = 1, weight: Tensor? = nil, reduction: Reduction = .mean) {
        self.p = p
        self.margin = margin
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
    }

    /// Σ max(0, margin − x[y] + x[j])^p / C, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multiMarginLoss(input, target, p: p, margin: margin, weight: weight, reduction: reduction)
    }
}

/// ``multilabelSoftMarginLoss(_:_:weight:reduction:)`` with fixed settings.
public final class MultiLabelSoftMarginLoss: Module, Loss {
    /// A factor for each class.
    @Buffer public var weight: Tensor?
    /// The reduction over the rows.
    public let reduction: Reduction

    /// A loss with these settings.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
    }

    /// The mean cross entropy of the classes, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multilabelSoftMarginLoss(input, target, weight: weight, reduction: reduction)
    }
}

/// ``ctcLoss(_:_:_:_:blank:reduction:zeroInfinity:)`` with fixed settings.
public final class CTCLoss: Module {
    /// The class that stands for "no label".
    public let blank: Int
    /// The reduction over the samples.
    public let reduction: Reduction
    /// Whether losses of targets that do not fit their input become 0.
    public let zeroInfinity: Bool

    /// A loss with these settings.
    public init(blank: Int = 0, reduction: Reduction = .mean, zeroInfinity: Bool = false) {
        self.blank = blank
        self.reduction = reduction
        self.zeroInfinity = zeroInfinity
        super.init()
    }

    /// The loss of log probabilities `[T, N, C]` against targets.
    public func callAsFunction(
        _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: [Int], _ targetLengths: [Int]
    ) -> Tensor {
        scope(logProbs, targets) { logProbs, targets in
            ctcLoss(
                logProbs, targets, inputLengths, targetLengths, blank: blank, reduction: reduction,
                zeroInfinity: zeroInfinity)
        }
    }

    /// The same with lengths as integer tensors.
    public func callAsFunction(
        _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: Tensor, _ targetLengths: Tensor
    ) -> Tensor {
        scope(logProbs, targets, inputLengths, targetLengths) { logProbs, targets, inputLengths, targetLengths in
            ctcLoss(
                logProbs, targets, inputLengths, targetLengths, blank: blank, reduction: reduction,
                zeroInfinity: zeroInfinity)
        }
    }
}

/// A softmax over very many classes that spends its effort on the frequent ones (Grave et al. 2017): the classes below the
/// first cutoff have scores of their own, those of each later range share one and are told apart by a smaller layer.
///
/// Shapes: input `[N, in]` or `[in]`, target `[N]` or `[]`; classes in order of falling frequency.
public final class AdaptiveLogSoftmaxWithLoss: Module {
    /// Elements of the input.
    public let inFeatures: Int
    /// The number of classes.
    public let numClasses: Int
    /// Where each range of classes ends; the last one ends at `numClasses`.
    public let cutoffs: [Int]
    /// How much smaller the layer of each range is than the one before.
    public let divValue: Double
    /// The scores of the frequent classes and of the ranges.
    public let head: Linear
    /// A pair of layers for each range.
    public let tail: [Sequential]

    /// A loss with these ranges.
    public init(
        _ inFeatures: Int, _ numClasses: Int, cutoffs: [Int], divValue: Double = 4, headBias: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        let isRising = zip(cutoffs, cutoffs.dropFirst()).allSatisfy { $0 < $1 }
        if cutoffs.isEmpty || !isRising || cutoffs[0] < 1 || cutoffs[cutoffs.count - 1] >= numClasses {
            reportFailure(
                TensorError(
                    .value, in: "AdaptiveLogSoftmaxWithLoss", "the cutoffs do not divide the classes",
                    got: "\(cutoffs)", expected: "rising numbers from 1 to \(numClasses -| 1)"))
        }
        self.inFeatures = inFeatures
        self.numClasses = numClasses
        self.cutoffs = cutoffs + [numClasses]
        self.divValue = divValue
        let first = cutoffs.first ?? 0
        head = Linear(
            inFeatures, first +| cutoffs.count, bias: headBias, dtype: dtype, device: device, generator: generator)
        var tail: [Sequential] = []
        var power = divValue
        for (begin, end) in zip(cutoffs, cutoffs.dropFirst() + [numClasses]) {
            let width = Int(saturating: Double(inFeatures) / power)
            power *= divValue
            tail.append(
                Sequential(
                    Linear(inFeatures, width, bias: false, dtype: dtype, device: device, generator: generator),
                    Linear(width, end -| begin, bias: false, dtype: dtype, device: device, generator: generator)))
        }
        self.tail = tail
        super.init()
    }

    /// The log probability of each target, and the mean of their negatives.
    public func callAsFunction(_ input: Tensor, _ target: Tensor) -> (output: Tensor, loss: Tensor) {
        scope(input, target) { input, target in forward(input, target) }
    }

    private func forward(_ input: Tensor, _ target: Tensor) -> (Tensor, Tensor) {
        let name = "AdaptiveLogSoftmaxWithLoss"
        func refuse(_ error: TensorError) -> (Tensor, Tensor) {
            let placeholder = fail(error, like: target)
            return (placeholder, placeholder)
        }
        if let placeholder = [input, target].first(where: \.isPlaceholder) { return (placeholder, placeholder) }
        guard target.rank <= 1, input.rank == target.rank + 1, input.shape.last == inFeatures,
            Array(input.shape.dropLast()) == target.shape, target.dtype.isInteger
        else {
            return refuse(
                TensorError(
                    .shape, in: name, "input and target do not fit the layer",
                    expected: "[N, \(inFeatures)] and class numbers [N]", operands: [input, target]))
        }
        let labels = target.to(.int64).reshape(-1)
        if let error = labelError(name, labels, classes: numClasses, ignoreIndex: nil) { return refuse(error) }
        let picked = logProb(input.rank == 1 ? input.unsqueeze(0) : input).gather(1, labels.unsqueeze(1)).squeeze(1)
        let output = target.rank == 0 ? picked.squeeze(0) : picked
        return (output, -output.mean())
    }

    /// The log probabilities of all classes: `[N, in] -> [N, classes]`.
    public func logProb(_ input: Tensor) -> Tensor {
        let scores = logSoftmax(head(input), dim: 1)
        let first = cutoffs[0]
        var parts = [scores.narrow(1, start: 0, length: first)]
        for (i, layers) in tail.enumerated() {
            parts.append(logSoftmax(layers(input), dim: 1) + scores.narrow(1, start: first + i, length: 1))
        }
        return cat(parts, dim: 1)
    }

    /// The most probable class of each row: `[N, in] -> [N]`.
    public func predict(_ input: Tensor) -> Tensor { logProb(input).argmax(dim: 1) }
}
