import TorchlightCore
import TorchlightIO
import TorchlightNN

// Parts of decoders of the Llama family: attention with rotary embedding, the gated feed-forward network, and the stack
// of embedding, blocks and final normalisation.

/// The inputs of a block other than the hidden states.
struct BlockContext {
    let tokens: TokenContext
    /// The rotary embedding of blocks without a sliding window.
    let rotary: RotaryTable?
    /// The rotary embedding of blocks with a sliding window.
    let localRotary: RotaryTable?
}

/// The attention settings of one block.
struct AttentionSettings {
    var layer: Int
    var headCount, groupCount: Int
    var window: Int?
    var scale: Double?
    var softcap: Double?
    var dropout: Double

    init(_ config: DecoderConfig, layer: Int) {
        self.layer = layer
        headCount = config.headCount
        groupCount = config.groupCount
        window = config.windows[layer]
        scale = config.attentionScale
        softcap = config.attentionSoftcap
        dropout = config.attentionDropout
    }

    init(layer: Int, headCount: Int, groupCount: Int? = nil, scale: Double? = nil, dropout: Double) {
        self.layer = layer
        self.headCount = headCount
        self.groupCount = groupCount ?? headCount
        self.scale = scale
        self.dropout = dropout
    }

    /// Causal attention: queries `[N, H, T, D]`, keys and values `[N, G, T, D]`, before rotation, `-> [N, T, H · D]`.
    func attention(_ query: Tensor, _ key: Tensor, _ value: Tensor, _ context: BlockContext, isTraining: Bool) -> Tensor
    {
        let rotary = window == nil ? context.rotary : context.localRotary ?? context.rotary
        let query = rotary?.rotate(query) ?? query
        var (keys, values) = (rotary?.rotate(key) ?? key, value)
        var start = 0
        if let cache = context.tokens.cache {
            let layerCache = cache.layer(layer)
            (keys, values) = layerCache.append(keys, values, window: window)
            start = layerCache.start
        }
        return attend(
            query, keys, values, mask: context.tokens.causalMask(window: window, start: start), scale: scale,
            softcap: softcap, dropout: isTraining ? dropout : 0)
    }
}

/// The normalisation of queries and keys.
enum QueryKeyNorm {
    case none
    /// Over the elements of each head.
    case perHead
    /// Over all heads together.
    case perProjection
}

/// Grouped-query attention with rotary embedding (Ainslie et al., 2023): each key-value head is shared by a group of
/// query heads.
final class DecoderAttention: Module {
    @Key var query: Linear
    @Key var key: Linear
    @Key var value: Linear
    @Key var output: Linear
    @Key var queryNorm: (any Layer)?
    @Key var keyNorm: (any Layer)?
    let settings: AttentionSettings
    private let norm: QueryKeyNorm

    init(
        _ config: DecoderConfig, layer: Int, norm: QueryKeyNorm = .none, makeNorm: (Int) -> any Layer = { RMSNorm($0) }
    ) {
        let (inner, shared) = (config.headCount * config.headDim, config.groupCount * config.headDim)
        _query = Key(wrappedValue: Linear(config.hiddenSize, inner, bias: config.attentionBias), "q_proj")
        _key = Key(wrappedValue: Linear(config.hiddenSize, shared, bias: config.attentionBias), "k_proj")
        _value = Key(wrappedValue: Linear(config.hiddenSize, shared, bias: config.attentionBias), "v_proj")
        _output = Key(wrappedValue: Linear(inner, config.hiddenSize, bias: config.outputBias), "o_proj")
        self.norm = norm
        settings = AttentionSettings(config, layer: layer)
        let sizes: (Int, Int)? =
            switch norm {
            case .none: nil
            case .perHead: (config.headDim, config.headDim)
            case .perProjection: (inner, shared)
            }
        _queryNorm = Key(wrappedValue: sizes.map { makeNorm($0.0) }, "q_norm")
        _keyNorm = Key(wrappedValue: sizes.map { makeNorm($0.1) }, "k_norm")
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ context: BlockContext) -> Tensor {
        scope(x) { x in
            var (q, k) = (query(x), key(x))
            if norm == .perProjection { (q, k) = (queryNorm!(q), keyNorm!(k)) }
            q = q.splitHeads(settings.headCount)
            k = k.splitHeads(settings.groupCount)
            if norm == .perHead { (q, k) = (queryNorm!(q), keyNorm!(k)) }
            let v = value(x).splitHeads(settings.groupCount)
            return output(settings.attention(q, k, v, context, isTraining: isTraining))
        }
    }
}

