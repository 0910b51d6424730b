import TorchlightCore

/// The cross entropy of probabilities: −(y log p + (1 − y) log(1 − p)), with logarithms held above −100.
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. Predictions and targets must lie in [0, 1]; other values, NaN
/// among them, are an error. From logits, use
/// ``binaryCrossEntropyWithLogits(_:_:weight:reduction:posWeight:)``, which is exact where this one saturates.
///
/// - Parameter weight: a factor for each element; broadcasts.
public func binaryCrossEntropy(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 { binaryCrossEntropy($0(input), $0(target), weight: weight.map($0), reduction: reduction) }
    }
    if let error = elementwiseLossError("binaryCrossEntropy", input, target) { return fail(error) }
    if input.isPlaceholder || target.isPlaceholder { return input }
    var losses = binaryCrossEntropyTerms(input, target)
    if let weight { losses = losses * weight }
    return reduction(losses)
}

/// The cross entropy of logits: that of sigmoid(x), computed so that nothing overflows.
///
///     max(x, 0) − x y + log(1 + e^(−|x|))
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. The values of the targets are not checked.
///
/// - Parameters:
///   - weight: a factor for each element; broadcasts.
///   - posWeight: a factor for the positive targets, such as negatives / positives; broadcasts.
public func binaryCrossEntropyWithLogits(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean, posWeight: Tensor? = nil
) -> Tensor {
    noticeActivation(
        "sigmoid", before: "binaryCrossEntropyWithLogits", input,
        instead: "pass the values before sigmoid, or use binaryCrossEntropy")
    if isAutocasting {
        return inFloat32 {
            binaryCrossEntropyWithLogits(
                $0(input), $0(target), weight: weight.map($0), reduction: reduction, posWeight: posWeight.map($0))
        }
    }
    return elementwise("binaryCrossEntropyWithLogits", input, target, reduction) { x, y in
        var losses: Tensor
        if let posWeight {
            // (1 - y) x + (1 + (p - 1) y) · log(1 + e^-x), where the last is −log sigmoid(x)
            losses = (1 - y) * x - ((posWeight - 1) * y + 1) * logsigmoid(x)
        } else {
            losses = (1 - y) * x - logsigmoid(x)
        }
        if let weight { losses = losses * weight }
        return losses
    }
}
