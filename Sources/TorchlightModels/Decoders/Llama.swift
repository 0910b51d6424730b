import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Llama (Touvron et al., 2023), and models with its architecture: Mistral (Jiang et al., 2023), with a sliding window,
/// and Qwen2 (2024), with biases in the projections of queries, keys and values.
///
///     let model = try Llama.load("path/to/Llama-3.2-1B")
public final class Llama: DecoderModel {
    /// Creates a Llama with random parameters.
    public convenience init(_ config: DecoderConfig) throws {
        try self.init(config, json: config.llamaConfiguration, ties: config.tiesEmbedding)
    }

    init(_ config: DecoderConfig, json: JSON, ties: Bool) throws(ModelError) {
        let stack = try DecoderStack(config, norm: RMSNorm(config.hiddenSize, eps: config.normEps)) {
            LlamaBlock(config, layer: $0)
        }
        super.init(config, json: json, stack: stack, ties: ties)
    }
}

/// Decoder block: self-attention and a gated feed-forward network, each after a normalisation and with a residual
/// connection.
final class LlamaBlock: DecoderBlock {
    @Key var attention: DecoderAttention
    var mlp: GatedFeedForward
    @Key var attentionNorm: RMSNorm
    @Key var feedForwardNorm: RMSNorm

    init(_ config: DecoderConfig, layer: Int, queryKeyNorm: QueryKeyNorm = .none) {
        _attention = Key(
            wrappedValue: DecoderAttention(config, layer: layer, norm: queryKeyNorm) {
                RMSNorm($0, eps: config.normEps)
            }, "self_attn")
        mlp = GatedFeedForward(config)
        _attentionNorm = Key(wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "input_layernorm")
        _feedForwardNorm = Key(
            wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "post_attention_layernorm")
        super.init()
    }

    override func forward(_ x: Tensor, _ context: BlockContext) -> Tensor {
        let h = x + attention(attentionNorm(x), context)
        return h + mlp(feedForwardNorm(h))
    }
}

extension Llama {
    static func llama(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 32_000, hiddenSize: 4096, intermediateSize: 11_008, layerCount: 32, headCount: 32,
                maxLength: 2048, normEps: 1e-6))
        config.attentionBias = try reader.bool("attention_bias", default: false)
        config.outputBias = config.attentionBias
        config.feedForwardBias = try reader.bool("mlp_bias", default: false)
        // Products that are split for tensor parallelism have the same result up to rounding.
        reader.markRead("pretraining_tp")
        return try Llama(config, json: reader.json, ties: contents.tiesOutput(config))
    }

    static func mistral(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 32_000, hiddenSize: 4096, intermediateSize: 14_336, layerCount: 32, headCount: 32,
                groupCount: 8, maxLength: 131_072, normEps: 1e-6))
        // A missing field is a window of 4096; null is no window.
        let window = reader.json["sliding_window"] == nil ? 4096 : try reader.optionalInt("sliding_window")
        config.windows = try reader.windows(count: config.layerCount, window: window) { _ in true }
        return try Llama(config, json: reader.json, ties: contents.tiesOutput(config))
    }

    static func qwen2(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 151_936, hiddenSize: 4096, intermediateSize: 22_016, layerCount: 32, headCount: 32,
                groupCount: 32, maxLength: 32_768, normEps: 1e-6))
        config.attentionBias = true
        config.windows = try reader.qwenWindows(config.layerCount)
        return try Llama(config, json: reader.json, ties: contents.tiesOutput(config))
    }
}

extension ConfigReader {
    /// The sliding windows of Qwen models: with `use_sliding_window`, for the layers from `max_window_layers`.
    func qwenWindows(_ count: Int) throws(ModelError) -> [Int?] {
        let uses = try bool("use_sliding_window", default: false)
        let window = try optionalInt("sliding_window") ?? (json["sliding_window"] == nil ? 4096 : nil)
        let first = try int("max_window_layers", default: 28, minimum: 0)
        return try windows(count: count, window: uses ? window : nil) { $0 >= first }
    }
}
