import TorchlightCore

/// The reduction of ``klDiv(_:_:reduction:logTarget:)``.
public enum DivergenceReduction: String, Sendable, Hashable {
    /// No reduction: the pointwise losses.
    case none
    /// The sum divided by the size of the batch dimension: the mean of the divergences of the samples.
    case batchMean = "batchmean"
    /// The mean over all elements, which is smaller than the divergence by a factor of the number of classes.
    case mean
    /// The sum over all elements.
    case sum
}

/// Returns the Kullback-Leibler divergence loss of log probabilities x and a target distribution t: `t (log t − x)`,
/// reduced.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. A target of 0 gives 0 for finite x. The values of input
/// and target are not checked.
///
/// - Parameters:
///   - input: Log probabilities, as returned by `logSoftmax`.
///   - target: Probabilities, or log probabilities with `logTarget`.
///   - reduction: `.batchMean` gives the divergence of the mathematical definition; `.mean`, the default as in PyTorch, also
///     divides by the number of classes.
///   - logTarget: Whether the target contains log probabilities: the loss is then `e^t (t − x)`. Default: false.
public func klDiv(
    _ input: Tensor, _ target: Tensor, reduction: DivergenceReduction = .mean, logTarget: Bool = false
) -> Tensor {
    if isAutocasting { return inFloat32 { klDiv($0(input), $0(target), reduction: reduction, logTarget: logTarget) } }
    if let error = shapesError("klDiv", [input, target]) { return fail(error) }
    if input.isPlaceholder || target.isPlaceholder { return input }
    let losses = logTarget ? target.exp() * (target - input) : target.xlogy(target) - target * input
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum()
    case .mean: return losses.mean()
    case .batchMean: return losses.rank == 0 ? losses.sum() : losses.sum() / losses.shape[0]
    }
}

/// Returns the negative log likelihood of targets t under Poisson distributions of rate λ: `λ − t log λ`, reduced.
///
/// Shapes: `[*]` and `[*]`, equal; a scalar, or `[*]` with `.none`. The values of input and target are not checked.
///
/// - Parameters:
///   - input: log λ, or λ with `logInput` false.
///   - logInput: Whether the input is log λ: the loss is then `e^input − t · input`, otherwise
///     `input − t log(input + eps)`. Default: true.
///   - full: Whether Stirling's approximation of log t!, `t log t − t + log(2π t)/2`, is added for targets above 1. It does
///     not depend on the input. Default: false.
///   - eps: Is added to λ before the logarithm if `logInput` is false. Default: 1e-8.
///   - reduction: The reduction over the elements. Default: `.mean`.
public func poissonNLLLoss(
    _ input: Tensor, _ target: Tensor, logInput: Bool = true, full: Bool = false, eps: Double = 1e-8,
    reduction: Reduction = .mean
) -> Tensor {
    if isAutocasting {
        return inFloat32 {
            poissonNLLLoss($0(input), $0(target), logInput: logInput, full: full, eps: eps, reduction: reduction)
        }
    }
    if let error = shapesError("poissonNLLLoss", [input, target]) { return fail(error) }
    if input.isPlaceholder || target.isPlaceholder { return input }
    var losses = logInput ? input.exp() - target * input : input - target * (input + eps).log()
    if full {
        let t = target.floatingPoint
        let stirling = t * t.log() - t + (t * (2 * Double.pi)).log() * 0.5
        losses = losses + stirling.maskedFill(target <= 1, 0)
    }
    return reduction(losses)
}

/// Returns the negative log likelihood of targets t under normal distributions of mean x and variance v:
/// `(log v + (x − t)² / v) / 2`, reduced.
///
/// Shapes: input (the means) `[N, *]`; target `[N, *]`, or with sizes of 1, which are broadcast; variance `[N, *]`, or with
/// a last dimension of size 1, or without the last dimension; a scalar, or `[N, *]` with `.none`. A negative variance is
/// an error.
///
/// - Parameters:
///   - full: Whether the constant `log(2π) / 2` is added. Default: false.
///   - eps: Variances are clamped to at least this value; the gradient ignores the clamp. Default: 1e-6.
///   - reduction: The reduction over the elements. Default: `.mean`.
public func gaussianNLLLoss(
    _ input: Tensor, _ target: Tensor, _ variance: Tensor, full: Bool = false, eps: Double = 1e-6,
    reduction: Reduction = .mean
) -> Tensor {
    let name = "gaussianNLLLoss"
    if let placeholder = [input, target, variance].first(where: \.isPlaceholder) { return placeholder }
    guard fits(target, input) || target.rank == 0 else {
        return fail(
            TensorError(
                .shape, in: name, "the shape of the target does not match the input",
                expected: "\(input.shape), or the same with sizes of 1", operands: [input, target]))
    }
    var variance = variance
    if variance.shape != input.shape {
        let lead = Array(input.shape.dropLast())
        if variance.shape == lead {
            variance = variance.unsqueeze(-1)
        } else if variance.rank != input.rank || Array(variance.shape.dropLast()) != lead || variance.shape.last != 1 {
            return fail(
                TensorError(
                    .shape, in: name, "the shape of the variance does not match the input",
                    expected: "\(input.shape), \(lead) or \(lead + [1])", operands: [input, variance]))
        }
    }
    do throws(TensorError) {
        try checkValues(name, [variance]) { operands throws(TensorError) in
            guard operands[0].count > 0, (operands[0] < 0).any().item(Bool.self) else { return }
            throw TensorError(
                .value, in: name, "the variance has a negative element", expected: "variances of at least 0",
                operands: operands)
        }
    } catch { return fail(error) }
    // The gradient ignores the clamp.
    let excess = noGrad { variance.clamp(min: eps) - variance }
    let bounded = variance + excess
    let error = input - target
    var losses = (bounded.log() + error * error / bounded) * 0.5
    if full { losses = losses + 0.5 * 1.8378770664093453 }
    return reduction(losses)
}

/// Whether a tensor has the shape of another, or sizes of 1 instead.
private func fits(_ tensor: Tensor, _ other: Tensor) -> Bool {
    tensor.rank == other.rank && zip(tensor.shape, other.shape).allSatisfy { $0 == $1 || $0 == 1 }
}
