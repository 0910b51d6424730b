import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The configuration of the encoder or the decoder of BART and Whisper, which have learned positions.
struct BARTStackConfig {
    var hiddenSize, headCount, intermediateSize, layerCount: Int
    var activation: ActivationFunction
    var dropout, attentionDropout, activationDropout: Double
    /// Whether normalisations precede attention and feed-forward network (Whisper), or follow their residual
    /// connections.
    var normsFirst: Bool
    /// Whether the projection of keys has a bias.
    var keyBias: Bool
}

/// Block: self-attention, cross-attention in the decoder, and a feed-forward network, each with a residual connection and a
/// layer normalisation before it or after it.
final class BARTBlock: Module {
    @Key var attention: ProjectedAttention
    @Key var attentionNorm: LayerNorm
    @Key var crossAttention: ProjectedAttention?
    @Key var crossNorm: LayerNorm?
    var fc1: Linear
    var fc2: Linear
    @Key var outputNorm: LayerNorm
    private let config: BARTStackConfig
    private let dropout: Dropout
    private let activationDropout: Dropout

    init(_ config: BARTStackConfig, layer: Int, isDecoder: Bool) {
        self.config = config
        let size = config.hiddenSize
        func attention() -> ProjectedAttention {
            ProjectedAttention(
                size, headCount: config.headCount, layer: layer, keyBias: config.keyBias,
                dropout: config.attentionDropout)
        }
        _attention = Key(wrappedValue: attention(), "self_attn")
        _attentionNorm = Key(wrappedValue: LayerNorm(size), "self_attn_layer_norm")
        _crossAttention = Key(wrappedValue: isDecoder ? attention() : nil, "encoder_attn")
        _crossNorm = Key(wrappedValue: isDecoder ? LayerNorm(size) : nil, "encoder_attn_layer_norm")
        fc1 = Linear(size, config.intermediateSize)
        fc2 = Linear(config.intermediateSize, size)
        _outputNorm = Key(wrappedValue: LayerNorm(size), "final_layer_norm")
        dropout = Dropout(config.dropout)
        activationDropout = Dropout(config.activationDropout)
        super.init()
    }

    /// Applies a part of the block with its residual connection and normalisation.
    private func residual(_ x: Tensor, _ norm: LayerNorm, _ part: (Tensor) -> Tensor) -> Tensor {
        config.normsFirst ? x + dropout(part(norm(x))) : norm(x + dropout(part(x)))
    }

    func callAsFunction(
        _ x: Tensor, mask: AttentionMask, memory: Tensor? = nil, memoryMask: AttentionMask = .none,
        cache: KeyValueCache? = nil
    ) -> Tensor {
        scope(x) { x in
            var h = residual(x, attentionNorm) { attention($0, mask: mask, cache: cache) }
            if let memory, let crossAttention, let crossNorm {
                h = residual(h, crossNorm) { crossAttention($0, memory: memory, mask: memoryMask, cache: cache) }
            }
            return residual(h, outputNorm) { fc2(activationDropout(config.activation(fc1($0)))) }
        }
    }
}

/// BART (Lewis et al., 2020): an encoder-decoder with learned positions, pretrained to denoise texts.
public final class BART: EncoderDecoderModel {
    var model: BARTStacks
    @Buffer var logitBias: Tensor
    private let size: Int

    init(_ stacks: BARTStacks, vocabularySize: Int, json: JSON, start: Int, pad: Int) {
        model = stacks
        size = vocabularySize
        _logitBias = Buffer(wrappedValue: Tensor.zeros([1, vocabularySize], device: .current), "final_logits_bias")
        super.init(configuration: json, startToken: start, padToken: pad)
    }

    override var basePrefix: String { "model" }
    /// The number of tokens of the vocabulary.
    public override var vocabularySize: Int { size }
    /// The largest sequence length of the decoder.
    public override var maxDecoderLength: Int? { model.decoder.maxLength }

    package override var tiedEmbedding: Module? { model.shared }

    override func encode(_ input: Tensor, attentionMask: Tensor?, states: inout [Tensor]?) -> Tensor {
        let context = TokenContext(input, attentionMask: attentionMask, positions: nil, cache: nil)
        return model.encoder(input, context, embedding: model.shared, states: &states)
    }

    override func decode(
        _ tokens: Tensor, _ context: TokenContext, memory: Tensor, memoryMask: Tensor?, states: inout [Tensor]?
    ) -> Tensor {
        model.decoder(
            tokens, context, embedding: model.shared, memory: memory, memoryMask: memoryMask, states: &states)
    }

