import TorchlightCore

/// A model with the state of generation, such as its key-value cache.
protocol DecodingSession: AnyObject {
    /// Returns the hidden states of new tokens `[N, T]`: `[N, T, hidden size]`.
    func hidden(_ tokens: Tensor) -> Tensor
    /// Returns the logits for hidden states.
    func logits(_ hidden: Tensor) -> Tensor
    /// Reorders the sequences: sequence `i` becomes sequence `indices[i]`. The number of sequences may change.
    func reorder(_ indices: Tensor)
    /// The number of processed tokens, including padding.
    var length: Int { get }
    /// Removes the last tokens: at most the count passed to ``reserve(_:)``, or the tokens of the last call.
    func truncate(to length: Int)
    /// Keeps `count` tokens beyond sliding windows, so that as many can be removed.
    func reserve(_ count: Int)
}

extension DecodingSession {
    /// Returns the logits `[N, vocabulary]` after new tokens `[N, T]`.
    func next(_ tokens: Tensor) -> Tensor {
        let states = hidden(tokens)
        return logits(states.narrow(1, start: states.shape[1] - 1, length: 1)).squeeze(1)
    }
}

/// The state of generation of a decoder-only model.
final class CausalSession: DecodingSession {
    private let model: CausalModel
    let cache: KeyValueCache
    /// 1 for tokens and 0 for padding: of the prompt before the first call, then of all processed tokens.
    private var attentionMask: Tensor?
    /// The vectors before the first token embeddings; nil after the first call.
    private var vectors: Tensor?
    private var isFirst = true

    /// - Parameters:
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]` of the prompt.
    ///   - cache: The key-value cache of tokens before the prompt. Default: none.
    ///   - vectors: Vectors before the embeddings of the prompt, `[P, hidden size]`; not with an attention mask.
    ///     Default: none.
    init(
        _ model: CausalModel, attentionMask: Tensor?, cache: KeyValueCache = KeyValueCache(), vectors: Tensor? = nil
    ) {
        self.model = model
        self.cache = cache
        self.attentionMask = attentionMask
        self.vectors = vectors
    }

    var length: Int { cache.length }

    func hidden(_ tokens: Tensor) -> Tensor {
        let count = tokens.shape[1]
        if !isFirst, let mask = attentionMask {
            let ones = Tensor.ones([mask.shape[0], count], dtype: mask.dtype, device: mask.device)
            attentionMask = cat([mask, ones], dim: 1)
        }
        isFirst = false
        let positions = attentionMask.map {
            let all = TorchlightModels.positions(fromMask: $0)
            return all.narrow(1, start: all.shape[1] - count, length: count)
        }
        defer { vectors = nil }
        return model.nextHidden(
            tokens, attentionMask: attentionMask, positions: positions, cache: cache, prompt: vectors)
    }

    func logits(_ hidden: Tensor) -> Tensor { model.logits(hidden) }

    func reorder(_ indices: Tensor) {
        cache.reorder(indices)
        attentionMask = attentionMask?.indexSelect(0, indices)
    }

    func truncate(to length: Int) {
        cache.truncate(to: length)
        attentionMask = attentionMask?.narrow(1, start: 0, length: length)
    }

    func reserve(_ count: Int) { cache.reserve = count }
}

/// The state of generation of an encoder-decoder model.
final class EncoderDecoderSession: DecodingSession {
    private let model: EncoderDecoderModel
    private let cache = KeyValueCache()
    private var memory: Tensor
    private var memoryMask: Tensor?

    init(_ model: EncoderDecoderModel, memory: Tensor, memoryMask: Tensor?) {
        self.model = model
        self.memory = memory
        self.memoryMask = memoryMask
    }

    var length: Int { cache.length }

    func hidden(_ tokens: Tensor) -> Tensor {
        let context = TokenContext(tokens, attentionMask: nil, positions: nil, cache: cache)
        var states: [Tensor]?
        let hidden = model.decode(tokens, context, memory: memory, memoryMask: memoryMask, states: &states)
        cache.length += context.length
        return hidden
    }

    func logits(_ hidden: Tensor) -> Tensor { model.logits(hidden) }

    func reorder(_ indices: Tensor) {
        cache.reorder(indices)
        memory = memory.indexSelect(0, indices)
        memoryMask = memoryMask?.indexSelect(0, indices)
    }

    func truncate(to length: Int) { cache.truncate(to: length) }

    func reserve(_ count: Int) { cache.reserve = count }
}
