import TorchlightCore

/// The reduction of the losses of ``klDiv(_:_:reduction:logTarget:)``.
public enum DivergenceReduction: String, Sendable, Hashable {
    /// They stay as they are.
    case none
    /// Their sum divided by the size of the first dimension, which is the divergence of a batch's mean.
    case batchMean = "batchmean"
    /// Their mean over all elements.
    case mean
    /// Their sum.
    case sum
}

/// The terms of the Kullback-Leibler divergence: t (log t − x), x being log probabilities.
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. Only `batchMean` gives the divergence itself; `mean`,
/// the default as elsewhere, divides by the number of classes too. The values of the targets are not checked.
///
/// - Parameter logTarget: the target holds log probabilities as well.
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

/// The negative log likelihood of counts under Poisson distributions: λ − t log λ.
///
/// Shapes: `[*]` and `[*]`, equal; a number, or `[*]` with `none`. The values of input and target are not checked.
///
/// - Parameters:
///   - logInput: the input is log λ, else λ.
///   - full: adds Stirling's approximation of log t!, which does not depend on the input.
///   - eps: is added to λ before the logarithm.
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

/// The negative log likelihood of numbers under normal distributions: (log v + (x − t)² / v) / 2.
///
/// Shapes: input `[N, *]`, target the same or with sizes of 1, var the same, or with a last size of 1, or without the
/// last dimension; a number, or `[N, *]` with `none`. Variances are held above `eps`; negative ones are an error.
///
/// - Parameter full: adds log(2π) / 2.
public func gaussianNLLLoss(
    _ input: Tensor, _ target: Tensor, _ variance: Tensor, full: Bool = false, eps: Double = 1e-6,
    reduction: Reduction = .mean
) -> Tensor {
    let name = "gaussianNLLLoss"
    if let placeholder = [input, target, variance].first(where: \.isPlaceholder) { return placeholder }
    guard fits(target, input) || target.rank == 0 else {
        return fail(
            TensorError(
                .shape, in: name, "the target does not fit the input", expected: "\(input.shape), or with sizes of 1",
                operands: [input, target]))
    }
    var variance = variance
    if variance.shape != input.shape {
        let lead = Array(input.shape.dropLast())
        if variance.shape == lead {
            variance = variance.unsqueeze(-1)
        } else if variance.rank != input.rank || Array(variance.shape.dropLast()) != lead || variance.shape.last != 1 {
            return fail(
                TensorError(
                    .shape, in: name, "the variance does not fit the input",
                    expected: "\(input.shape), \(lead) or \(lead + [1])", operands: [input, variance]))
        }
    }
    guard noGrad({ variance.count == 0 || (variance < 0).any().item() == 0 }) else {
        return fail(
            TensorError(.value, in: name, "a variance is negative", expected: "at least 0", operands: [variance]))
    }
    // The bound is no part of the function that is differentiated.
    let excess = noGrad { variance.clamp(min: eps) - variance }
    let bounded = variance + excess
    let error = input - target
    var losses = (bounded.log() + error * error / bounded) * 0.5
    if full { losses = losses + 0.5 * 1.8378770664093453 }
    return reduction(losses)
}

/// Whether a tensor has a shape, or sizes of 1 in its place.
private func fits(_ tensor: Tensor, _ other: Tensor) -> Bool {
    tensor.rank == other.rank && zip(tensor.shape, other.shape).allSatisfy { $0 == $1 || $0 == 1 }
}
