import TorchlightCore
import TorchlightIO
import TorchlightNN

/// OLMo 2 (OLMo team, 2024): Llama with normalisation of the outputs of attention and feed-forward network instead of
/// their inputs, and of queries and keys over all heads.
public final class OLMo2: DecoderModel {
    init(_ config: DecoderConfig, json: JSON, ties: Bool) throws(ModelError) {
        let stack = try DecoderStack(config, norm: RMSNorm(config.hiddenSize, eps: config.normEps)) {
            OLMo2Block(config, layer: $0)
        }
        super.init(config, json: json, stack: stack, ties: ties)
    }

    static func olmo2(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 50_304, hiddenSize: 4096, intermediateSize: 11_008, layerCount: 32, headCount: 32,
                maxLength: 2048, normEps: 1e-5))
        config.attentionBias = try reader.bool("attention_bias", default: false)
        config.outputBias = config.attentionBias
        return try OLMo2(config, json: reader.json, ties: contents.tiesOutput(config))
    }
}

/// Decoder block: self-attention and a gated feed-forward network, each before a normalisation and with a residual
/// connection.
final class OLMo2Block: DecoderBlock {
    @Key var attention: DecoderAttention
    var mlp: GatedFeedForward
    @Key var attentionNorm: RMSNorm
    @Key var feedForwardNorm: RMSNorm

    init(_ config: DecoderConfig, layer: Int) {
        _attention = Key(
            wrappedValue: DecoderAttention(config, layer: layer, norm: .perProjection) {
                RMSNorm($0, eps: config.normEps)
            }, "self_attn")
        mlp = GatedFeedForward(config)
        _attentionNorm = Key(wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "post_attention_layernorm")
        _feedForwardNorm = Key(
            wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "post_feedforward_layernorm")
        super.init()
    }

    override func forward(_ x: Tensor, _ context: BlockContext) -> Tensor {
        let h = x + attentionNorm(attention(x, context))
        return h + feedForwardNorm(mlp(h))
    }
}
