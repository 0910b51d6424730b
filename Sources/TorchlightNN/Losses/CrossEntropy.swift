import TorchlightCore

/// The cross entropy between logits and classes: −log softmax(logits)[class].
///
/// Shapes: logits `[n, C]`, `[C]` or `[n, C, d1, ...]`. The target holds class numbers, of any integer dtype, in
/// `[n]`, `[]` or `[n, d1, ...]`; or probabilities, of a floating-point dtype, in the shape of the logits.
///
/// With label smoothing s a target counts 1 - s, and each class s/C more. With `mean` the sum is divided by the sum of
/// the weights of the targets that count; for probabilities, by n·d1·...
///
/// - Parameters:
///   - weight: a factor for each class, `[C]`.
///   - ignoreIndex: targets of this number do not count.
///   - labelSmoothing: from 0 to 1.
/// - Returns: one number, or with `none` the losses in the shape of the class numbers.
///
/// A label outside the classes is an error that names it, and its row. Logits that are a softmax's result are pointed
/// out on standard error once: the loss applies its own.
public func crossEntropy(
    _ logits: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean,
    labelSmoothing: Double = 0
) -> Tensor {
    if logits.isPlaceholder || target.isPlaceholder { return logits.isPlaceholder ? logits : target }
    noticeActivation("softmax", before: "crossEntropy", logits, instead: "pass the output of the last linear layer")
    if isAutocasting {
        return inFloat32 {
            crossEntropy(
                $0(logits), $0(target), weight: weight.map($0), ignoreIndex: ignoreIndex, reduction: reduction,
                labelSmoothing: labelSmoothing)
        }
    }
    let classDim = logits.rank <= 1 ? 0 : 1
    if let error = classificationError("crossEntropy", logits, target, weight, classDim) {
        return fail(error)
    }
    guard (0...1).contains(labelSmoothing) else {
        return fail(
            TensorError(
                .value, in: "crossEntropy", "labelSmoothing is out of range", got: "\(labelSmoothing)",
                expected: "a number from 0 to 1"))
    }
    if target.dtype.isFloatingPoint {
        return probabilityCrossEntropy(logits, target, weight, classDim, reduction, labelSmoothing)
    }
    let labels = target.dtype == .int64 ? target : target.to(.int64)
    let rows: Tensor
    switch logits.rank {
    case 1: rows = logits.unsqueeze(0)
    case 2: rows = logits
    default: rows = logits.movedim(1, -1).reshape(-1, logits.shape[1])
    }
    let (losses, weights) = crossEntropyRows(
        rows, labels.rank == 1 ? labels : labels.reshape(-1), weight: weight, ignoreIndex: ignoreIndex,
        labelSmoothing: labelSmoothing)
    switch reduction {
    case .none: return losses.shape == target.shape ? losses : losses.reshape(target.shape)
    case .sum: return losses.sum()
    case .mean: return losses.sum() / weights.sum()
    }
}

/// The negative log likelihood of classes, given log probabilities: −input[class].
///
/// Shapes, parameters and result are those of ``crossEntropy(_:_:weight:ignoreIndex:reduction:labelSmoothing:)``; the
/// input is what `logSoftmax` gives.
public func nllLoss(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean
) -> Tensor {
    if input.isPlaceholder || target.isPlaceholder { return input.isPlaceholder ? input : target }
    noticeActivation("softmax", before: "nllLoss", input, instead: "it takes log probabilities: use logSoftmax")
    if isAutocasting {
        return inFloat32 {
            nllLoss($0(input), $0(target), weight: weight.map($0), ignoreIndex: ignoreIndex, reduction: reduction)
        }
    }
    let classDim = input.rank <= 1 ? 0 : 1
    if let error = classificationError("nllLoss", input, target, weight, classDim) { return fail(error) }
    guard target.dtype.isInteger else {
        return fail(
            TensorError(
                .dtype, in: "nllLoss", "the target does not hold class numbers", expected: "an integer dtype",
                operands: [input, target]))
    }
    let labels = target.dtype == .int64 ? target : target.to(.int64)
    let counted = labels .!= ignoreIndex
    let classes = input.shape[classDim]
    if let error = labelError("nllLoss", labels, classes: classes, ignoreIndex: ignoreIndex) { return fail(error) }
    let safe = noGrad { labels * counted.to(.int64) }
    let picked = input.gather(classDim, safe.unsqueeze(classDim)).squeeze(classDim)
    let scale = noGrad { () -> Tensor in
        let mask = counted.to(input.dtype)
        guard let weight else { return mask }
        return weight.indexSelect(0, safe.reshape(-1)).reshape(labels.shape).to(input.dtype) * mask
    }
    // Where a row is ignored its entry may be infinite, which times 0 would be NaN.
    let losses = -(picked.maskedFill(counted.logicalNot(), 0) * scale)
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum()
    case .mean: return losses.sum() / scale.sum()
    }
}

