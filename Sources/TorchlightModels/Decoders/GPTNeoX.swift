import TorchlightCore
import TorchlightIO
import TorchlightNN

/// GPT-NeoX (Black et al., 2022), also the architecture of Pythia: attention and feed-forward network in parallel, with
/// a rotary embedding of a part of each head.
public final class GPTNeoX: CausalModel {
    struct Config {
        var vocabularySize, hiddenSize, intermediateSize, layerCount, headCount: Int
        var activation: ActivationFunction
        var normEps, attentionDropout, hiddenDropout: Double
        var hasBias, isParallel: Bool
        var rotary: RotaryEmbedding
    }

    @Key var stack: GPTNeoXStack
    @Key var head: Linear?
    private let config: Config

    init(_ config: Config, json: JSON, ties: Bool) {
        self.config = config
        _stack = Key(wrappedValue: GPTNeoXStack(config), "gpt_neox")
        _head = Key(
            wrappedValue: ties ? nil : Linear(config.hiddenSize, config.vocabularySize, bias: false), "embed_out")
        super.init(configuration: json)
    }

    override var basePrefix: String { "gpt_neox" }
    /// The number of tokens of the vocabulary.
    public override var vocabularySize: Int { config.vocabularySize }

    package override var outputLayer: Module? { head }
    override var inputEmbedding: Embedding? { stack.embedding }
    package override var tiedEmbedding: Module? { head == nil ? stack.embedding : nil }

    override func hidden(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        stack(tokens, context, states: &states)
    }

    override func logits(_ hidden: Tensor) -> Tensor { head?(hidden) ?? stack.embedding.project(hidden) }

    static func gptNeoX(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        let hiddenSize = try reader.int("hidden_size", default: 6144)
        let headCount = try reader.int("num_attention_heads", default: 64)
        let config = Config(
            vocabularySize: try reader.int("vocab_size", default: 50_432), hiddenSize: hiddenSize,
            intermediateSize: try reader.int("intermediate_size", default: 24_576),
            layerCount: try reader.int("num_hidden_layers", default: 44), headCount: headCount,
            activation: try reader.activation("hidden_act", default: "gelu"),
            normEps: try reader.double("layer_norm_eps", default: 1e-5),
            attentionDropout: try reader.probability("attention_dropout"),
            hiddenDropout: try reader.probability("hidden_dropout"),
            hasBias: try reader.bool("attention_bias", default: true),
            isParallel: try reader.bool("use_parallel_residual", default: true),
            rotary: try reader.rotaryEmbedding(
                headDim: hiddenSize / headCount, base: 10_000,
                maxLength: try reader.int("max_position_embeddings", default: 2048), fraction: 0.25))
        let ties = contents.tiesOutput(
            "embed_out.weight", to: ["gpt_neox.embed_in.weight", "embed_in.weight"],
            configured: try reader.bool("tie_word_embeddings", default: false))
        return GPTNeoX(config, json: reader.json, ties: ties)
    }
}

/// Embedding, blocks and final normalisation.
final class GPTNeoXStack: Module, BlockStack {
    var checkpointsBlocks = false
    @Key var embedding: Embedding
    var layers: [GPTNeoXBlock]
    @Key var norm: LayerNorm
    private let rotary: RotaryEmbedding
    private let dropout: Dropout

    init(_ config: GPTNeoX.Config) {
        _embedding = Key(wrappedValue: Embedding(config.vocabularySize, config.hiddenSize), "embed_in")
        layers = (0..<config.layerCount).map { GPTNeoXBlock(config, layer: $0) }
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "final_layer_norm")
        rotary = config.rotary
        dropout = Dropout(config.hiddenDropout)
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        var x = dropout(context.embedded(tokens, embedding))
        let table = rotary.table(
            positions: context.positions, length: context.offset + context.length, dtype: x.dtype)
        let block = BlockContext(tokens: context, rotary: table, localRotary: nil)
        for layer in layers {
            states?.append(x)
            x = run(x, cache: context.cache) { layer($0, block) }
        }
        x = norm(x)
        states?.append(x)
        return x
    }
}

/// Decoder block: self-attention and a feed-forward network, each after a layer normalisation, in parallel (both have
/// the block input) or in sequence.
final class GPTNeoXBlock: DecoderBlock {
    @Key var attentionNorm: LayerNorm
    @Key var feedForwardNorm: LayerNorm
    var attention: GPTNeoXAttention
    var mlp: GPTNeoXFeedForward
    private let dropout: Dropout
    private let isParallel: Bool

    init(_ config: GPTNeoX.Config, layer: Int) {
        _attentionNorm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "input_layernorm")
        _feedForwardNorm = Key(
            wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "post_attention_layernorm")
        attention = GPTNeoXAttention(config, layer: layer)
        mlp = GPTNeoXFeedForward(config)
        dropout = Dropout(config.hiddenDropout)
        isParallel = config.isParallel
        super.init()
    }

    override func forward(_ x: Tensor, _ context: BlockContext) -> Tensor {
        let attended = dropout(attention(attentionNorm(x), context))
        if isParallel { return x + attended + dropout(mlp(feedForwardNorm(x))) }
        let h = x + attended
        return h + dropout(mlp(feedForwardNorm(h)))
    }
}

/// Multi-head causal self-attention with one projection, whose rows are, for each head, query, key and value.
final class GPTNeoXAttention: Module {
    @Key var projection: Linear
    var dense: Linear
    private let settings: AttentionSettings

    init(_ config: GPTNeoX.Config, layer: Int) {
        _projection = Key(
            wrappedValue: Linear(config.hiddenSize, 3 * config.hiddenSize, bias: config.hasBias), "query_key_value")
        dense = Linear(config.hiddenSize, config.hiddenSize, bias: config.hasBias)
        settings = AttentionSettings(layer: layer, headCount: config.headCount, dropout: config.attentionDropout)
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ context: BlockContext) -> Tensor {
        scope(x) { x in
            // [N, T, H, 3 D] -> three of [N, H, T, D]
            let heads = projection(x).splitHeads(settings.headCount).chunk(3, dim: -1)
            return dense(settings.attention(heads[0], heads[1], heads[2], context, isTraining: isTraining))
        }
    }
}

/// Feed-forward network: two linear layers with an activation between them.
final class GPTNeoXFeedForward: Module, Layer {
    @Key var inner: Linear
    @Key var output: Linear
    private let activation: ActivationFunction

    init(_ config: GPTNeoX.Config) {
        _inner = Key(wrappedValue: Linear(config.hiddenSize, config.intermediateSize), "dense_h_to_4h")
        _output = Key(wrappedValue: Linear(config.intermediateSize, config.hiddenSize), "dense_4h_to_h")
        activation = config.activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { output(activation(inner(x))) }
}
