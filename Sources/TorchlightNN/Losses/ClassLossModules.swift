import TorchlightCore

/// Kullback-Leibler divergence loss of log probabilities x and a target distribution t: `t (log t − x)`.
///
///     let loss = KLDivLoss(reduction: .batchMean)
///     loss(logSoftmax(student, dim: 1), softmax(teacher, dim: 1))     // both [N, C] -> []
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. The function is ``klDiv(_:_:reduction:logTarget:)``.
public final class KLDivLoss: Module, Loss {
    /// The reduction. `.batchMean` gives the divergence of the mathematical definition. Default: `.mean`, as in PyTorch.
    public let reduction: DivergenceReduction
    /// Whether the target contains log probabilities. Default: false.
    public let logTarget: Bool

    /// Creates a Kullback-Leibler divergence loss.
    ///
    /// - Parameters:
    ///   - reduction: The reduction; `.batchMean` gives the divergence of the mathematical definition. Default: `.mean`.
    ///   - logTarget: Whether the target contains log probabilities. Default: false.
    public init(reduction: DivergenceReduction = .mean, logTarget: Bool = false) {
        self.reduction = reduction
        self.logTarget = logTarget
        super.init()
    }

    /// Returns `t (log t − x)`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        klDiv(input, target, reduction: reduction, logTarget: logTarget)
    }
}

/// Multi-class margin loss of scores x and a class index y: `weight[y] Σ max(0, margin − x[y] + x[j])^p / C` over all
/// classes j except y.
///
/// Shapes: `[N, C]` and `[N]`, or `[C]` and `[]`; a scalar, or `[N]` with `.none`. The function is
/// ``multiMarginLoss(_:_:p:margin:weight:reduction:)``.
public final class MultiMarginLoss: Module, Loss {
    /// The exponent, 1 or 2. Default: 1.
    public let p: Int
    /// The margin. Default: 1.
    public let margin: Double
    /// A factor for each class, `[C]`. Default: none.
    @Buffer public var weight: Tensor?
    /// The reduction over the samples. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a multi-class margin loss.
    ///
    /// - Parameters:
    ///   - p: The exponent, 1 or 2. Default: 1.
    ///   - margin: The margin. Default: 1.
    ///   - weight: A factor for each class, `[C]`. Default: none.
    ///   - reduction: The reduction over the samples. Default: `.mean`.
    public init(p: Int = 1, margin: Double = 1, weight: Tensor? = nil, reduction: Reduction = .mean) {
        self.p = p
        self.margin = margin
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
    }

    /// Returns `weight[y] Σ max(0, margin − x[y] + x[j])^p / C`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multiMarginLoss(input, target, p: p, margin: margin, weight: weight, reduction: reduction)
    }
}

/// Multi-label soft margin loss: the binary cross entropy of the logit of each class, averaged over the classes.
///
/// Shapes: logits `[*, C]` and targets `[*, C]`, equal; a scalar, or `[*]` with `.none`. The function is
/// ``multilabelSoftMarginLoss(_:_:weight:reduction:)``.
public final class MultiLabelSoftMarginLoss: Module, Loss {
    /// A factor for each class, `[C]`. Default: none.
    @Buffer public var weight: Tensor?
    /// The reduction over the samples. Default: `.mean`.
    public let reduction: Reduction

    /// Creates a multi-label soft margin loss.
    ///
    /// - Parameters:
    ///   - weight: A factor for each class, `[C]`. Default: none.
    ///   - reduction: The reduction over the samples. Default: `.mean`.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        super.init()
    }

    /// Returns `−Σ (y[c] log σ(x[c]) + (1 − y[c]) log(1 − σ(x[c]))) / C`, reduced.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multilabelSoftMarginLoss(input, target, weight: weight, reduction: reduction)
    }
}

/// Connectionist temporal classification (CTC) loss (Graves et al., 2006).
///
/// Shapes, parameters and conventions are those of ``ctcLoss(_:_:_:_:blank:reduction:zeroInfinity:)-(_,_,Tensor,_,_,_,_)``.
public final class CTCLoss: Module {
    /// The class index of the blank label. Default: 0.
    public let blank: Int
    /// The reduction. `.mean`, the default, divides the loss of each sample by its target length first.
    public let reduction: Reduction
    /// Whether infinite losses and their gradients become 0. Default: false.
    public let zeroInfinity: Bool

    /// Creates a CTC loss.
    ///
    /// - Parameters:
    ///   - blank: The class index of the blank label. Default: 0.
    ///   - reduction: The reduction over the samples. Default: `.mean`.
    ///   - zeroInfinity: Whether infinite losses and their gradients become 0. Default: false.
    public init(blank: Int = 0, reduction: Reduction = .mean, zeroInfinity: Bool = false) {
        self.blank = blank
        self.reduction = reduction
        self.zeroInfinity = zeroInfinity
        super.init()
    }

