import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Phi-3 (Abdin et al., 2024): Llama with one projection for queries, keys and values, and one for gate and inner
/// layer.
public final class Phi3: DecoderModel {
    init(_ config: DecoderConfig, residualDropout: Double, json: JSON, ties: Bool) throws(ModelError) {
        let stack = try DecoderStack(config, norm: RMSNorm(config.hiddenSize, eps: config.normEps)) {
            Phi3Block(config, layer: $0, residualDropout: residualDropout)
        }
        super.init(config, json: json, stack: stack, ties: ties)
    }

    static func phi3(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 32_064, hiddenSize: 3072, intermediateSize: 8192, layerCount: 32, headCount: 32,
                maxLength: 4096, normEps: 1e-5))
        let window = try reader.optionalInt("sliding_window")
        config.windows = try reader.windows(count: config.layerCount, window: window) { _ in true }
        // The configuration has this field, but the published model does not apply it.
        reader.markRead("embd_pdrop")
        return try Phi3(
            config, residualDropout: try reader.probability("resid_pdrop"), json: reader.json,
            ties: contents.tiesOutput(config))
    }
}

/// Decoder block: self-attention and a gated feed-forward network, each after a normalisation and with a residual
/// connection.
final class Phi3Block: DecoderBlock {
    @Key var attention: Phi3Attention
    var mlp: Phi3FeedForward
    @Key var attentionNorm: RMSNorm
    @Key var feedForwardNorm: RMSNorm
    private let residualDropout: Dropout

    init(_ config: DecoderConfig, layer: Int, residualDropout: Double) {
        _attention = Key(wrappedValue: Phi3Attention(config, layer: layer), "self_attn")
        mlp = Phi3FeedForward(config)
        _attentionNorm = Key(wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "input_layernorm")
        _feedForwardNorm = Key(
            wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "post_attention_layernorm")
        self.residualDropout = Dropout(residualDropout)
        super.init()
    }

    override func forward(_ x: Tensor, _ context: BlockContext) -> Tensor {
        let h = x + residualDropout(attention(attentionNorm(x), context))
        return h + residualDropout(mlp(feedForwardNorm(h)))
    }
}

/// Grouped-query attention with one projection for queries, keys and values.
final class Phi3Attention: Module {
    @Key var projection: Linear
    @Key var output: Linear
    private let sizes: [Int]
    private let settings: AttentionSettings

    init(_ config: DecoderConfig, layer: Int) {
        let (inner, shared) = (config.headCount * config.headDim, config.groupCount * config.headDim)
        sizes = [inner, shared, shared]
        _projection = Key(wrappedValue: Linear(config.hiddenSize, inner + 2 * shared, bias: false), "qkv_proj")
        _output = Key(wrappedValue: Linear(inner, config.hiddenSize, bias: false), "o_proj")
        settings = AttentionSettings(config, layer: layer)
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ context: BlockContext) -> Tensor {
        scope(x) { x in
            let parts = projection(x).split(sizes, dim: -1)
            let mixed = settings.attention(
                parts[0].splitHeads(settings.headCount), parts[1].splitHeads(settings.groupCount),
                parts[2].splitHeads(settings.groupCount), context, isTraining: isTraining)
            return output(mixed)
        }
    }
}

/// Gated feed-forward network with one projection for the gate and the inner layer.
final class Phi3FeedForward: Module, Layer {
    @Key var gateAndUp: Linear
    @Key var down: Linear
    private let activation: ActivationFunction

    init(_ config: DecoderConfig) {
        _gateAndUp = Key(
            wrappedValue: Linear(config.hiddenSize, 2 * config.intermediateSize, bias: false), "gate_up_proj")
        _down = Key(wrappedValue: Linear(config.intermediateSize, config.hiddenSize, bias: false), "down_proj")
        activation = config.activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        let parts = gateAndUp(x).chunk(2, dim: -1)
        return down(activation(parts[0]) * parts[1])
    }
}
