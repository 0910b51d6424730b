import TorchlightCore
import TorchlightIO
import TorchlightNN

/// GPT-2 (Radford et al., 2019): a decoder with learned position embeddings.
///
///     let model = try GPT2.load("path/to/gpt2")
public final class GPT2: CausalModel {
    /// The configuration of GPT-2.
    public struct Config: Sendable {
        /// The number of tokens of the vocabulary. Default: 50257.
        public var vocabularySize = 50_257
        /// The largest sequence length. Default: 1024.
        public var maxLength = 1024
        /// The size of the hidden states. Default: 768.
        public var hiddenSize = 768
        /// The number of blocks. Default: 12.
        public var layerCount = 12
        /// The number of heads. Default: 12.
        public var headCount = 12
        /// The inner size of the feed-forward network. Default: nil, four times the hidden size.
        public var intermediateSize: Int?
        /// The activation of the feed-forward network. Default: the tanh approximation of GELU.
        public var activation = ActivationFunction.geluNew
        /// The epsilon added to the variance in normalisations. Default: 1e-5.
        public var normEps = 1e-5
        /// Whether the output layer shares the weight of the embedding. Default: true.
        public var tiesEmbedding = true
        /// Whether attention scores are divided by the square root of the head size. Default: true.
        public var scalesScores = true
        /// Whether attention scores are also divided by the index of the block, from 1. Default: false.
        public var scalesByLayer = false
        /// The probability that an element of the embedding is zeroed in training. Default: 0.1.
        public var embeddingDropout = 0.1
        /// The probability that an attention weight is zeroed in training. Default: 0.1.
        public var attentionDropout = 0.1
        /// The probability that an element is zeroed before a residual connection in training. Default: 0.1.
        public var residualDropout = 0.1

        /// The configuration of the smallest published model, with 124 million parameters.
        public init() {}
    }

    var transformer: GPT2Stack
    @Key var head: Linear?
    /// The configuration of the model.
    public let config: Config

    /// Creates a GPT-2 with random parameters.
    public convenience init(_ config: Config = Config()) {
        self.init(config, json: .object([("model_type", "gpt2")]), ties: config.tiesEmbedding)
    }

    init(_ config: Config, json: JSON, ties: Bool) {
        self.config = config
        transformer = GPT2Stack(config)
        _head = Key(wrappedValue: ties ? nil : Linear(config.hiddenSize, config.vocabularySize, bias: false), "lm_head")
        super.init(configuration: json)
    }

    override var basePrefix: String { "transformer" }
    /// The number of tokens of the vocabulary.
    public override var vocabularySize: Int { config.vocabularySize }
    /// The largest sequence length of the position embedding.
    public override var maxLength: Int? { config.maxLength }

    package override var outputLayer: Module? { head }
    override var inputEmbedding: Embedding? { transformer.wte }
    package override var tiedEmbedding: Module? { head == nil ? transformer.wte : nil }

    override func hidden(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        transformer(tokens, context, states: &states)
    }

    override func logits(_ hidden: Tensor) -> Tensor { head?(hidden) ?? transformer.wte.project(hidden) }

    static func gpt2(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = Config()
        config.vocabularySize = try reader.int("vocab_size", default: 50_257)
        config.maxLength = try reader.int("n_positions", "max_position_embeddings", default: 1024)
        config.hiddenSize = try reader.int("n_embd", "hidden_size", default: 768)
        config.layerCount = try reader.int("n_layer", "num_hidden_layers", default: 12)
        config.headCount = try reader.int("n_head", "num_attention_heads", default: 12)
        config.intermediateSize = try reader.optionalInt("n_inner")
        config.activation = try reader.activation("activation_function", default: "gelu_new")
        config.normEps = try reader.double("layer_norm_epsilon", default: 1e-5)
        config.tiesEmbedding = try reader.bool("tie_word_embeddings", default: true)
        config.scalesScores = try reader.bool("scale_attn_weights", default: true)
        config.scalesByLayer = try reader.bool("scale_attn_by_inverse_layer_idx", default: false)
        config.embeddingDropout = try reader.probability("embd_pdrop", default: 0.1)
        config.attentionDropout = try reader.probability("attn_pdrop", default: 0.1)
        config.residualDropout = try reader.probability("resid_pdrop", default: 0.1)
        // The field chooses the order of scaling and product, which affects float16 results only.
        reader.markRead("reorder_and_upcast_attn")
        let ties = contents.tiesOutput(
            "lm_head.weight", to: ["transformer.wte.weight", "wte.weight"], configured: config.tiesEmbedding)
        return GPT2(config, json: reader.json, ties: ties)
    }
}

/// Token and position embeddings, blocks, and the final normalisation.
final class GPT2Stack: Module, BlockStack {
    var checkpointsBlocks = false
    var wte: Embedding
    var wpe: Embedding
    var h: [GPT2Block]
    @Key var norm: LayerNorm
    private let dropout: Dropout

