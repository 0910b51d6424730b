import TorchlightCore

/// The reduction that a loss applies to the losses of elements or samples.
public enum Reduction: String, Sendable, Hashable {
    /// No reduction: the losses themselves.
    case none
    /// The mean of the losses. In `crossEntropy` and `nllLoss` it is weighted by the class weights.
    case mean
    /// The sum of the losses.
    case sum

    func callAsFunction(_ losses: Tensor) -> Tensor {
        switch self {
        case .none: losses
        case .mean: losses.mean()
        case .sum: losses.sum()
        }
    }
}

/// The error of the operands of an element-wise loss: different shapes or an integer dtype; nil if there is none.
///
/// Losses do not broadcast: `[n, 1]` against `[n]` would be a loss of n² pairs without any warning.
func elementwiseLossError(
    _ operation: String, _ input: Tensor, _ target: Tensor, allowsComplex: Bool = false
) -> TensorError? {
    if input.isPlaceholder || target.isPlaceholder { return nil }
    if input.shape != target.shape {
        var fix = "give both the same shape; to broadcast the target, call target.expand(as: prediction)"
        let (a, b) = (input.shape, target.shape)
        if a.count == b.count + 1, a.last == 1, Array(a.dropLast()) == b {
            fix = "squeeze the prediction, as in output.squeeze(-1), or give the target a dimension with unsqueeze(-1)"
        } else if b.count == a.count + 1, b.last == 1, Array(b.dropLast()) == a {
            fix = "squeeze the target, as in target.squeeze(-1), or give the prediction a dimension with unsqueeze(-1)"
        }
        return TensorError(
            .shape, in: operation, "prediction and target differ in shape, and losses do not broadcast",
            expected: "equal shapes", fix: fix, operands: [input, target])
    }
    if allowsComplex, input.dtype.isComplex || target.dtype.isComplex { return nil }
    guard input.dtype.isFloatingPoint else {
        return TensorError(
            .dtype, in: operation, "the prediction is not floating point", expected: "a floating-point prediction",
            operands: [input, target])
    }
    guard target.dtype.isFloatingPoint else {
        return TensorError(
            .dtype, in: operation, "the target has an integer dtype, as class labels have",
            expected: "a floating-point target",
            fix: "use crossEntropy(logits, target) for class indices, or target.to(.float32) for real-valued targets",
            operands: [input, target])
    }
    return nil
}
