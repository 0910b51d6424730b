import Glibc
import TorchlightCore
import TorchlightIO
import TorchlightNN

/// Falcon (Almazrouei et al., 2023): multi-query attention in parallel with the feed-forward network.
///
/// Positions use a rotary embedding, or linear biases of the attention scores (ALiBi, Press et al., 2022).
public final class Falcon: CausalModel {
    struct Config {
        var vocabularySize, hiddenSize, intermediateSize, layerCount, headCount, groupCount: Int
        var activation: ActivationFunction
        var normEps, attentionDropout, hiddenDropout: Double
        var hasBias: Bool
        /// Whether attention and feed-forward network have the same input and their outputs are added.
        var isParallel: Bool
        /// The number of normalisations of a parallel block: 1, or 2 with separate ones for attention and feed-forward
        /// network.
        var normCount: Int
        /// The architecture of the 40 B model: grouped-query attention.
        var isNew: Bool
        var usesALiBi: Bool
        var rotary: RotaryEmbedding
    }

    var transformer: FalconStack
    @Key var head: Linear?
    private let config: Config

    init(_ config: Config, json: JSON, ties: Bool) {
        self.config = config
        transformer = FalconStack(config)
        _head = Key(wrappedValue: ties ? nil : Linear(config.hiddenSize, config.vocabularySize, bias: false), "lm_head")
        super.init(configuration: json)
    }

    override var basePrefix: String { "transformer" }
    /// The number of tokens of the vocabulary.
    public override var vocabularySize: Int { config.vocabularySize }

    package override var outputLayer: Module? { head }
    override var inputEmbedding: Embedding? { transformer.embedding }
    package override var tiedEmbedding: Module? { head == nil ? transformer.embedding : nil }

    override func hidden(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        transformer(tokens, context, states: &states)
    }

    override func logits(_ hidden: Tensor) -> Tensor { head?(hidden) ?? transformer.embedding.project(hidden) }

    static func falcon(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        let hiddenSize = try reader.int("hidden_size", "n_embed", default: 4544)
        let headCount = try reader.int("num_attention_heads", "n_head", default: 71)
        let isNew = try reader.bool("new_decoder_architecture", default: false)
        let isMultiQuery = try reader.bool("multi_query", default: true)
        let groups = try reader.optionalInt("num_kv_heads", "n_head_kv") ?? headCount
        let isParallel = try reader.bool("parallel_attn", default: true)
        let norms = try reader.optionalInt("num_ln_in_parallel_attn") ?? (isNew ? 2 : 1)
        let config = Config(
            vocabularySize: try reader.int("vocab_size", default: 65_024), hiddenSize: hiddenSize,
            intermediateSize: try reader.int("ffn_hidden_size", default: 4 * hiddenSize),
            layerCount: try reader.int("num_hidden_layers", "n_layer", default: 32), headCount: headCount,
            groupCount: isNew ? groups : isMultiQuery ? 1 : headCount,
            activation: try reader.activation("activation", default: "gelu"),
            normEps: try reader.double("layer_norm_epsilon", default: 1e-5),
            attentionDropout: try reader.probability("attention_dropout"),
            hiddenDropout: try reader.probability("hidden_dropout"), hasBias: try reader.bool("bias", default: false),
            isParallel: isParallel || isNew, normCount: isNew ? norms : 1, isNew: isNew,
            usesALiBi: try reader.bool("alibi", default: false),
            rotary: try reader.rotaryEmbedding(
                headDim: hiddenSize / headCount, base: 10_000,
                maxLength: try reader.int("max_position_embeddings", default: 2048)))
        guard config.headCount % config.groupCount == 0 else {
            throw ModelError(
                reader.path,
                "the model has \(quantity(config.headCount, "query head")) and \(config.groupCount) of keys",
                expected: "a number of heads of keys that divides the number of heads of queries")
        }
        let ties = contents.tiesOutput(
            "lm_head.weight", to: ["transformer.word_embeddings.weight", "word_embeddings.weight"],
            configured: try reader.bool("tie_word_embeddings", default: true))
        return Falcon(config, json: reader.json, ties: ties)
    }
}

/// Embedding, blocks and final normalisation.
final class FalconStack: Module, BlockStack {
    var checkpointsBlocks = false
    @Key var embedding: Embedding
    var h: [FalconBlock]
    @Key var norm: LayerNorm
    private let config: Falcon.Config

    init(_ config: Falcon.Config) {
        self.config = config
        _embedding = Key(wrappedValue: Embedding(config.vocabularySize, config.hiddenSize), "word_embeddings")
        h = (0..<config.layerCount).map { FalconBlock(config, layer: $0) }
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "ln_f")
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor {
        var x = context.embedded(tokens, embedding)
        let length = context.offset + context.length
        let table =
            config.usesALiBi
            ? nil : config.rotary.table(positions: context.positions, length: length, dtype: x.dtype)
        let block = BlockContext(tokens: context, rotary: table, localRotary: nil)
        let bias = config.usesALiBi ? alibi(context, dtype: x.dtype) : nil
        for layer in h {
            states?.append(x)
            x = run(x, cache: context.cache) { layer($0, block, bias) }
        }
        x = norm(x)
        states?.append(x)
        return x
    }

