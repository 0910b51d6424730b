import TorchlightCore

// Margin losses.

/// Returns the soft margin loss, for binary classification with targets y of 1 and −1: `log(1 + e^(−y x))`, reduced.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. The values of the targets are not checked: the formula
/// is applied to other values too.
///
/// - Parameter reduction: The reduction over the elements. Default: `.mean`.
public func softMarginLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    if isAutocasting { return inFloat32 { softMarginLoss($0(input), $0(target), reduction: reduction) } }
    if let error = shapesError("softMarginLoss", [input, target]) { return fail(error) }
    return reduction(softplus(-(input * target)))
}

/// Returns the margin ranking loss of two scores: `max(0, −y (x1 − x2) + margin)`, reduced.
///
/// A target y of 1 means that `input1` should be ranked higher, −1 that `input2` should. The values of the targets are not
/// checked. Shapes: all `[*]`, equal; a scalar, or `[*]` with `.none`.
///
/// - Parameters:
///   - margin: The difference of the scores from which the loss is 0. Default: 0.
///   - reduction: The reduction over the elements. Default: `.mean`.
public func marginRankingLoss(
    _ input1: Tensor, _ input2: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 { marginRankingLoss($0(input1), $0(input2), $0(target), margin: margin, reduction: reduction) }
    }
    if let error = shapesError("marginRankingLoss", [input1, input2, target]) { return fail(error) }
    return reduction((-target * (input1 - input2) + margin).clamp(min: 0))
}

/// Returns the hinge embedding loss of distances x: x for targets of 1, `max(0, margin − x)` for targets of −1, reduced.
///
/// Other targets are not checked; they give the sum of both. Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with
/// `.none`.
///
/// - Parameters:
///   - margin: The distance from which the loss of a target of −1 is 0. Default: 1.
///   - reduction: The reduction over the elements. Default: `.mean`.
public func hingeEmbeddingLoss(
    _ input: Tensor, _ target: Tensor, margin: Double = 1, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 { hingeEmbeddingLoss($0(input), $0(target), margin: margin, reduction: reduction) }
    }
    if let error = shapesError("hingeEmbeddingLoss", [input, target]) { return fail(error) }
    let apart = (margin - input).clamp(min: 0).maskedFill(target .== 1, 0)
    return reduction(apart + input.maskedFill(target .== -1, 0))
}

/// Returns the cosine embedding loss: `1 − cos(x1, x2)` for targets of 1, `max(0, cos(x1, x2) − margin)` for targets of
/// −1, reduced.
///
/// The loss of other targets is 0. Shapes: `[N, D]`, `[N, D]` and `[N]`, or `[D]`, `[D]` and `[]`; a scalar, or `[N]` with
/// `.none`.
///
/// - Parameters:
///   - margin: The cosine up to which the loss of a target of −1 is 0. Default: 0.
///   - reduction: The reduction over the samples. Default: `.mean`.
public func cosineEmbeddingLoss(
    _ input1: Tensor, _ input2: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            cosineEmbeddingLoss($0(input1), $0(input2), $0(target), margin: margin, reduction: reduction)
        }
    }
    let name = "cosineEmbeddingLoss"
    if let error = shapesError(name, [input1, input2]) { return fail(error) }
    if target.isPlaceholder { return target }
    guard target.rank <= 1, input1.rank == target.rank + 1, Array(input1.shape.dropLast()) == target.shape else {
        return fail(
            TensorError(
                .shape, in: name, "the shape of the target does not match the inputs",
                expected: "[N, D], [N, D] and [N], or [D], [D] and []", operands: [input1, input2, target]))
    }
    let (a, b) = (input1.floatingPoint, input2.floatingPoint)
    /// x divided by sqrt(|x|² + 1e-12), computed without overflow.
    func unit(_ x: Tensor) -> Tensor {
        x / x.norm(dim: -1, keepdim: true).hypot(Tensor.full([], 1e-6, dtype: x.dtype, device: x.device))
    }
    let cosine = (unit(a) * unit(b)).sum(dim: -1)
    let together = (1 - cosine).maskedFill(target .!= 1, 0)
    let apart = (cosine - margin).clamp(min: 0).maskedFill(target .!= -1, 0)
    return reduction(together + apart)
}

