import TorchlightCore

/// Which keys the queries of an attention layer see.
enum AttentionMask {
    /// All keys.
    case none
    /// Query `i` sees the keys `0 ... i`; as many keys as queries.
    case causal
    /// Bool, true where the key is seen, or numbers that are added to the scores; broadcasts to `[N, H, T, S]`.
    case tensor(Tensor)
}

/// The positions of the tokens of a forward pass and the masks of its attention layers.
///
/// A token is at a column of the batch: columns count the tokens of the cache, then those of this pass, padding included.
final class TokenContext {
    /// The number of tokens in the cache before this pass.
    let offset: Int
    /// The number of tokens of this pass.
    let length: Int
    /// 1 for tokens and 0 for padding, `[N, offset + length]`; nil if there is no padding.
    let padding: Tensor?
    /// The positions of the tokens, `[N or 1, T]`.
    let positions: Tensor
    let cache: KeyValueCache?
    /// The number of the text that each token of a packed row belongs to, `[N, T]`; nil if each row is one text.
    let sequences: Tensor?
    /// Vectors that precede the embeddings of the tokens, `[P, hidden size]`; nil for none.
    let prompt: Tensor?
    let device: Device
    private var masks: [MaskKey: AttentionMask] = [:]

    private struct MaskKey: Hashable {
        let window: Int?
        let start: Int
        let bidirectional: Bool
    }

    /// - Parameters:
    ///   - tokens: Any tensor of the sizes `[N, T, ...]`.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, columns]`.
    ///   - positions: `[N, T]`. Default: the columns.
    ///   - sequences: The number of the text of each token of packed rows, `[N, T]`. Default: each row is one text.
    ///   - prompt: Vectors that precede the embeddings, `[P, hidden size]`, and count as columns. Default: none.
    init(
        _ tokens: Tensor, attentionMask: Tensor?, positions: Tensor?, cache: KeyValueCache?, sequences: Tensor? = nil,
        prompt: Tensor? = nil
    ) {
        length = tokens.shape[1] + (prompt?.shape[0] ?? 0)
        self.sequences = sequences
        self.prompt = prompt
        offset = cache?.length ?? 0
        device = tokens.device
        self.cache = cache
        padding = attentionMask
        self.positions =
            positions ?? Tensor.arange(offset, offset + length, device: tokens.device).unsqueeze(0)
    }

    /// The embeddings of the tokens after the vectors of the prompt, `[N, length, hidden size]`.
    func embedded(_ tokens: Tensor, _ embedding: Embedding) -> Tensor {
        let x = embedding(tokens)
        guard let prompt, !x.isPlaceholder else { return x }
        let vectors = prompt.to(x.dtype).unsqueeze(0).expand([x.shape[0], prompt.shape[0], prompt.shape[1]])
        return cat([vectors, x], dim: 1)
    }

    /// The mask of a layer of a decoder: each token sees itself and the tokens before it, at most `window` tokens in all.
    ///
    /// - Parameter start: The column of the first key.
    func causalMask(window: Int? = nil, start: Int = 0) -> AttentionMask {
        memoised(MaskKey(window: window, start: start, bidirectional: false)) {
            let total = offset + length
            let limits = window.map { $0 < total } ?? false
            if padding == nil && sequences == nil && !limits {
                if length == 1 { return .none }
                if offset == 0 { return .causal }
            }
            return .tensor(seenKeys(window: window, start: start))
        }
    }

    /// Which keys each query of a decoder sees, bool, broadcasts to `[N, H, T, S]`; the keys begin with that of the column `start`.
    func seenKeys(window: Int? = nil, start: Int = 0) -> Tensor {
        let total = offset + length
        let query = Tensor.arange(offset, total, device: device).unsqueeze(1)
        let key = Tensor.arange(start, total, device: device).unsqueeze(0)
        var seen = key <= query
        if let window { seen = seen.logicalAnd(key > query - window) }
        if let sequences {
            let sameText = sequences.unsqueeze(2) .== sequences.unsqueeze(1)
            seen = seen.logicalAnd(sameText.unsqueeze(1))
        }
        return withPadding(seen, start: start)
    }

    /// The mask of a layer of an encoder: every token sees all tokens that are no padding.
    func paddingMask() -> AttentionMask {
        guard let padding else { return .none }
        return memoised(MaskKey(window: nil, start: 0, bidirectional: true)) {
            .tensor((padding .!= 0).unsqueeze(1).unsqueeze(1))
        }
    }

    private func withPadding(_ seen: Tensor, start: Int) -> Tensor {
        guard let padding else { return seen }
        let columns = padding.narrow(1, start: start, length: offset + length - start)
        return seen.logicalAnd((columns .!= 0).unsqueeze(1).unsqueeze(1))
    }

    private func memoised(_ key: MaskKey, _ mask: () -> AttentionMask) -> AttentionMask {
        if let known = masks[key] { return known }
        let new = mask()
        masks[key] = new
        return new
    }
}

/// Positions that count from the first token that is no padding, as `transformers` computes them for generation.
///
/// - Parameter attentionMask: 1 for tokens and 0 for padding, `[N, T]`.
func positions(fromMask attentionMask: Tensor) -> Tensor {
    let mask = attentionMask.to(.int64)
    return (mask.cumsum(dim: 1) - 1).maskedFill(mask .== 0, 1)
}
