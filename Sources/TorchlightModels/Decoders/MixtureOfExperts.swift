import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The weights of the chosen experts.
enum RouterWeights {
    /// The softmax over all experts, normalised over the chosen ones.
    case normalised
    /// The softmax over all experts.
    case plain
}

/// A sparse mixture of experts (Shazeer et al., 2017): a router chooses `chosen` experts for each token; the result is
/// the sum of their outputs, weighted by the router.
///
/// `gate` returns the scores of the experts. Only the chosen experts compute a token; on tensors without elements, as
/// in a graph that is being recorded, all experts compute all tokens.
func mixture(
    _ x: Tensor, gate: Linear, experts: [any Layer], chosen: Int, weights kind: RouterWeights
) -> Tensor {
    let tokens = x.reshape([-1, x.shape[x.rank - 1]])
    let probabilities = gate(tokens).softmax(dim: -1, dtype: .float32)
    var (weights, indices) = probabilities.topk(chosen)
    if kind == .normalised { weights = weights / weights.sum(dim: -1, keepdim: true) }
    weights = weights.to(x.dtype)
    var result = Tensor.zeros(tokens.shape, dtype: x.dtype, device: x.device)
    for (number, expert) in experts.enumerated() {
        if !indices.device.hasValues {
            let factor = Tensor.where(indices .== number, weights, 0).sum(dim: -1, keepdim: true)
            result = result + Tensor.where(factor .== 0, 0, expert(tokens) * factor)
            continue
        }
        // The tokens routed to this expert, and the rank of the expert among their choices.
        let assignments = (indices .== number).nonzero()
        if assignments.shape[0] == 0 { continue }
        let (rows, ranks) = (assignments.select(1, 0), assignments.select(1, 1))
        let output = expert(tokens.indexSelect(0, rows))
        let factor = weights.reshape([-1]).indexSelect(0, rows * chosen + ranks).unsqueeze(1)
        result = result.indexAdd(0, rows, output * factor)
    }
    return result.reshape(x.shape)
}

/// Mixtral (Jiang et al., 2024): Mistral with a mixture of experts instead of the feed-forward network.
public final class Mixtral: DecoderModel {
    init(
        _ config: DecoderConfig, experts: Int, chosen: Int, json: JSON, ties: Bool
    ) throws(ModelError) {
        let stack = try DecoderStack(config, norm: RMSNorm(config.hiddenSize, eps: config.normEps)) {
            MixtralBlock(config, layer: $0, experts: experts, chosen: chosen)
        }
        super.init(config, json: json, stack: stack, ties: ties)
    }

    static func mixtral(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 32_000, hiddenSize: 4096, intermediateSize: 14_336, layerCount: 32, headCount: 32,
                groupCount: 8, maxLength: 131_072, normEps: 1e-5, base: 1_000_000))
        let window = try reader.optionalInt("sliding_window")
        config.windows = try reader.windows(count: config.layerCount, window: window) { _ in true }
        let experts = try reader.int("num_local_experts", default: 8)
        return try Mixtral(
            config, experts: experts, chosen: try reader.chosenExperts(of: experts, default: 2), json: reader.json,
            ties: contents.tiesOutput(config))
    }
}

/// Decoder block: self-attention and a mixture of experts, each after a normalisation and with a residual connection.
final class MixtralBlock: DecoderBlock {
    @Key var attention: DecoderAttention
    @Key var mixture: MixtralExperts
    @Key var attentionNorm: RMSNorm
    @Key var feedForwardNorm: RMSNorm

    init(_ config: DecoderConfig, layer: Int, experts: Int, chosen: Int) {
        _attention = Key(wrappedValue: DecoderAttention(config, layer: layer), "self_attn")
        _mixture = Key(wrappedValue: MixtralExperts(config, experts: experts, chosen: chosen), "block_sparse_moe")
        _attentionNorm = Key(wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "input_layernorm")
        _feedForwardNorm = Key(
            wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "post_attention_layernorm")
        super.init()
    }

    override func forward(_ x: Tensor, _ context: BlockContext) -> Tensor {
        let h = x + attention(attentionNorm(x), context)
        return h + mixture(feedForwardNorm(h))
    }
}

/// The router and the experts of a Mixtral block. The weights of the chosen experts sum to 1.
final class MixtralExperts: Module, Layer {
    var gate: Linear
    var experts: [MixtralExpert]
    private let chosen: Int

    init(_ config: DecoderConfig, experts: Int, chosen: Int) {
        gate = Linear(config.hiddenSize, experts, bias: false)
        self.experts = (0..<experts).map { _ in MixtralExpert(config) }
        self.chosen = chosen
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        TorchlightModels.mixture(x, gate: gate, experts: experts, chosen: chosen, weights: .normalised)
    }
}

