import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Whisper (Radford et al., 2022): an encoder of log-mel spectrograms and a decoder of text.
///
/// The encoder input are features `[N, mel bins, frames]` with two frames per encoder position.
public final class Whisper: EncoderDecoderModel {
    var model: WhisperStacks
    private let size: Int

    init(_ stacks: WhisperStacks, vocabularySize: Int, json: JSON, start: Int, pad: Int) {
        model = stacks
        size = vocabularySize
        super.init(configuration: json, startToken: start, padToken: pad)
    }

    override var basePrefix: String { "model" }
    /// The number of tokens of the vocabulary.
    public override var vocabularySize: Int { size }
    /// The largest sequence length of the decoder.
    public override var maxDecoderLength: Int? { model.decoder.maxLength }

    package override var tiedEmbedding: Module? { model.decoder.embedding }

    override func encode(_ input: Tensor, attentionMask: Tensor?, states: inout [Tensor]?) -> Tensor {
        model.encoder(input, states: &states)
    }

    override func decode(
        _ tokens: Tensor, _ context: TokenContext, memory: Tensor, memoryMask: Tensor?, states: inout [Tensor]?
    ) -> Tensor {
        model.decoder(tokens, context, memory: memory, states: &states)
    }

    override func logits(_ hidden: Tensor) -> Tensor { model.decoder.embedding.project(hidden) }

    static func whisper(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        let size = try reader.int("d_model", default: 384)
        let vocabulary = try reader.int("vocab_size", default: 51_865)
        let activation = try reader.activation("activation_function", default: "gelu")
        let (dropout, attention) = (try reader.probability("dropout"), try reader.probability("attention_dropout"))
        let inner = try reader.probability("activation_dropout")
        func stackConfig(_ name: String) throws(ModelError) -> BARTStackConfig {
            BARTStackConfig(
                hiddenSize: size, headCount: try reader.int("\(name)_attention_heads", default: 6),
                intermediateSize: try reader.int("\(name)_ffn_dim", default: 1536),
                layerCount: try reader.int("\(name)_layers", default: 4), activation: activation, dropout: dropout,
                attentionDropout: attention, activationDropout: inner, normsFirst: true, keyBias: false)
        }
        // Settings of SpecAugment, audio classification and word alignment, which the forward pass does not use.
        for name in [
            "mask_time_prob", "mask_time_length", "mask_time_min_masks", "mask_feature_prob", "mask_feature_length",
            "mask_feature_min_masks", "classifier_proj_size", "median_filter_width", "num_hidden_layers",
            "encoder_layerdrop", "decoder_layerdrop",
        ] { reader.markRead(name) }
        try reader.require("apply_spec_augment", false, because: "the input is not masked")
        try reader.require("use_weighted_layer_sum", false, because: "the last layer is used")
        let scale = try reader.bool("scale_embedding", default: false) ? Double(size).squareRoot() : 1
        let stacks = WhisperStacks(
            encoder: WhisperEncoder(
                try stackConfig("encoder"), melBins: try reader.int("num_mel_bins", default: 80),
                length: try reader.int("max_source_positions", default: 1500)),
            decoder: WhisperDecoder(
                try stackConfig("decoder"), vocabulary: vocabulary,
                length: try reader.int("max_target_positions", default: 448),
                scale: scale))
        return Whisper(
            stacks, vocabularySize: vocabulary, json: reader.json,
            start: try reader.int("decoder_start_token_id", default: 50_257, minimum: 0),
            pad: try reader.int("pad_token_id", default: 50_256, minimum: 0))
    }
}

/// The encoder and the decoder, under the name of the files.
final class WhisperStacks: Module {
    var encoder: WhisperEncoder
    var decoder: WhisperDecoder

    init(encoder: WhisperEncoder, decoder: WhisperDecoder) {
        self.encoder = encoder
        self.decoder = decoder
        super.init()
    }
}

/// The encoder: two convolutions over the frames, a position embedding, and blocks.
final class WhisperEncoder: Module, BlockStack {
    var checkpointsBlocks = false
    var conv1: Conv1d
    var conv2: Conv1d
    @Key var positions: Embedding
    var layers: [BARTBlock]
    @Key var norm: LayerNorm
    private let dropout: Dropout

    init(_ config: BARTStackConfig, melBins: Int, length: Int) {
        conv1 = Conv1d(melBins, config.hiddenSize, kernelSize: 3, padding: 1)
        conv2 = Conv1d(config.hiddenSize, config.hiddenSize, kernelSize: 3, stride: 2, padding: 1)
        _positions = Key(wrappedValue: Embedding(length, config.hiddenSize), "embed_positions")
        layers = (0..<config.layerCount).map { BARTBlock(config, layer: $0, isDecoder: false) }
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize), "layer_norm")
        dropout = Dropout(config.dropout)
        super.init()
    }

    func callAsFunction(_ features: Tensor, states: inout [Tensor]?) -> Tensor {
        let length = positions.weight.shape[0]
        guard features.rank == 3, features.shape[2] == 2 * length else {
            reportFailure(
                TensorError(
                    .shape, in: "Whisper", "the number of frames is not twice the number of encoder positions",
                    expected: "[N, mel bins, \(2 * length)]; pad the waveform with zeros", operands: [features]))
            return features
        }
        let convolved = gelu(conv2(gelu(conv1(features)))).transpose(1, 2)
        var x = dropout(convolved + positions.weight)
        for layer in layers {
            states?.append(x)
            x = run(x) { layer($0, mask: .none) }
        }
        x = norm(x)
        states?.append(x)
        return x
    }
}

/// Token and position embeddings, and blocks.
final class WhisperDecoder: Module, BlockStack {
    var checkpointsBlocks = false
    @Key var embedding: Embedding
    @Key var positions: Embedding
    var layers: [BARTBlock]
    @Key var norm: LayerNorm
    /// The number of positions.
    let maxLength: Int
    private let scale: Double
    private let dropout: Dropout

    init(_ config: BARTStackConfig, vocabulary: Int, length: Int, scale: Double) {
        _embedding = Key(wrappedValue: Embedding(vocabulary, config.hiddenSize), "embed_tokens")
        _positions = Key(wrappedValue: Embedding(length, config.hiddenSize), "embed_positions")
        layers = (0..<config.layerCount).map { BARTBlock(config, layer: $0, isDecoder: true) }
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize), "layer_norm")
        dropout = Dropout(config.dropout)
        maxLength = length
        self.scale = scale
        super.init()
    }

    func callAsFunction(
        _ tokens: Tensor, _ context: TokenContext, memory: Tensor, states: inout [Tensor]?
    ) -> Tensor {
        let embedded = scale == 1 ? embedding(tokens) : embedding(tokens) * scale
        var x = dropout(embedded + positions(context.positions))
        let mask = context.causalMask()
        for layer in layers {
            states?.append(x)
            x = run(x, memory, cache: context.cache) { x, memory in
                layer(x, mask: mask, memory: memory, cache: context.cache)
            }
        }
        x = norm(x)
        states?.append(x)
        return x
    }
}
