import TorchlightCore

/// Scaled dot-product attention over heads: queries `[N, H, T, D]`, keys and values `[N, G, S, D]`, `-> [N, T, H · D]`.
/// G must divide H.
///
/// - Parameters:
///   - scale: The factor of the scores. Default: `1 / √D`.
///   - softcap: The soft cap of the scores: `softcap · tanh(score / softcap)`, as in Gemma 2. Default: none.
///   - dropout: The probability that an attention weight is zeroed.
func attend(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: AttentionMask, scale: Double? = nil, softcap: Double? = nil,
    dropout: Double = 0
) -> Tensor {
    let shape = query.shape
    let grouped = key.shape[1] != shape[1]
    let heads: Tensor
    if let softcap {
        heads = cappedAttention(query, key, value, mask: mask, scale: scale, softcap: softcap, dropout: dropout)
    } else {
        switch mask {
        case .none:
            heads = scaledDotProductAttention(query, key, value, dropoutP: dropout, scale: scale, enableGQA: grouped)
        case .causal:
            heads = scaledDotProductAttention(
                query, key, value, dropoutP: dropout, isCausal: true, scale: scale, enableGQA: grouped)
        case .tensor(let tensor):
            let added = tensor.dtype == .bool ? tensor : tensor.to(query.dtype)
            heads = scaledDotProductAttention(
                query, key, value, attnMask: added, dropoutP: dropout, scale: scale, enableGQA: grouped)
        }
    }
    return heads.transpose(1, 2).reshape([shape[0], shape[2], shape[1] * value.shape[3]])
}

private func cappedAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: AttentionMask, scale: Double?, softcap: Double,
    dropout: Double
) -> Tensor {
    let groups = query.shape[1] / key.shape[1]
    let (keys, values) =
        groups == 1
        ? (key, value) : (key.repeatInterleave(groups, dim: 1), value.repeatInterleave(groups, dim: 1))
    var scores = query.matmul(keys.transpose(-2, -1)) * (scale ?? 1 / Double(query.shape[3]).squareRoot())
    scores = (scores / softcap).tanh() * softcap
    switch mask {
    case .none: break
    case .causal:
        let size = query.shape[2]
        let seen = Tensor.ones([size, size], dtype: .bool, device: query.device).tril()
        scores = scores.maskedFill(seen.logicalNot(), -Double.infinity)
    case .tensor(let tensor) where tensor.dtype == .bool:
        // Not minus infinity: all keys of a query of a padding token may be masked.
        scores = scores.maskedFill(tensor.logicalNot(), -1e30)
    case .tensor(let tensor): scores = scores + tensor
    }
    var weights = scores.softmax(dim: -1)
    if dropout > 0 { weights = TorchlightCore.dropout(weights, p: dropout, training: true) }
    return weights.matmul(values)
}

extension Tensor {
    /// `[N, T, H · D] -> [N, H, T, D]`.
    func splitHeads(_ count: Int) -> Tensor {
        let (batch, length, size) = (shape[0], shape[1], shape[2])
        return reshape([batch, length, count, size / count]).transpose(1, 2)
    }
}
