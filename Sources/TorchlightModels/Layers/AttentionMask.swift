import TorchlightCore

/// The keys to which the queries of an attention layer attend.
enum AttentionMask {
    /// All keys.
    case none
    /// Query `i` attends to the keys `0 ... i`; the numbers of queries and keys are equal.
    case causal
    /// Bool, true for keys that are attended to, or numbers that are added to the scores; broadcasts to `[N, H, T, S]`.
    case tensor(Tensor)
}

/// The positions of the tokens of a forward pass, and the masks of its attention layers.
///
/// Columns index the cached tokens, then those of this pass, including padding.
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
    /// The index of the text of each token of packed rows, `[N, T]`; nil if each row is one text.
    let sequences: Tensor?
    /// Vectors before the token embeddings, `[P, hidden size]`; nil for none.
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
    ///   - sequences: The index of the text of each token of packed rows, `[N, T]`. Default: each row is one text.
    ///   - prompt: Vectors before the token embeddings, `[P, hidden size]`, which count as columns. Default: none.
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

    /// The prompt vectors, followed by the token embeddings, `[N, length, hidden size]`.
    func embedded(_ tokens: Tensor, _ embedding: Embedding) -> Tensor {
        let x = embedding(tokens)
        guard let prompt, !x.isPlaceholder else { return x }
        let vectors = prompt.to(x.dtype).unsqueeze(0).expand([x.shape[0], prompt.shape[0], prompt.shape[1]])
        return cat([vectors, x], dim: 1)
    }

    /// The causal mask of a layer: each token attends to itself and the tokens before it, at most `window` tokens in
    /// total.
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

    /// The keys to which each query of a decoder attends, bool, broadcasts to `[N, H, T, S]`; the first key is that of
    /// the column `start`.
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

    /// The mask of an encoder layer: every token attends to all tokens except padding.
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

/// Positions that start at the first token that is not padding, as in the generation of `transformers`.
///
/// - Parameter attentionMask: 1 for tokens and 0 for padding, `[N, T]`.
func positions(fromMask attentionMask: Tensor) -> Tensor {
    let mask = attentionMask.to(.int64)
    return (mask.cumsum(dim: 1) - 1).maskedFill(mask .== 0, 1)
}