private func probabilityCrossEntropy(
    _ logits: Tensor, _ target: Tensor, _ weight: Tensor?, _ classDim: Int, _ reduction: Reduction,
    _ labelSmoothing: Double
) -> Tensor {
    let classes = logits.shape[classDim]
    var target = target
    if labelSmoothing > 0 { target = target * (1 - labelSmoothing) + labelSmoothing / Double(classes) }
    if let weight {
        var shape = Array(repeating: 1, count: logits.rank)
        shape[classDim] = classes
        target = target * weight.reshape(shape)
    }
    let losses = -(target * logSoftmax(logits, dim: classDim)).sum(dim: classDim)
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum()
    case .mean: return losses.sum() / Double(classes == 0 ? 0 : logits.count / classes)
    }
}

/// What is wrong with the operands of a loss over classes; nil where nothing is. Labels are checked later.
private func classificationError(
    _ operation: String, _ input: Tensor, _ target: Tensor, _ weight: Tensor?, _ classDim: Int
) -> TensorError? {
    guard input.dtype.isFloatingPoint, input.rank >= 1 else {
        return TensorError(
            input.rank < 1 ? .shape : .dtype, in: operation, "the scores are not floating point over classes",
            expected: "[n, classes], [classes] or [n, classes, ...]", operands: [input, target])
    }
    if let weight, weight.shape != [input.shape[classDim]] {
        return TensorError(
            .shape, in: operation, "the weight does not have one number a class",
            expected: "[\(input.shape[classDim])]", operands: [input, weight])
    }
    if target.dtype.isFloatingPoint {
        guard target.shape == input.shape else {
            let looksLikeLabels = target.rank == input.rank - 1
            return TensorError(
                .shape, in: operation, "a floating-point target holds probabilities, and its shape is not the logits'",
                expected: "\(input.shape)",
                fix: looksLikeLabels ? "if it holds class numbers convert it, as in target.to(.int64)" : nil,
                operands: [input, target])
        }
        return nil
    }
    guard target.dtype != .bool else {
        return TensorError(
            .dtype, in: operation, "the target is of dtype bool", expected: "class numbers or probabilities",
            fix: "convert it, as in target.to(.int64)", operands: [input, target])
    }
    var expected = input.shape
    expected.remove(at: classDim)
    guard target.shape == expected else {
        let isColumn = target.rank == expected.count + 1 && target.shape.last == 1
        let isOneHot = target.shape == input.shape
        return TensorError(
            .shape, in: operation, "the target's shape does not go with the scores'", expected: "\(expected)",
            fix: isColumn
                ? "squeeze the target, as in target.squeeze(-1)"
                : isOneHot
                    ? "one-hot targets are given as floating point, or as numbers with target.argmax(dim: 1)" : nil,
            operands: [input, target])
    }
    return nil
}

/// The first label that is out of range, with its row.
func labelError(_ operation: String, _ labels: Tensor, classes: Int, ignoreIndex: Int?) -> TensorError? {
    let values = labels.toArray(Int.self)
    for (row, label) in values.enumerated() where label != ignoreIndex && !(0..<classes).contains(label) {
        return TensorError(
            .value, in: operation, "a label is out of range", got: "label \(label) in row \(row)",
            expected: "0 ..< \(classes)" + (ignoreIndex.map { ", or \($0) to ignore the row" } ?? ""))
    }
    return nil
}

/// Points out, once, that a loss that has its own activation is given activated values.
func noticeActivation(_ activation: String, before loss: String, _ input: Tensor, instead: String) {
    guard input.originName == activation else { return }
    TrainingHints.report(
        .activationBeforeLoss,
        "\(loss) was given the result of \(activation): it works on logits, so that the gradients come out too small; "
            + instead)
}
