import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Qwen3 (Qwen team, 2025): Llama with normalisation of queries and keys per head.
public final class Qwen3: DecoderModel {
    /// Creates a Qwen3 with random parameters.
    public convenience init(_ config: DecoderConfig) throws {
        try self.init(config, json: .object([("model_type", "qwen3")]), ties: config.tiesEmbedding)
    }

    init(_ config: DecoderConfig, json: JSON, ties: Bool) throws(ModelError) {
        let stack = try DecoderStack(config, norm: RMSNorm(config.hiddenSize, eps: config.normEps)) {
            LlamaBlock(config, layer: $0, queryKeyNorm: .perHead)
        }
        super.init(config, json: json, stack: stack, ties: ties)
    }

    static func qwen3(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 151_936, hiddenSize: 4096, intermediateSize: 22_016, layerCount: 32, headCount: 32,
                groupCount: 32, headDim: 128, maxLength: 32_768, normEps: 1e-6))
        config.attentionBias = try reader.bool("attention_bias", default: false)
        config.outputBias = config.attentionBias
        config.windows = try reader.qwenWindows(config.layerCount)
        return try Qwen3(config, json: reader.json, ties: contents.tiesOutput(config))
    }
}