/// Returns the multi-class margin loss of scores x and a class index y: `weight[y] Σ max(0, margin − x[y] + x[j])^p / C`
/// over all classes j except y, reduced.
///
/// Shapes: `[N, C]` and `[N]`, or `[C]` and `[]`; a scalar, or `[N]` with `.none`. The targets are class indices of an
/// integer dtype; an index outside `0 ..< C` is an error.
///
/// - Parameters:
///   - p: The exponent, 1 or 2. Default: 1.
///   - margin: The margin. Default: 1.
///   - weight: A factor for each class, `[C]`. Default: none.
///   - reduction: The reduction over the samples. Default: `.mean`.
public func multiMarginLoss(
    _ input: Tensor, _ target: Tensor, p: Int = 1, margin: Double = 1, weight: Tensor? = nil,
    reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            multiMarginLoss($0(input), $0(target), p: p, margin: margin, weight: weight.map($0), reduction: reduction)
        }
    }
    let name = "multiMarginLoss"
    if input.isPlaceholder || target.isPlaceholder { return input.isPlaceholder ? input : target }
    guard p == 1 || p == 2 else {
        return fail(TensorError(.value, in: name, "p is neither 1 nor 2", got: "\(p)", expected: "1 or 2"))
    }
    let isOne = input.rank < 2
    guard input.rank <= 2, input.count > 0 || !isOne,
        isOne ? target.shape == [] || target.shape == [1] : target.shape == [input.shape[0]]
    else {
        return fail(
            TensorError(
                .shape, in: name, "the shape of the target does not match the input",
                expected: "[N, C] and [N], or [C] and []",
                operands: [input, target]))
    }
    guard target.dtype.isInteger else {
        return fail(
            TensorError(
                .dtype, in: name, "the target does not contain class indices", expected: "an integer dtype",
                operands: [input, target]))
    }
    let classes = input.rank == 0 ? 1 : input.shape[input.rank - 1]
    if let weight, weight.shape != [classes] {
        return fail(
            TensorError(
                .shape, in: name, "the weight does not have one element for each class", expected: "[\(classes)]",
                operands: [input, weight]))
    }
    let rows = input.reshape(-1, classes)
    let labels = target.to(.int64).reshape(-1)
    if let error = labelError(name, labels, classes: classes, ignoreIndex: nil) { return fail(error) }
    let column = labels.unsqueeze(1)
    var terms = (margin - rows.gather(1, column) + rows).relu()
    if p == 2 { terms = terms * terms }
    if let weight { terms = terms * weight.indexSelect(0, labels).unsqueeze(1) }
    let own = noGrad {
        Tensor.zeros([labels.count, classes], dtype: .bool, device: input.device).scatter(1, column, true)
    }
    let losses = terms.maskedFill(own, 0).sum(dim: 1) / Double(classes)
    return reduction(target.rank == 0 ? losses.reshape([]) : losses)
}

