// Channel dropout and alpha dropout.

/// In training, sets each channel to 0 with probability `p` and multiplies the others by `1 / (1 - p)`. Otherwise
/// returns the input.
///
/// Shapes: `[N, C, L]` or `[C, L]`; the result has the same shape.
///
/// - Parameters:
///   - p: the probability of a channel to be zeroed. Default: 0.5.
///   - training: whether dropout is applied. Default: true.
///   - generator: the random number generator.
public func dropout1d(_ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator = .default) -> Tensor {
    featureDropout("dropout1d", x, p, training, generator, ranks: 2...3, unbatchedRank: 2)
}

/// In training, sets each channel to 0 with probability `p` and multiplies the others by `1 / (1 - p)` (Tompson et al.,
/// 2015). Otherwise returns the input.
///
/// Shapes: `[N, C, H, W]` or `[N, C, L]`, as in PyTorch, which takes 3 dimensions for a batch of signals and not for one
/// image; the result has the same shape.
///
/// - Parameters:
///   - p: the probability of a channel to be zeroed. Default: 0.5.
///   - training: whether dropout is applied. Default: true.
///   - generator: the random number generator.
public func dropout2d(_ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator = .default) -> Tensor {
    featureDropout("dropout2d", x, p, training, generator, ranks: 3...4, unbatchedRank: nil)
}

/// In training, sets each channel to 0 with probability `p` and multiplies the others by `1 / (1 - p)`. Otherwise
/// returns the input.
///
/// Shapes: `[N, C, D, H, W]` or `[C, D, H, W]`; the result has the same shape.
///
/// - Parameters:
///   - p: the probability of a channel to be zeroed. Default: 0.5.
///   - training: whether dropout is applied. Default: true.
///   - generator: the random number generator.
public func dropout3d(_ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator = .default) -> Tensor {
    featureDropout("dropout3d", x, p, training, generator, ranks: 4...5, unbatchedRank: 4)
}

/// Alpha dropout, which keeps mean 0 and variance 1 of the input: in training, elements are set with probability `p` to
/// the limit of SELU at minus infinity, and all elements are then scaled and shifted (Klambauer et al., 2017).
/// Otherwise returns the input.
///
/// - Parameters:
///   - p: the probability of an element to be dropped. Default: 0.5.
///   - training: whether dropout is applied. Default: false.
///   - generator: the random number generator.
public func alphaDropout(
    _ x: Tensor, p: Double = 0.5, training: Bool = false, generator: Generator = .default
) -> Tensor {
    alphaDropout("alphaDropout", x, p, training, generator, maskShape: x.shape)
}

/// Alpha dropout of whole channels: `[N, C, *]`. See ``alphaDropout(_:p:training:generator:)``.
public func featureAlphaDropout(
    _ x: Tensor, p: Double = 0.5, training: Bool = false, generator: Generator = .default
) -> Tensor {
    if training && x.rank < 2 && !x.isPlaceholder {
        return fail(
            TensorError(
                .shape, in: "featureAlphaDropout", "the input has no channels", expected: "[N, C, *]", operands: [x]),
            like: x)
    }
    return alphaDropout(
        "featureAlphaDropout", x, p, training, generator, maskShape: channelMask(x.shape, batched: true))
}

/// Dropout of channels; an input of `unbatchedRank` dimensions has no batch dimension.
private func featureDropout(
    _ operation: String, _ x: Tensor, _ p: Double, _ training: Bool, _ generator: Generator, ranks: ClosedRange<Int>,
    unbatchedRank: Int?
) -> Tensor {
    if x.isPlaceholder { return x }
    guard ranks.contains(x.rank) else {
        return fail(
            TensorError(
                .shape, in: operation, "the input has the wrong number of dimensions",
                expected: "\(quantity(ranks.upperBound, "dimension")), or \(ranks.lowerBound)"
                    + (unbatchedRank == nil ? "" : " without a batch"), operands: [x]),
            like: x)
    }
    guard (0...1).contains(p) else { return fail(probabilityError(p, operation, x), like: x) }
    if !training || p == 0 { return x }
    let shape = channelMask(x.shape, batched: x.rank != unbatchedRank)
    let mask = noGrad { dropout(Tensor.ones(shape, dtype: x.dtype, device: x.device), p: p, generator: generator) }
    return x * mask
}

/// The shape of a mask with one element for each channel (of each sample): all later dimensions are 1.
private func channelMask(_ shape: [Int], batched: Bool) -> [Int] {
    shape.enumerated().map { $0.offset < (batched ? 2 : 1) ? $0.element : 1 }
}

private func alphaDropout(
    _ operation: String, _ x: Tensor, _ p: Double, _ training: Bool, _ generator: Generator, maskShape: [Int]
) -> Tensor {
    if x.isPlaceholder { return x }
    guard (0...1).contains(p) else { return fail(probabilityError(p, operation, x), like: x) }
    if !training || p == 0 { return x }
    if p == 1 { return x * 0 }
    // The negated limit of SELU at minus infinity: scale * alpha.
    let limit = 1.7580993408473766
    let scale = 1 / ((limit * limit * p + 1) * (1 - p)).squareRoot()
    let kept = noGrad {
        Tensor.empty(maskShape, dtype: x.dtype, device: x.device).bernoulli_(p: 1 - p, generator: generator)
    }
    return x * (kept * scale) + ((kept - 1) * (limit * scale) + limit * scale * p)
}

private func probabilityError(_ p: Double, _ operation: String, _ x: Tensor) -> TensorError {
    TensorError(
        .value, in: operation, "the probability p must be between 0 and 1", got: "\(p)",
        expected: "a number from 0 to 1",
        operands: [x])
}
