import TorchlightCore

/// The pooling of the hidden states of the tokens of a text to one vector.
public enum Pooling: String, Sendable, CaseIterable {
    /// The mean over the tokens that are not padding.
    case mean
    /// The first token that is not padding.
    case first
    /// The last token that is not padding.
    case last
    /// The maximum of each element over the tokens that are not padding.
    case max
    /// The sum over the tokens that are not padding, divided by the square root of their number.
    case meanOfSquareRoot
    /// The mean over the tokens that are not padding, weighted by their positions from 1 (Muennighoff, 2022).
    case weightedMean

    /// Returns the pooled vectors: hidden states `[N, T, size]` and a mask `[N, T]` `-> [N, size]`.
    ///
    /// - Parameters:
    ///   - hidden: The hidden states.
    ///   - attentionMask: 1 for tokens and 0 for padding.
    ///   - normalize: Whether the result is divided by its L2 norm. Default: false.
    public func callAsFunction(_ hidden: Tensor, attentionMask: Tensor, normalize: Bool = false) -> Tensor {
        let mask = attentionMask.to(hidden.dtype)
        let sum = { (weights: Tensor) in (hidden * weights.unsqueeze(-1)).sum(dim: 1) }
        let count = { (weights: Tensor) in weights.sum(dim: 1, keepdim: true).clamp(min: 1e-9) }
        let pooled: Tensor
        switch self {
        case .mean: pooled = sum(mask) / count(mask)
        case .meanOfSquareRoot: pooled = sum(mask) / count(mask).sqrt()
        case .weightedMean:
            let weights = mask * mask.cumsum(dim: 1)
            pooled = sum(weights) / count(weights)
        case .first, .last:
            let columns = Tensor.arange(mask.shape[1], device: hidden.device) + 1
            let seen = attentionMask.to(.int64)
            // The maximum of the column numbers, which count from the right for the first token.
            let order = self == .first ? (mask.shape[1] + 1) - columns : columns
            let position = (seen * order).argmax(dim: 1).reshape([-1, 1, 1])
            pooled = hidden.gather(1, position.expand([hidden.shape[0], 1, hidden.shape[2]])).squeeze(1)
        case .max:
            let excluded = (attentionMask .== 0).unsqueeze(-1)
            pooled = hidden.maskedFill(excluded, -1e9).amax(dim: 1)
        }
        return normalize ? TorchlightCore.normalize(pooled, dim: 1) : pooled
    }
}
