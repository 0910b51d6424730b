import TorchlightCore

/// The cross entropy of probabilities: −(y log p + (1 − y) log(1 − p)), with logarithms held above −100.
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. The probabilities lie in [0, 1]. From logits, use
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
    let isOutside = noGrad { input.count > 0 && (input < 0).logicalOr(input > 1).any().item() != 0 }
    guard !isOutside else {
        return fail(
            TensorError(
                .value, in: "binaryCrossEntropy", "a prediction is outside [0, 1]", expected: "numbers in [0, 1]",
                fix: "use binaryCrossEntropyWithLogits for what has not gone through sigmoid", operands: [input]))
    }
    var losses = ProbabilityCrossEntropy.callAsFunction(input, target)
    if let weight { losses = losses * weight }
    return reduction(losses)
}

/// The loss element by element. Its gradient is written by hand, (p − y) / max(p (1 − p), 1e-12), because that of the
/// formula is 0 / 0 at p = 0 and p = 1.
private struct ProbabilityCrossEntropy: CustomFunction {
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
        let (p, y) = (inputs[0], inputs[1])
        context.save(p, y)
        return [(y - 1) * (1 - p).log().clamp(min: -100) - y * p.log().clamp(min: -100)]
    }

    static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
        let (p, y, gradient) = (context.saved[0], context.saved[1], gradients[0])
        return [
            context.needsGradient[0] ? gradient * (p - y) / (p * (1 - p)).clamp(min: 1e-12) : nil,
            context.needsGradient[1] ? gradient * ((1 - p).log().clamp(min: -100) - p.log().clamp(min: -100)) : nil,
        ]
    }
}

/// The cross entropy of logits: that of sigmoid(x), computed so that nothing overflows.
///
///     max(x, 0) − x y + log(1 + e^(−|x|))
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`.
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