    override func logits(_ hidden: Tensor) -> Tensor {
        model.shared.project(hidden) + logitBias
    }

    static func bart(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        let size = try reader.int("d_model", default: 1024)
        let vocabulary = try reader.int("vocab_size", default: 50_265)
        let length = try reader.int("max_position_embeddings", default: 1024)
        let activation = try reader.activation("activation_function", default: "gelu")
        let (dropout, attention) = (
            try reader.probability("dropout", default: 0.1), try reader.probability("attention_dropout")
        )
        let inner = try reader.probability("activation_dropout")
        func stackConfig(_ name: String) throws(ModelError) -> BARTStackConfig {
            BARTStackConfig(
                hiddenSize: size, headCount: try reader.int("\(name)_attention_heads", default: 16),
                intermediateSize: try reader.int("\(name)_ffn_dim", default: 4096),
                layerCount: try reader.int("\(name)_layers", default: 12), activation: activation, dropout: dropout,
                attentionDropout: attention, activationDropout: inner, normsFirst: false, keyBias: true)
        }
        for name in ["encoder_layerdrop", "decoder_layerdrop", "num_hidden_layers"] { reader.markRead(name) }
        try reader.require("normalize_before", false, because: "normalisations follow the residual connections")
        try reader.require("add_final_layer_norm", false, because: "the stacks have no final normalisation")
        try reader.require("normalize_embedding", true, because: "embeddings are normalised")
        try reader.require("static_position_embeddings", false, because: "positions are learned")
        try reader.require("add_bias_logits", false, because: "the scores have the bias of the files")
        let scale = try reader.bool("scale_embedding", default: false) ? Double(size).squareRoot() : 1
        let stacks = BARTStacks(
            vocabulary: vocabulary, length: length, scale: scale, encoder: try stackConfig("encoder"),
            decoder: try stackConfig("decoder"))
        return BART(
            stacks, vocabularySize: vocabulary, json: reader.json,
            start: try reader.int("decoder_start_token_id", default: 2, minimum: 0),
            pad: try reader.int("pad_token_id", default: 1, minimum: 0))
    }
}

/// The token embedding, the encoder and the decoder.
final class BARTStacks: Module {
    var shared: Embedding
    var encoder: BARTStack
    var decoder: BARTStack

    init(vocabulary: Int, length: Int, scale: Double, encoder: BARTStackConfig, decoder: BARTStackConfig) {
        shared = Embedding(vocabulary, encoder.hiddenSize)
        self.encoder = BARTStack(encoder, length: length, scale: scale, isDecoder: false)
        self.decoder = BARTStack(decoder, length: length, scale: scale, isDecoder: true)
        super.init()
    }
}

/// The position embedding, normalisation and blocks of the encoder or the decoder.
final class BARTStack: Module, BlockStack {
    var checkpointsBlocks = false
    @Key var positions: Embedding
    @Key var norm: LayerNorm
    var layers: [BARTBlock]
    /// The number of positions.
    let maxLength: Int
    private let scale: Double
    private let dropout: Dropout
    private let isDecoder: Bool

    /// The first two rows of the position embedding are not used.
    private static let offset = 2

    init(_ config: BARTStackConfig, length: Int, scale: Double, isDecoder: Bool) {
        _positions = Key(wrappedValue: Embedding(length + Self.offset, config.hiddenSize), "embed_positions")
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize), "layernorm_embedding")
        layers = (0..<config.layerCount).map { BARTBlock(config, layer: $0, isDecoder: isDecoder) }
        dropout = Dropout(config.dropout)
        maxLength = length
        self.scale = scale
        self.isDecoder = isDecoder
        super.init()
    }

    func callAsFunction(
        _ tokens: Tensor, _ context: TokenContext, embedding: Embedding, memory: Tensor? = nil,
        memoryMask: Tensor? = nil,
        states: inout [Tensor]?
    ) -> Tensor {
        let embedded = scale == 1 ? embedding(tokens) : embedding(tokens) * scale
        var x = dropout(norm(embedded + positions(context.positions + Self.offset)))
        states?.append(x)
        let mask = isDecoder ? context.causalMask() : context.paddingMask()
        for layer in layers {
            x = run(x, memory, cache: context.cache) { x, memory in
                layer(
                    x, mask: mask, memory: memory, memoryMask: TorchlightModels.memoryMask(memoryMask),
                    cache: context.cache)
            }
            states?.append(x)
        }
        return x
    }
}
