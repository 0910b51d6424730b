import TorchlightCore

/// Returns the cross entropy of the logits of a linear layer: `crossEntropy(input Wᵀ + b, target)`.
///
/// Shapes: input `[N, in]`, linear weight W `[C, *, in]`, linear bias b `[C, *]`, or input `[in]` with a weight `[C, in]`.
/// The logits are `[N, C, *]` or `[C]`; the target is that of
/// ``crossEntropy(_:_:weight:ignoreIndex:reduction:labelSmoothing:)`` for these logits.
///
/// - Parameters:
///   - linearBias: The bias of the linear layer. Default: none.
///   - weight: A factor for each class, `[C]`. Default: none.
///   - reduction: The reduction over the targets. Default: `.mean`.
///   - ignoreIndex: A class index to ignore; an error for targets that are class probabilities. Default: -100 for class
///     indices.
///   - labelSmoothing: The label smoothing, from 0 to 1. Default: 0.
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
                .shape, in: name, "the shapes of input, linear weight and linear bias do not match",
                expected: "[N, in], [C, *, in] and [C, *], or [in], [C, in] and [C]",
                operands: [input, linearWeight] + (linearBias.map { [$0] } ?? [])))
    }
    guard ignoreIndex == nil || target.dtype.isInteger else {
        return fail(
            TensorError(
                .value, in: name, "ignoreIndex is given, but the target contains class probabilities",
                expected: "class indices of an integer dtype with ignoreIndex", fix: "leave out ignoreIndex",
                operands: [target]))
    }
    let width = linearWeight.shape.last ?? 0
    let flat = linearWeight.reshape([linearWeight.count / Swift.max(width, 1), width])
    let scores = linear(input, flat, linearBias?.reshape(-1))
        .reshape(Array(input.shape.dropLast()) + linearWeight.shape.dropLast())
    return crossEntropy(
        scores, target, weight: weight, ignoreIndex: ignoreIndex ?? -100, reduction: reduction,
        labelSmoothing: labelSmoothing)
}

/// A linear layer followed by a cross-entropy loss: `crossEntropy(input Wᵀ + b, target)`.
///
/// Shapes: input `[N, in]` or `[in]`; target as for ``crossEntropy(_:_:weight:ignoreIndex:reduction:labelSmoothing:)`` of
/// logits `[N, C, *]`, where `*` is `outFeatures`. The function is
/// ``linearCrossEntropy(_:_:_:linearBias:weight:reduction:ignoreIndex:labelSmoothing:)``.
public final class LinearCrossEntropyLoss: Module, Loss {
    /// The number of input features: the size of the last dimension of the input.
    public let inFeatures: Int
    /// The number of classes C.
    public let numClasses: Int
    /// The sizes of the dimensions of the logits after the classes. Default: none.
    public let outFeatures: [Int]
    /// The linear layer that computes the logits; its initialisation is that of ``Linear``.
    public let linear: Linear
    /// A factor for each class, `[C]`. Default: none.
    @Buffer public var weight: Tensor?
    /// The reduction over the targets. Default: `.mean`.
    public let reduction: Reduction
    /// The class index to ignore. Default: -100 for class indices.
    public let ignoreIndex: Int?
    /// The label smoothing, from 0 to 1. Default: 0.
    public let labelSmoothing: Double

    /// Creates the loss and its linear layer.
    ///
    /// - Parameters:
    ///   - inFeatures: The number of input features.
    ///   - numClasses: The number of classes C.
    ///   - outFeatures: The sizes of the dimensions of the logits after the classes. Default: none.
    ///   - bias: Whether the linear layer has a bias. Default: false.
    ///   - reduction: The reduction over the targets. Default: `.mean`.
    ///   - weight: A factor for each class, `[C]`. Default: none.
    ///   - ignoreIndex: A class index to ignore. Default: -100 for class indices.
    ///   - labelSmoothing: The label smoothing, from 0 to 1. Default: 0.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
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

    /// Returns the cross entropy of the logits of the linear layer.
    public func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        // The linear layer is not called, so its parametrised weight is computed here.
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