/// Gated feed-forward network of a Mixtral block: `w2(activation(w1 x) · w3 x)`.
final class MixtralExpert: Module, Layer {
    var w1, w2, w3: Linear
    private let activation: ActivationFunction

    init(_ config: DecoderConfig) {
        w1 = Linear(config.hiddenSize, config.intermediateSize, bias: false)
        w2 = Linear(config.intermediateSize, config.hiddenSize, bias: false)
        w3 = Linear(config.hiddenSize, config.intermediateSize, bias: false)
        activation = config.activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { w2(activation(w1(x)) * w3(x)) }
}

/// Qwen3 with mixtures of experts instead of the feed-forward networks of some or all blocks.
public final class Qwen3MoE: DecoderModel {
    struct Experts {
        var count, chosen, size: Int
        var weights: RouterWeights
        /// Whether each block has a mixture of experts.
        var isSparse: [Bool]
    }

    init(_ config: DecoderConfig, experts: Experts, json: JSON, ties: Bool) throws(ModelError) {
        let stack = try DecoderStack(config, norm: RMSNorm(config.hiddenSize, eps: config.normEps)) {
            Qwen3MoEBlock(config, layer: $0, experts: experts)
        }
        super.init(config, json: json, stack: stack, ties: ties)
    }

    static func qwen3MoE(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        var config = try reader.decoderConfig(
            DecoderDefaults(
                vocabularySize: 151_936, hiddenSize: 2048, intermediateSize: 6144, layerCount: 24, headCount: 32,
                groupCount: 4, maxLength: 32_768, normEps: 1e-6))
        config.attentionBias = try reader.bool("attention_bias", default: false)
        config.outputBias = config.attentionBias
        let uses = try reader.bool("use_sliding_window", default: false)
        let window = try reader.optionalInt("sliding_window") ?? 4096
        reader.markRead("max_window_layers")
        config.windows = try reader.windows(count: config.layerCount, window: uses ? window : nil) { _ in true }
        let count = try reader.int("num_experts", "num_local_experts", default: 128)
        let step = try reader.int("decoder_sparse_step", default: 1)
        let dense = Set(try reader.optionalInts("mlp_only_layers") ?? [])
        let experts = Experts(
            count: count, chosen: try reader.chosenExperts(of: count, default: 8),
            size: try reader.int("moe_intermediate_size", default: 768),
            weights: try reader.bool("norm_topk_prob", default: false) ? .normalised : .plain,
            isSparse: (0..<config.layerCount).map { !dense.contains($0) && ($0 + 1) % step == 0 })
        return try Qwen3MoE(config, experts: experts, json: reader.json, ties: contents.tiesOutput(config))
    }
}

/// Decoder block: self-attention and a mixture of experts or a feed-forward network, each after a normalisation and with a
/// residual connection.
final class Qwen3MoEBlock: DecoderBlock {
    @Key var attention: DecoderAttention
    var mlp: any Layer
    @Key var attentionNorm: RMSNorm
    @Key var feedForwardNorm: RMSNorm

    init(_ config: DecoderConfig, layer: Int, experts: Qwen3MoE.Experts) {
        _attention = Key(
            wrappedValue: DecoderAttention(config, layer: layer, norm: .perHead) { RMSNorm($0, eps: config.normEps) },
            "self_attn")
        mlp = experts.isSparse[layer] ? Qwen3Experts(config, experts) : GatedFeedForward(config)
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

/// The router and the experts of a Qwen3 block.
final class Qwen3Experts: Module, Layer {
    var gate: Linear
    var experts: [GatedFeedForward]
    private let settings: Qwen3MoE.Experts

    init(_ config: DecoderConfig, _ settings: Qwen3MoE.Experts) {
        gate = Linear(config.hiddenSize, settings.count, bias: false)
        experts = (0..<settings.count).map { _ in
            GatedFeedForward(config.hiddenSize, settings.size, activation: config.activation)
        }
        self.settings = settings
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        mixture(x, gate: gate, experts: experts, chosen: settings.chosen, weights: settings.weights)
    }
}

extension ConfigReader {
    /// The number of experts per token.
    func chosenExperts(of count: Int, default standard: Int) throws(ModelError) -> Int {
        let chosen = try int("num_experts_per_tok", default: standard)
        guard chosen <= count else {
            throw ModelError(
                path, "num_experts_per_tok is \(chosen)", expected: "at most the \(quantity(count, "expert"))")
        }
        return chosen
    }
}
