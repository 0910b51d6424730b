import TorchlightCore

/// Returns the cross-entropy loss between logits and targets: `−log softmax(logits)[target]`.
///
///     let loss = crossEntropy(logits, labels)  // [N, C] and int64 [N] -> []
///
/// Shapes: logits `[N, C]`, `[C]` or `[N, C, d1, ...]`, where C is the number of classes. The target contains either class
/// indices, of an integer dtype, `[N]`, `[]` or `[N, d1, ...]`; or class probabilities, of a floating-point dtype, in the
/// shape of the logits.
///
/// For class probabilities t the loss is `−Σ t[c] log softmax(logits)[c]`. Label smoothing s replaces the target
/// distribution t by `(1 − s) t + s / C` (Szegedy et al., 2016).
///
/// - Parameters:
///   - weight: A factor for each class, `[C]`. Default: none.
///   - ignoreIndex: A class index to ignore: such targets add neither to the loss nor to the gradient. Default: -100. Not
///     used for class probabilities.
///   - reduction: `.mean` (the default) divides the sum of the losses by the sum of the weights of the targets that are not
///     ignored, and for class probabilities by the number of targets. The mean of no targets is NaN.
///   - labelSmoothing: The label smoothing s, from 0 to 1. Default: 0.
/// - Returns: A scalar, or with `.none` the losses, `[N]`, `[]` or `[N, d1, ...]`.
///
/// A class index outside `0 ..< C` is an error that names the index and its row. Do not apply softmax before this loss,
/// which applies it itself; a hint is written to standard error once.
public func crossEntropy(
    _ logits: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean,
    labelSmoothing: Double = 0
) -> Tensor {
    if logits.isPlaceholder || target.isPlaceholder { return logits.isPlaceholder ? logits : target }
    hintIfActivated("softmax", before: "crossEntropy", logits, instead: "pass the output of the last linear layer")
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
                .value, in: "crossEntropy", "labelSmoothing must be between 0 and 1", got: "\(labelSmoothing)",
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

/// Returns the negative log-likelihood loss of log probabilities: `−weight[target] · input[target]`.
///
/// The input contains log probabilities, as returned by `logSoftmax`. Shapes: input `[N, C]`, `[C]` or `[N, C, d1, ...]`,
/// target class indices of an integer dtype, `[N]`, `[]` or `[N, d1, ...]`.
///
/// - Parameters:
///   - weight: A factor for each class, `[C]`. Default: none.
///   - ignoreIndex: A class index to ignore: such targets add neither to the loss nor to the gradient. Default: -100.
///   - reduction: `.mean` (the default) divides by the sum of the weights of the targets that are not ignored. The mean of
///     no targets is NaN.
/// - Returns: A scalar, or with `.none` the losses in the shape of the target.
public func nllLoss(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean
) -> Tensor {
    if input.isPlaceholder || target.isPlaceholder { return input.isPlaceholder ? input : target }
    hintIfActivated("softmax", before: "nllLoss", input, instead: "it takes log probabilities: use logSoftmax")
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
                .dtype, in: "nllLoss", "the target does not contain class indices", expected: "an integer dtype",
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
    // The log probability of an ignored target may be infinite, and infinity times 0 is NaN.
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

/// The error of the shapes and dtypes of a loss over classes; nil if there is none. Class indices are checked later.
private func classificationError(
    _ operation: String, _ input: Tensor, _ target: Tensor, _ weight: Tensor?, _ classDim: Int
) -> TensorError? {
    guard input.dtype.isFloatingPoint, input.rank >= 1 else {
        return TensorError(
            input.rank < 1 ? .shape : .dtype, in: operation,
            "the input is not floating point, or has no dimension for the classes",
            expected: "a floating-point input [N, C], [C] or [N, C, ...], C the number of classes",
            operands: [input, target])
    }
    if let weight, weight.shape != [input.shape[classDim]] {
        return TensorError(
            .shape, in: operation, "the weight does not have one element for each class",
            expected: "[\(input.shape[classDim])]", operands: [input, weight])
    }
    if target.dtype.isFloatingPoint {
        guard target.shape == input.shape else {
            let looksLikeLabels = target.rank == input.rank - 1
            return TensorError(
                .shape, in: operation,
                "a floating-point target contains class probabilities, and its shape is not that of the logits",
                expected: "\(input.shape)",
                fix: looksLikeLabels ? "if it contains class indices, pass target.to(.int64)" : nil,
                operands: [input, target])
        }
        return nil
    }
    guard target.dtype != .bool else {
        return TensorError(
            .dtype, in: operation, "the target has the dtype bool",
            expected: "class indices of an integer dtype or floating-point class probabilities",
            fix: "convert it, as in target.to(.int64)", operands: [input, target])
    }
    var expected = input.shape
    expected.remove(at: classDim)
    guard target.shape == expected else {
        let isColumn = target.rank == expected.count + 1 && target.shape.last == 1
        let isOneHot = target.shape == input.shape
        return TensorError(
            .shape, in: operation, "the shape of the target does not match the logits", expected: "\(expected)",
            fix: isColumn
                ? "squeeze the target, as in target.squeeze(-1)"
                : isOneHot
                    ? "for one-hot targets pass target.argmax(dim: 1), or target.to(.float32)" : nil,
            operands: [input, target])
    }
    return nil
}

/// The error of the first class index that is out of range; nil if there is none.
func labelError(_ operation: String, _ labels: Tensor, classes: Int, ignoreIndex: Int?) -> TensorError? {
    do throws(TensorError) {
        try checkValues(operation, [labels]) { operands throws(TensorError) in
            let values = operands[0].toArray(Int.self)
            for (row, label) in values.enumerated() where label != ignoreIndex && !(0..<classes).contains(label) {
                throw TensorError(
                    .value, in: operation, "a class index of the target is out of range", got: "\(label) in row \(row)",
                    expected: "0 ..< \(classes)" + (ignoreIndex.map { ", or \($0) to ignore the row" } ?? ""))
            }
        }
        return nil
    } catch { return error }
}

/// Reports a hint, once, if the input of a loss that applies an activation itself is the result of that activation.
func hintIfActivated(_ activation: String, before loss: String, _ input: Tensor, instead: String) {
    guard input.originName == activation else { return }
    TrainingHints.report(
        .activationBeforeLoss,
        "the input of \(loss) is the result of \(activation), but \(loss) applies it itself and expects logits: the "
            + "gradients are too small; " + instead)
}
