import TorchlightCore
import TorchlightIO
import TorchlightNN

/// RMS normalisation whose weight is stored minus 1: `y = x / √(mean(x²) + eps) · (1 + weight)`.
final class GemmaNorm: Module, Layer {
    var weight: Tensor
    private let eps: Double

    init(_ size: Int, eps: Double) {
        weight = Parameter(Tensor.zeros([size], device: .current))
        self.eps = eps
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { rmsNorm(x, weight.shape, weight + 1, eps: eps) }
}

/// Gemma 2 and the text model of Gemma 3 (Gemma team, 2024 and 2025).
///
/// The embedding is multiplied by the square root of the hidden size. Blocks alternate between sliding-window and full
/// attention. Gemma 2 soft-caps attention scores and logits; Gemma 3 normalises queries and keys per head, and uses
/// another rotary embedding in blocks with a sliding window.
public final class Gemma: DecoderModel {
    init(_ config: DecoderConfig, queryKeyNorm: QueryKeyNorm, json: JSON, ties: Bool) throws(ModelError) {
        let stack = try DecoderStack(
            config, embeddingScale: Double(config.hiddenSize).squareRoot(),
            norm: GemmaNorm(config.hiddenSize, eps: config.normEps)
        ) {
            GemmaBlock(config, layer: $0, queryKeyNorm: queryKeyNorm)
        }
        super.init(config, json: json, stack: stack, ties: ties)
    }

    static func gemma2(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 256_000, hiddenSize: 2304, intermediateSize: 9216, layerCount: 26, headCount: 8,
                groupCount: 4, headDim: 256, maxLength: 8192, normEps: 1e-6, ties: true, activation: "gelu_pytorch_tanh"
            ))
        try reader.readGemma(&config)
        config.attentionSoftcap = try reader.softcap("attn_logit_softcapping", default: 50)
        config.logitSoftcap = try reader.softcap("final_logit_softcapping", default: 30)
        let window = try reader.int("sliding_window", default: 4096)
        config.windows = try reader.windows(count: config.layerCount, window: window) { $0 % 2 == 0 }
        return try Gemma(config, queryKeyNorm: .none, json: reader.json, ties: contents.tiesOutput(config))
    }

    static func gemma3(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 262_208, hiddenSize: 2304, intermediateSize: 9216, layerCount: 26, headCount: 8,
                groupCount: 4, headDim: 256, maxLength: 131_072, normEps: 1e-6, base: 1_000_000, ties: true,
                activation: "gelu_pytorch_tanh"), rotaryLayerType: "full_attention")
        try reader.readGemma(&config)
        try reader.require("use_bidirectional_attention", false, because: "the model is causal")
        config.attentionSoftcap = try reader.softcap("attn_logit_softcapping", default: nil)
        config.logitSoftcap = try reader.softcap("final_logit_softcapping", default: nil)
        let window = try reader.int("sliding_window", default: 4096)
        let pattern = try reader.int("sliding_window_pattern", "_sliding_window_pattern", default: 6)
        config.windows = try reader.windows(count: config.layerCount, window: window) { ($0 + 1) % pattern != 0 }
        let local = try reader.double("rope_local_base_freq", default: 10_000)
        var localRotary = RotaryEmbedding(dim: config.headDim, base: local, maxLength: config.rotary.maxLength)
        if try reader.optionalObject("rope_parameters")?.has("sliding_attention") == true {
            localRotary = try reader.rotaryEmbedding(
                headDim: config.headDim, base: local, maxLength: config.rotary.maxLength, layerType: "sliding_attention"
            )
        }
        config.localRotary = localRotary
        return try Gemma(config, queryKeyNorm: .perHead, json: reader.json, ties: contents.tiesOutput(config))
    }
}

/// Decoder block: self-attention and a gated feed-forward network, each between two normalisations and with a residual
/// connection.
final class GemmaBlock: DecoderBlock {
    @Key var attention: DecoderAttention
    var mlp: GatedFeedForward
    @Key var beforeAttention: GemmaNorm
    @Key var afterAttention: GemmaNorm
    @Key var beforeFeedForward: GemmaNorm
    @Key var afterFeedForward: GemmaNorm

    init(_ config: DecoderConfig, layer: Int, queryKeyNorm: QueryKeyNorm) {
        func norm(_ size: Int) -> GemmaNorm { GemmaNorm(size, eps: config.normEps) }
        _attention = Key(
            wrappedValue: DecoderAttention(config, layer: layer, norm: queryKeyNorm) { norm($0) }, "self_attn")
        mlp = GatedFeedForward(config)
        _beforeAttention = Key(wrappedValue: norm(config.hiddenSize), "input_layernorm")
        _afterAttention = Key(wrappedValue: norm(config.hiddenSize), "post_attention_layernorm")
        _beforeFeedForward = Key(wrappedValue: norm(config.hiddenSize), "pre_feedforward_layernorm")
        _afterFeedForward = Key(wrappedValue: norm(config.hiddenSize), "post_feedforward_layernorm")
        super.init()
    }

    override func forward(_ x: Tensor, _ context: BlockContext) -> Tensor {
        let h = x + afterAttention(attention(beforeAttention(x), context))
        return h + afterFeedForward(mlp(beforeFeedForward(h)))
    }
}

extension ConfigReader {
    fileprivate func readGemma(_ config: inout DecoderConfig) throws(ModelError) {
        config.attentionBias = try bool("attention_bias", default: false)
        config.outputBias = config.attentionBias
        let scalar = try double("query_pre_attn_scalar", default: 256)
        guard scalar > 0 else {
            throw ModelError(path, "query_pre_attn_scalar is \(scalar)", expected: "a positive number")
        }
        config.attentionScale = 1 / scalar.squareRoot()
    }

    /// A soft cap; null in the file is nil.
    fileprivate func softcap(_ name: String, default standard: Double?) throws(ModelError) -> Double? {
        if json[name] == nil { return standard }
        return try optionalDouble(name)
    }
}