/// Returns the multi-label margin loss: `Σ max(0, 1 − (x[y] − x[i])) / C` over all target classes y of a sample and all
/// classes i that are not among them, reduced.
///
/// Shapes: `[N, C]` and `[N, C]`, or `[C]` and `[C]`; a scalar, or `[N]` with `.none`. The target classes of a sample are
/// the class indices before the first negative element of its row: `[3, 0, -1, 1]` means classes 3 and 0. The target must
/// have an integer dtype; an index of C or above is an error.
///
/// - Parameter reduction: The reduction over the samples. Default: `.mean`.
public func multilabelMarginLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    if isAutocasting { return inFloat32 { multilabelMarginLoss($0(input), $0(target), reduction: reduction) } }
    let name = "multilabelMarginLoss"
    if let error = shapesError(name, [input, target]) { return fail(error) }
    if input.isPlaceholder || target.isPlaceholder { return input }
    guard target.dtype.isInteger, input.rank <= 2 else {
        return fail(
            TensorError(
                target.dtype.isInteger ? .shape : .dtype, in: name,
                "the operands have too many dimensions, or the target does not contain class indices",
                expected: "an input [N, C] or [C] and class indices of an integer dtype in the same shape",
                operands: [input, target]))
    }
    let classes = input.rank == 0 ? 1 : input.shape[input.rank - 1]
    let rows = input.reshape(-1, classes)
    let labels = target.to(.int64).reshape(-1, classes)
    let counts = noGrad { (labels < 0).to(.int64).cumsum(dim: 1) .== 0 }
    let safe = noGrad { labels * counts.to(.int64) }
    if let error = labelError(name, safe.reshape(-1), classes: classes, ignoreIndex: nil) { return fail(error) }
    let isLabel = noGrad {
        Tensor.zeros([rows.shape[0], classes], dtype: .int64, device: input.device)
            .scatterAdd(1, safe, counts.to(.int64)) > 0
    }
    // There are up to C² pairs of a target class and another class: compute a few target classes at a time, and compute their
    // terms again in the backward pass instead of saving them.
    let used =
        labels.device.hasValues && labels.count > 0 && !isRecordingFunction
        ? Swift.max(1, noGrad { counts.sum(dim: 1).max().item(Int.self) }) : classes
    let step = labels.device.hasValues ? Swift.max(1, 64 / Swift.max(classes, 1)) : Swift.max(classes, 1)
    var sum: Tensor?
    for start in stride(from: 0, to: used, by: step) {
        let few = Swift.min(step, used - start)
        let part =
            checkpoint(rows, preserveRandomState: false) { rows in
                let own = rows.gather(1, safe.narrow(1, start: start, length: few)).unsqueeze(2)
                let isPair = noGrad {
                    counts.narrow(1, start: start, length: few).unsqueeze(2).logicalAnd(
                        isLabel.logicalNot().unsqueeze(1))
                }
                return (1 - (own - rows.unsqueeze(1))).relu().maskedFill(isPair.logicalNot(), 0).sum(dim: [1, 2])
            }
        sum = sum.map { $0 + part } ?? part
    }
    let losses = (sum ?? Tensor.zeros([rows.shape[0]], dtype: rows.dtype, device: rows.device)) / Double(classes)
    return reduction(input.rank < 2 ? losses.reshape([]) : losses)
}

/// Returns the multi-label soft margin loss: the binary cross entropy of each class, averaged over the classes:
/// `−Σ (y[c] log σ(x[c]) + (1 − y[c]) log(1 − σ(x[c]))) / C`, reduced.
///
/// Shapes: logits x `[*, C]` and targets y `[*, C]`, equal; a scalar, or `[*]` with `.none`. Targets are from 0 to 1; their
/// values are not checked.
///
/// - Parameters:
///   - weight: A factor for each class, `[C]`; it is broadcast. Default: none.
///   - reduction: The reduction over the samples. Default: `.mean`.
public func multilabelSoftMarginLoss(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean
) -> Tensor {
    if let error = shapesError("multilabelSoftMarginLoss", [input, target]) { return fail(error) }
    if input.isPlaceholder || target.isPlaceholder { return input }
    var losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if let weight { losses = losses * weight }
    return reduction(losses.mean(dim: -1))
}

/// The error of operands of a loss with different shapes; nil if there is none.
func shapesError(_ operation: String, _ operands: [Tensor]) -> TensorError? {
    guard !operands.contains(where: \.isPlaceholder), let first = operands.first else { return nil }
    guard operands.allSatisfy({ $0.shape == first.shape }) else {
        return TensorError(
            .shape, in: operation, "the operands differ in shape, and losses do not broadcast",
            expected: "equal shapes", fix: "to broadcast an operand, expand it first, as in target.expand(as: input)",
            operands: operands)
    }
    return nil
}