    init(_ config: GPT2.Config) {
        wte = Embedding(config.vocabularySize, config.hiddenSize)
        wpe = Embedding(config.maxLength, config.hiddenSize)
        h = (0..<config.layerCount).map { GPT2Block(config, layer: $0) }
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "ln_f")
        dropout = Dropout(config.embeddingDropout)
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        var x = dropout(context.embedded(tokens, wte) + wpe(context.positions))
        let block = BlockContext(tokens: context, rotary: nil, localRotary: nil)
        for layer in h {
            states?.append(x)
            x = run(x, cache: context.cache) { layer($0, block) }
        }
        x = norm(x)
        states?.append(x)
        return x
    }
}

/// Decoder block: self-attention and a feed-forward network, each after a layer normalisation and with a residual connection.
final class GPT2Block: DecoderBlock {
    @Key var attentionNorm: LayerNorm
    @Key var attention: GPT2Attention
    @Key var feedForwardNorm: LayerNorm
    var mlp: GPT2FeedForward

    init(_ config: GPT2.Config, layer: Int) {
        _attentionNorm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "ln_1")
        _attention = Key(wrappedValue: GPT2Attention(config, layer: layer), "attn")
        _feedForwardNorm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "ln_2")
        mlp = GPT2FeedForward(config)
        super.init()
    }

    override func forward(_ x: Tensor, _ context: BlockContext) -> Tensor {
        let h = x + attention(attentionNorm(x), context)
        return h + mlp(feedForwardNorm(h))
    }
}

/// A linear layer whose weight is stored as `[in, out]`: `y = x W + b`.
final class TransposedLinear: Module, Layer, QuantizableLayer {
    var weight: Tensor
    var bias: Tensor
    @Key("weight") var quantizedWeight: QuantizedWeight? = nil
    let storesTransposedWeight = true

    init(_ inputs: Int, _ outputs: Int) {
        let table = Tensor.empty([inputs, outputs], device: .current)
        Initializers.normal_(table, std: 0.02)
        weight = Parameter(table)
        bias = Parameter(Tensor.zeros([outputs], device: .current))
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        if let quantizedWeight { return quantizedOutput(x, quantizedWeight, bias) }
        return linear(x, weight.transpose(0, 1), bias)
    }

    override var extraDescription: String {
        quantizedWeight.map { "in_features=\($0.inFeatures), out_features=\($0.outFeatures), \($0.scheme)" } ?? ""
    }
}

extension TransposedLinear: AdaptableLayer {
    var layerMapping: LayerMapping { .linear(inFeatures: weight.shape[0], outFeatures: weight.shape[1]) }
    var denseWeight: Tensor { floatWeight.transpose(0, 1) }
    var layerBias: Tensor? { bias }
    var isWeightReplaceable: Bool { quantizedWeight == nil }

    func replaceWeight(_ weight: Tensor) {
        noGrad { _ = self.weight.copy_(weight.transpose(0, 1)) }
    }
}

/// Multi-head causal self-attention.
final class GPT2Attention: Module {
    @Key var projection: TransposedLinear
    @Key var output: TransposedLinear
    private let dropout: Dropout
    private let settings: AttentionSettings

    init(_ config: GPT2.Config, layer: Int) {
        let size = config.hiddenSize
        _projection = Key(wrappedValue: TransposedLinear(size, 3 * size), "c_attn")
        _output = Key(wrappedValue: TransposedLinear(size, size), "c_proj")
        dropout = Dropout(config.residualDropout)
        var scale = config.scalesScores ? 1 / Double(size / config.headCount).squareRoot() : 1
        if config.scalesByLayer { scale /= Double(layer + 1) }
        settings = AttentionSettings(
            layer: layer, headCount: config.headCount, scale: scale, dropout: config.attentionDropout)
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ context: BlockContext) -> Tensor {
        scope(x) { x in
            let parts = projection(x).chunk(3, dim: -1).map { $0.splitHeads(settings.headCount) }
            return dropout(output(settings.attention(parts[0], parts[1], parts[2], context, isTraining: isTraining)))
        }
    }
}

/// Feed-forward network: two linear layers with an activation between them.
final class GPT2FeedForward: Module, Layer {
    @Key var inner: TransposedLinear
    @Key var output: TransposedLinear
    private let activation: ActivationFunction
    private let dropout: Dropout

    init(_ config: GPT2.Config) {
        let size = config.intermediateSize ?? 4 * config.hiddenSize
        _inner = Key(wrappedValue: TransposedLinear(config.hiddenSize, size), "c_fc")
        _output = Key(wrappedValue: TransposedLinear(size, config.hiddenSize), "c_proj")
        activation = config.activation
        dropout = Dropout(config.residualDropout)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { dropout(output(activation(inner(x)))) }
}