/// Gated feed-forward network: `down(activation(gate x) · up x)` (Shazeer, 2020).
final class GatedFeedForward: Module, Layer {
    @Key var gate: Linear
    @Key var up: Linear
    @Key var down: Linear
    private let activation: ActivationFunction

    init(_ size: Int, _ inner: Int, activation: ActivationFunction, bias: Bool = false) {
        _gate = Key(wrappedValue: Linear(size, inner, bias: bias), "gate_proj")
        _up = Key(wrappedValue: Linear(size, inner, bias: bias), "up_proj")
        _down = Key(wrappedValue: Linear(inner, size, bias: bias), "down_proj")
        self.activation = activation
        super.init()
    }

    convenience init(_ config: DecoderConfig) {
        self.init(
            config.hiddenSize, config.intermediateSize, activation: config.activation, bias: config.feedForwardBias)
    }

    func forward(_ x: Tensor) -> Tensor { down(activation(gate(x)) * up(x)) }
}

/// A block of a decoder: hidden states `[N, T, size] -> [N, T, size]`.
class DecoderBlock: Module {
    /// Runs the forward pass.
    func forward(_ x: Tensor, _ context: BlockContext) -> Tensor { x }

    final func callAsFunction(_ x: Tensor, _ context: BlockContext) -> Tensor { scope(x) { forward($0, context) } }
}

/// Embedding, blocks and final normalisation of a decoder of the Llama family.
final class DecoderStack: Module, BlockStack {
    var checkpointsBlocks = false
    @Key var embedding: Embedding
    var layers: [DecoderBlock]
    var norm: any Layer
    private let config: DecoderConfig
    /// The factor of the token embedding.
    private let embeddingScale: Double
    /// Whether the embedding is multiplied by a factor.
    var scalesEmbedding: Bool { embeddingScale != 1 }

    init(
        _ config: DecoderConfig, embeddingScale: Double = 1, norm: any Layer,
        block: (Int) throws(ModelError) -> DecoderBlock
    ) throws(ModelError) {
        self.config = config
        self.embeddingScale = embeddingScale
        _embedding = Key(wrappedValue: Embedding(config.vocabularySize, config.hiddenSize), "embed_tokens")
        var blocks: [DecoderBlock] = []
        for index in 0..<config.layerCount { blocks.append(try block(index)) }
        layers = blocks
        self.norm = norm
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        var x = context.embedded(tokens, embedding)
        if embeddingScale != 1 { x = x * embeddingScale }
        let length = context.offset + context.length
        let block = BlockContext(
            tokens: context,
            rotary: config.rotary.table(positions: context.positions, length: length, dtype: x.dtype),
            localRotary: config.localRotary?.table(positions: context.positions, length: length, dtype: x.dtype))
        for layer in layers {
            states?.append(x)
            x = run(x, cache: context.cache) { layer($0, block) }
        }
        x = norm(x)
        states?.append(x)
        return x
    }
}

/// A language model of the Llama family: a ``DecoderStack`` and an output layer, which may share the embedding.
open class DecoderModel: CausalModel {
    @Key final var stack: DecoderStack
    @Key final var head: Linear?
    /// The settings of the model.
    public final let config: DecoderConfig

    init(_ config: DecoderConfig, json: JSON, stack: DecoderStack, ties: Bool) {
        self.config = config
        _stack = Key(wrappedValue: stack, "model")
        _head = Key(wrappedValue: ties ? nil : Linear(config.hiddenSize, config.vocabularySize, bias: false), "lm_head")
        super.init(configuration: json)
    }

    override var basePrefix: String { "model" }
    /// The number of tokens of the vocabulary.
    override public var vocabularySize: Int { config.vocabularySize }

    package override final var outputLayer: Module? { head }
    override final var inputEmbedding: Embedding? { stack.embedding }
    package override final var tiedEmbedding: Module? { head == nil ? stack.embedding : nil }
    override final var scalesEmbedding: Bool { stack.scalesEmbedding }

    override final func hidden(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        stack(tokens, context, states: &states)
    }

    override final func logits(_ hidden: Tensor) -> Tensor {
        let scores = head?(hidden) ?? stack.embedding.project(hidden)
        guard let cap = config.logitSoftcap else { return scores }
        return (scores / cap).tanh() * cap
    }
}

extension CheckpointContents {
    /// Whether the output layer of a ``DecoderModel`` shares the embedding.
    func tiesOutput(_ config: DecoderConfig) -> Bool {
        tiesOutput(
            "lm_head.weight", to: ["model.embed_tokens.weight", "embed_tokens.weight"], configured: config.tiesEmbedding
        )
    }
}
