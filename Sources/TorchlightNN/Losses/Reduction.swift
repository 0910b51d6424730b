import TorchlightCore

/// The reduction of the losses of elements or rows.
public enum Reduction: String, Sendable, Hashable {
    /// They stay as they are.
    case none
    /// Their mean.
    case mean
    /// Their sum.
    case sum

    func callAsFunction(_ losses: Tensor) -> Tensor {
        switch self {
        case .none: losses
        case .mean: losses.mean()
        case .sum: losses.sum()
        }
    }
}

/// The checks that element-wise losses share. Returns the error to report, nil where all is well.
///
/// Broadcasting is refused: `[n, 1]` against `[n]` would quietly be a loss of n² pairs.
func elementwiseLossError(_ operation: String, _ input: Tensor, _ target: Tensor) -> TensorError? {
    if input.isPlaceholder || target.isPlaceholder { return nil }
    if input.shape != target.shape {
        var fix = "bring both to one shape; a target that is to be broadcast is expanded first, with expand(as:)"
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
    guard input.dtype.isFloatingPoint else {
        return TensorError(.dtype, in: operation, "the prediction is not floating point", operands: [input, target])
    }
    guard target.dtype.isFloatingPoint else {
        return TensorError(
            .dtype, in: operation, "the target holds integers, which look like class labels",
            expected: "a floating-point target",
            fix: "use crossEntropy(logits, labels) for classes, or target.to(.float32) if the numbers are quantities",
            operands: [input, target])
    }
    return nil
}
