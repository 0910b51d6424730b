import TorchlightCore

/// The cross entropy of a linear layer's scores.
///
/// Shapes: input `[N, in]`, weight `[C, *, in]`, bias `[C, *]`, the classes first, or one input `[in]` with a weight
/// `[C, in]`; targets as for ``crossEntropy(_:_:weight:ignoreIndex:reduction:labelSmoothing:)`` of scores `[N, C, *]`.
///
/// - Parameters:
///   - weight: a factor for each class.
///   - ignoreIndex: targets of this number do not count; only for class numbers.
public func linearCrossEntropy(
    _ input: Tensor, _ linearWeight: Tensor, _ target: Tensor, linearBias: Tensor? = nil, weight: Tensor? = nil,
    reduction: Reduction = .mean, ignoreIndex: Int? = nil, labelSmoothing: Double = 0
) -> Tensor {
    let name = "linearCrossEntropy"
    let all = [input, linearWeight, target, linearBias, weight].compactMap { $0 }
    if let placeholder = all.first(where: \.isPlaceholder) { return placeholder }
    guard (1...2).contains(input.rank), linearWeight.rank >= 2, input.shape.last == linearWeight.shape.last,
        linearBias.map({ $0.shape == Array(linearWeight.shape.dropLast()) }) ?? true,
        input.rank == 2 || linearWeight.rank == 2
    else {
        return fail(
            TensorError(
                .shape, in: name, "input, weight and bias do not fit",
                expected: "[N, in], [C, *, in] and [C, *], or [in], [C, in] and [C]",
                operands: [input, linearWeight] + (linearBias.map { [$0] } ?? [])))
    }
    guard ignoreIndex == nil || target.dtype.isInteger else {
        return fail(
            TensorError(
                .value, in: name, "there is a class to ignore, and the target holds probabilities",
                expected: "class numbers with ignoreIndex", operands: [target]))
    }
    let width = linearWeight.shape.last ?? 0
    let flat = linearWeight.reshape([linearWeight.count / Swift.max(width, 1), width])
    let scores = linear(input, flat, linearBias?.reshape(-1))
        .reshape(Array(input.shape.dropLast()) + linearWeight.shape.dropLast())
    return crossEntropy(
        scores, target, weight: weight, ignoreIndex: ignoreIndex ?? -100, reduction: reduction,
        labelSmoothing: labelSmoothing)
}

/// ``linearCrossEntropy(_:_:_:linearBias:weight:reduction:ignoreIndex:labelSmoothing:)`` with a linear layer of its own.
public final class LinearCrossEntropyLoss: Module, Loss {
    /// Elements in the last dimension of the input.
    public let inFeatures: Int
    /// The number of classes.
    public let numClasses: Int
    /// The dimensions behind the classes.
    public let outFeatures: [Int]
    /// The layer that makes the scores.
    public let linear: Linear
    /// A factor for each class.
    @Buffer public var weight: Tensor?
    /// The reduction over the rows.
    public let reduction: Reduction
    /// Targets of this number do not count.
    public let ignoreIndex: Int?
    /// How much of each target is spread over all classes.
    public let labelSmoothing: Double

    /// A loss with a layer of this size.
    public init(
        _ inFeatures: Int, _ numClasses: Int, outFeatures: [Int] = [], bias: Bool = false, reduction: Reduction = .mean,
        weight: Tensor? = nil, ignoreIndex: Int? = nil, labelSmoothing: Double = 0, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        self.inFeatures = inFeatures
        self.numClasses = numClasses
        self.outFeatures = outFeatures
        linear = Linear(
            inFeatures, numClasses *| outFeatures.reduce(1, *|), bias: bias, dtype: dtype, device: device,
            generator: generator)
        _weight = Buffer(wrappedValue: weight)
        self.reduction = reduction
        self.ignoreIndex = ignoreIndex
        self.labelSmoothing = labelSmoothing
        super.init()
    }

    /// The cross entropy of the layer's scores.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        // The layer is computed with the loss, not called.
        linear.computeParametrized()
        let lead = [numClasses] + outFeatures
        return linearCrossEntropy(
            input, linear.weight.reshape(lead + [inFeatures]), target, linearBias: linear.bias?.reshape(lead),
            weight: weight, reduction: reduction, ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing)
    }

    public override var extraDescription: String {
        let shape = outFeatures.isEmpty ? "()" : Printed.tuple(outFeatures)
        return "in_features=\(inFeatures), num_classes=\(numClasses), out_features=\(shape), "
            + "bias=\(Printed.bool(linear.bias != nil)), reduction=\(reduction.rawValue), "
            + "ignore_index=\(Printed.optional(ignoreIndex) { "\($0)" }), "
            + "label_smoothing=\(Printed.number(labelSmoothing)), options=None"
    }
}