    /// Returns the loss of log probabilities `[T, N, C]` or `[T, C]` and targets `[N, S]` or `[total]`, reduced.
    public func callAsFunction(
        _ logProbs: Tensor, _ targets: Tensor, _ inputLengths: [Int], _ targetLengths: [Int]
    ) -> Tensor {
        scope(logProbs, targets) { logProbs, targets in
            ctcLoss(
                logProbs, targets, inputLengths, targetLengths, blank: blank, reduction: reduction,
                zeroInfinity: zeroInfinity)
        }
    }

    /// Returns the loss, with the lengths as integer tensors `[N]`.
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

/// Adaptive softmax, an efficient approximation of softmax for many classes of very different frequency (Grave et al., 2017).
///
/// The classes must be sorted by decreasing frequency. The cutoffs split them into clusters: the head computes the logits of
/// the classes of the first cluster and one logit for each other cluster; the tail of a cluster computes the logits of its
/// classes with fewer features. The log probability of a class in a later cluster is the sum of the log probabilities of its
/// cluster and of the class within the cluster.
///
/// Shapes: input `[N, in]` or `[in]`, class indices `[N]` or `[]`; output in the shape of the target, and a scalar loss.
///
///     let loss = AdaptiveLogSoftmaxWithLoss(64, 1000, cutoffs: [20, 200])
///     let (logProbs, mean) = loss(features, classes)
public final class AdaptiveLogSoftmaxWithLoss: Module {
    /// The number of input features.
    public let inFeatures: Int
    /// The number of classes.
    public let numClasses: Int
    /// The end of each cluster of classes; the last end is `numClasses`.
    public let cutoffs: [Int]
    /// The factor by which the number of features decreases from cluster to cluster. Default: 4.
    public let divValue: Double
    /// The linear layer of the head, `[N, in] -> [N, cutoffs[0] + number of tails]`.
    public let head: Linear
    /// The tails: for cluster i ≥ 1 two linear layers without bias, `in -> in / divValueⁱ -> number of classes`.
    public let tail: [Sequential]

    /// Creates an adaptive softmax.
    ///
    /// - Parameters:
    ///   - inFeatures: The number of input features.
    ///   - numClasses: The number of classes.
    ///   - cutoffs: The ends of the clusters except the last: increasing, from 1 to `numClasses − 1`.
    ///   - divValue: The factor by which the number of features decreases from cluster to cluster. Default: 4.
    ///   - headBias: Whether the head has a bias. Default: false.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ inFeatures: Int, _ numClasses: Int, cutoffs: [Int], divValue: Double = 4, headBias: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        let isRising = zip(cutoffs, cutoffs.dropFirst()).allSatisfy { $0 < $1 }
        if cutoffs.isEmpty || !isRising || cutoffs[0] < 1 || cutoffs[cutoffs.count - 1] >= numClasses {
            reportFailure(
                TensorError(
                    .value, in: "AdaptiveLogSoftmaxWithLoss", "the cutoffs are not increasing or out of range",
                    got: "\(cutoffs)", expected: "at least one cutoff, increasing, from 1 to \(numClasses -| 1)"))
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

    /// Returns the log probability of each target, and the loss: the mean of the negative log probabilities.
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
                    .shape, in: name,
                    "input or target has the wrong shape, or the target does not contain class indices",
                    expected: "[N, \(inFeatures)] and class indices [N] of an integer dtype", operands: [input, target])
            )
        }
        let labels = target.to(.int64).reshape(-1)
        if let error = labelError(name, labels, classes: numClasses, ignoreIndex: nil) { return refuse(error) }
        let picked = logProb(input.rank == 1 ? input.unsqueeze(0) : input).gather(1, labels.unsqueeze(1)).squeeze(1)
        let output = target.rank == 0 ? picked.squeeze(0) : picked
        return (output, -output.mean())
    }

    /// Returns the log probabilities of all classes: `[N, in] -> [N, numClasses]`.
    public func logProb(_ input: Tensor) -> Tensor {
        let scores = logSoftmax(head(input), dim: 1)
        let first = cutoffs[0]
        var parts = [scores.narrow(1, start: 0, length: first)]
        for (i, layers) in tail.enumerated() {
            parts.append(logSoftmax(layers(input), dim: 1) + scores.narrow(1, start: first + i, length: 1))
        }
        return cat(parts, dim: 1)
    }

    /// Returns the class index of the highest log probability of each row: `[N, in] -> [N]`.
    public func predict(_ input: Tensor) -> Tensor { logProb(input).argmax(dim: 1) }
}
