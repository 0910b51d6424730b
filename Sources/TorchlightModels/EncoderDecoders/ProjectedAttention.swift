import TorchlightCore
import TorchlightNN

/// Multi-head attention with the projections of BART, Whisper and CLIP: self-attention, or cross-attention to the output of an
/// encoder.
final class ProjectedAttention: Module {
    @Key var query: Linear
    @Key var key: Linear
    @Key var value: Linear
    @Key var output: Linear
    private let headCount: Int
    private let dropout: Double
    /// The number of the block, which finds its keys and values in a cache.
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
    /// - Parameter cache: The cache of the decoder; receives the keys and values of these tokens.
    func callAsFunction(_ x: Tensor, mask: AttentionMask, cache: KeyValueCache? = nil) -> Tensor {
        scope(x) { x in
            var (keys, values) = (key(x).splitHeads(headCount), value(x).splitHeads(headCount))
            if let cache { (keys, values) = cache.layer(layer).append(keys, values, window: nil) }
            return attention(query(x), keys, values, mask)
        }
    }

    /// Attention to the output of the encoder, whose keys and values are computed once for a cache.
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

/// The mask of cross-attention: keys that are no padding.
func memoryMask(_ attentionMask: Tensor?) -> AttentionMask {
    guard let attentionMask else { return .none }
    return .tensor((attentionMask .!= 0).unsqueeze(1).unsqueeze(1))
}