    /// The ALiBi biases of the attention scores, `[1 or N, H, 1, S]`: a slope per head times the position.
    private func alibi(_ context: TokenContext, dtype: DType) -> Tensor {
        let count = config.headCount
        let power = 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
        func slopes(_ count: Int, start: Double, step: Int) -> [Float] {
            (0..<count).map { Float(exp2(-start * Double(1 + step * $0))) }
        }
        var values = slopes(power, start: 8 / Double(power), step: 1)
        values += slopes(count - power, start: 4 / Double(power), step: 2)
        let slope = Tensor(values, shape: [1, count, 1, 1], device: context.device)
        let total = context.offset + context.length
        let positions: Tensor
        if let padding = context.padding {
            let mask = padding.to(.int64)
            positions = (mask.cumsum(dim: 1) - 1) * mask
        } else {
            positions = Tensor.arange(total, device: context.device).unsqueeze(0)
        }
        return (slope * positions.to(.float32).unsqueeze(1).unsqueeze(1)).to(dtype)
    }

}

/// Decoder block: self-attention and a feed-forward network after layer normalisation, in parallel or in sequence, with
/// a residual connection.
final class FalconBlock: Module {
    @Key var attention: FalconAttention
    var mlp: FalconFeedForward
    @Key var inputNorm: LayerNorm?
    @Key var feedForwardNorm: LayerNorm?
    @Key var parallelAttentionNorm: LayerNorm?
    @Key var parallelFeedForwardNorm: LayerNorm?
    private let dropout: Dropout
    private let isParallel: Bool

    init(_ config: Falcon.Config, layer: Int) {
        func norm() -> LayerNorm { LayerNorm(config.hiddenSize, eps: config.normEps) }
        _attention = Key(wrappedValue: FalconAttention(config, layer: layer), "self_attention")
        mlp = FalconFeedForward(config)
        let hasTwo = config.isNew && config.normCount == 2
        _inputNorm = Key(wrappedValue: hasTwo ? nil : norm(), "input_layernorm")
        _parallelAttentionNorm = Key(wrappedValue: hasTwo ? norm() : nil, "ln_attn")
        _parallelFeedForwardNorm = Key(wrappedValue: hasTwo ? norm() : nil, "ln_mlp")
        _feedForwardNorm = Key(wrappedValue: config.isParallel ? nil : norm(), "post_attention_layernorm")
        dropout = Dropout(config.hiddenDropout)
        isParallel = config.isParallel
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ context: BlockContext, _ bias: Tensor?) -> Tensor {
        scope(x) { x in
            let input = (parallelAttentionNorm ?? inputNorm!)(x)
            let attended = attention(input, context, bias)
            if isParallel { return x + dropout(attended + mlp(parallelFeedForwardNorm?(x) ?? input)) }
            let h = x + dropout(attended)
            return h + dropout(mlp(feedForwardNorm!(h)))
        }
    }
}

/// Grouped-query attention with one projection, whose rows are, for each group, the query heads, a key head and a value
/// head.
final class FalconAttention: Module {
    @Key var projection: Linear
    var dense: Linear
    private let settings: AttentionSettings
    private let headDim: Int

    init(_ config: Falcon.Config, layer: Int) {
        headDim = config.hiddenSize / config.headCount
        _projection = Key(
            wrappedValue: Linear(
                config.hiddenSize, (config.headCount + 2 * config.groupCount) * headDim, bias: config.hasBias),
            "query_key_value")
        dense = Linear(config.hiddenSize, config.hiddenSize, bias: config.hasBias)
        settings = AttentionSettings(
            layer: layer, headCount: config.headCount, groupCount: config.groupCount, dropout: config.attentionDropout)
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ context: BlockContext, _ bias: Tensor?) -> Tensor {
        scope(x) { x in
            let (batch, length) = (x.shape[0], x.shape[1])
            let (groups, perGroup) = (settings.groupCount, settings.headCount / settings.groupCount)
            let all = projection(x).reshape([batch, length, groups, perGroup + 2, headDim])
            func heads(_ start: Int, _ count: Int) -> Tensor {
                all.narrow(3, start: start, length: count).reshape([batch, length, groups * count, headDim])
                    .transpose(1, 2)
            }
            let (query, key, value) = (heads(0, perGroup), heads(perGroup, 1), heads(perGroup + 1, 1))
            guard let bias else {
                return dense(settings.attention(query, key, value, context, isTraining: isTraining))
            }
            return dense(biased(query, key, value, context, bias))
        }
    }

    /// Attention with ALiBi, whose biases are scaled like the scores.
    private func biased(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, _ context: BlockContext, _ bias: Tensor
    ) -> Tensor {
        var (keys, values) = (key, value)
        if let cache = context.tokens.cache {
            (keys, values) = cache.layer(settings.layer).append(keys, values, window: nil)
        }
        let scale = 1 / Double(headDim).squareRoot()
        let total = context.tokens.offset + context.tokens.length
        let seen = context.tokens.seenKeys()
        // The mask has one row per example if the examples have different masks.
        let rows = seen.rank == 4 ? seen.shape[0] : bias.shape[0]
        let mask = (bias * scale).expand([rows, bias.shape[1], context.tokens.length, total])
            .maskedFill(seen.logicalNot(), -1e30)
        return attend(
            query, keys, values, mask: .tensor(mask), scale: scale, dropout: isTraining ? settings.dropout : 0)
    }
}

/// Feed-forward network: two linear layers with an activation between them.
final class FalconFeedForward: Module, Layer {
    @Key var inner: Linear
    @Key var output: Linear
    private let activation: ActivationFunction

    init(_ config: Falcon.Config) {
        _inner = Key(
            wrappedValue: Linear(config.hiddenSize, config.intermediateSize, bias: config.hasBias), "dense_h_to_4h")
        _output = Key(
            wrappedValue: Linear(config.intermediateSize, config.hiddenSize, bias: config.hasBias), "dense_4h_to_h")
        activation = config.activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { output(activation(inner(x))) }
}
