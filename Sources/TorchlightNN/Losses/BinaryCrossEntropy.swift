import TorchlightCore

/// Returns the binary cross entropy of probabilities p and targets y: `−(y log p + (1 − y) log(1 − p))`, reduced.
///
/// The logarithms are clamped to at least −100, so that the loss stays finite at p = 0 and p = 1. Shapes: `[*]` and `[*]`,
/// equal; a scalar, or `[*]` with `.none`. Probabilities and targets must be floating point and from 0 to 1; other values,
/// including NaN, are an error. For logits use ``binaryCrossEntropyWithLogits(_:_:weight:reduction:posWeight:)``, which is
/// more accurate for probabilities close to 0 or 1.
///
/// - Parameters:
///   - weight: A factor for each element; it is broadcast. Default: none.
///   - reduction: The reduction over the elements. Default: `.mean`.
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

/// Returns the binary cross entropy of logits x and targets y: `−(w y log σ(x) + (1 − y) log(1 − σ(x)))`, reduced, where w
/// is `posWeight`.
///
/// For w = 1 it is computed as `max(x, 0) − x y + log(1 + e^(−|x|))`, which does not overflow. Shapes: `[*]` and `[*]`,
/// equal; a scalar, or `[*]` with `.none`. Both must be floating point. The values of the targets are not checked. Do not
/// apply sigmoid before this loss; a hint is written to standard error once.
///
/// - Parameters:
///   - weight: A factor for each element; it is broadcast. Default: none.
///   - reduction: The reduction over the elements. Default: `.mean`.
///   - posWeight: A factor for the positive targets, such as the number of negative samples divided by the number of
///     positive samples; it is broadcast. Default: none.
public func binaryCrossEntropyWithLogits(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean, posWeight: Tensor? = nil
) -> Tensor {
    hintIfActivated(
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
            // (1 − y) x + (1 + (w − 1) y) log(1 + e^(−x)), where log(1 + e^(−x)) = −log σ(x)
            losses = (1 - y) * x - ((posWeight - 1) * y + 1) * logsigmoid(x)
        } else {
            losses = (1 - y) * x - logsigmoid(x)
        }
        if let weight { losses = losses * weight }
        return losses
    }
}
