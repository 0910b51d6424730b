import TorchlightCore
import TorchlightNN

/// Multi-head attention with the projections of BART, Whisper and CLIP: self-attention, or cross-attention to an
/// encoder output.
final class ProjectedAttention: Module {
    @Key var query: Linear
    @Key var key: Linear
    @Key var value: Linear
    @Key var output: Linear
    private let headCount: Int
    private let dropout: Double
    /// The index of the block in the key-value cache.
    private let layer: Int

    init(_ size: Int, headCount: Int, layer: Int, keyBias: Bool = true, dropout: Double) {
        _query = Key(wrappedValue: Linear(size, size), "q_proj")
        _key = Key(wrappedValue: Linear(size, size, bias: keyBias), "k_proj")
        _value = Key(wrappedValue: Linear(size, size), "v_proj")
        _output = Key(wrappedValue: Linear(size, size), "out_proj")
        self.headCount = headCount
        self.dropout = dropout
        self.layer = layer
        super.init()
    }

    /// Self-attention.
    ///
    /// - Parameter cache: The key-value cache of the decoder, to which these tokens are appended.
    func callAsFunction(_ x: Tensor, mask: AttentionMask, cache: KeyValueCache? = nil) -> Tensor {
        scope(x) { x in
            var (keys, values) = (key(x).splitHeads(headCount), value(x).splitHeads(headCount))
            if let cache { (keys, values) = cache.layer(layer).append(keys, values, window: nil) }
            return attention(query(x), keys, values, mask)
        }
    }

    /// Cross-attention to the encoder output. With a cache, its keys and values are computed once.
    func callAsFunction(_ x: Tensor, memory: Tensor, mask: AttentionMask, cache: KeyValueCache?) -> Tensor {
        scope(x, memory) { x, memory in
            let pair =
                cache?.crossLayers[layer]
                ?? (keys: key(memory).splitHeads(headCount), values: value(memory).splitHeads(headCount))
            cache?.crossLayers[layer] = pair
            return attention(query(x), pair.keys, pair.values, mask)
        }
    }

    private func attention(_ query: Tensor, _ keys: Tensor, _ values: Tensor, _ mask: AttentionMask) -> Tensor {
        output(attend(query.splitHeads(headCount), keys, values, mask: mask, dropout: isTraining ? dropout : 0))
    }
}

/// The mask of cross-attention: all keys except padding.
func memoryMask(_ attentionMask: Tensor?) -> AttentionMask {
    guard let attentionMask else { return .none }
    return .tensor((attentionMask .!= 0).unsqueeze(1).unsqueeze(1))
}
