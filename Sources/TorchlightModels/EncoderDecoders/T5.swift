import Glibc
import TorchlightCore
import TorchlightIO
import TorchlightNN

/// T5 (Raffel et al., 2020): an encoder-decoder with relative position biases of the attention scores.
///
///     let model = try T5.load("path/to/t5-small")
///     let tokens = try model.generate(input, attentionMask: mask)
public final class T5: EncoderDecoderModel {
    struct Config {
        var vocabularySize, hiddenSize, headDim, headCount, intermediateSize, encoderLayers, decoderLayers: Int
        var activation: ActivationFunction
        var isGated: Bool
        var normEps, dropout: Double
        /// The number of relative position buckets, and the distance from which positions share the last bucket.
        var bucketCount, maxDistance: Int
        /// Whether the hidden states are divided by the square root of their size before the output layer.
        var scalesOutput: Bool
    }

    var shared: Embedding
    var encoder: T5Stack
    var decoder: T5Stack
    @Key var head: Linear?
    private let config: Config

    init(_ config: Config, json: JSON, ties: Bool, start: Int, pad: Int) {
        self.config = config
        shared = Embedding(config.vocabularySize, config.hiddenSize)
        encoder = T5Stack(config, layers: config.encoderLayers, isDecoder: false)
        decoder = T5Stack(config, layers: config.decoderLayers, isDecoder: true)
        _head = Key(
            wrappedValue: ties ? nil : Linear(config.hiddenSize, config.vocabularySize, bias: false), "lm_head")
        super.init(configuration: json, startToken: start, padToken: pad)
    }

    /// The number of tokens of the vocabulary.
    public override var vocabularySize: Int { config.vocabularySize }

    package override var outputLayer: Module? { head }
    package override var tiedEmbedding: Module? { head == nil ? shared : nil }

    override func encode(_ input: Tensor, attentionMask: Tensor?, states: inout [Tensor]?) -> Tensor {
        let context = TokenContext(input, attentionMask: attentionMask, positions: nil, cache: nil)
        return encoder(shared(input), context, memory: nil, memoryMask: nil, states: &states)
    }

    override func decode(
        _ tokens: Tensor, _ context: TokenContext, memory: Tensor, memoryMask: Tensor?, states: inout [Tensor]?
    ) -> Tensor {
        decoder(shared(tokens), context, memory: memory, memoryMask: memoryMask, states: &states)
    }

    override func logits(_ hidden: Tensor) -> Tensor {
        let x = config.scalesOutput ? hidden * (1 / Double(config.hiddenSize).squareRoot()) : hidden
        return head?(x) ?? shared.project(x)
    }

    static func t5(_ reader: ConfigReader, _ contents: CheckpointContents) throws -> PretrainedModel {
        let projection = try reader.string("feed_forward_proj", default: "relu")
        let isGated = projection.hasPrefix("gated-")
        var name = isGated ? String(projection.dropFirst(6)) : projection
        // The published gated models use the tanh approximation under this name.
        if projection == "gated-gelu" { name = "gelu_new" }
        guard let activation = ActivationFunction(rawValue: name) else {
            throw ModelError(
                reader.path, "feed_forward_proj is \(IOError.quoted(projection))",
                expected: "an activation function, or one after gated-")
        }
        try reader.require("dense_act_fn", .string(name), because: "feed_forward_proj names it")
        try reader.require("is_gated_act", .init(.bool(isGated)), because: "feed_forward_proj says so")
        let layers = try reader.int("num_layers", default: 6)
        let ties = try reader.bool("tie_word_embeddings", default: true)
        let buckets = try reader.int("relative_attention_num_buckets", default: 32, minimum: 2)
        let config = Config(
            vocabularySize: try reader.int("vocab_size", default: 32_128),
            hiddenSize: try reader.int("d_model", default: 512), headDim: try reader.int("d_kv", default: 64),
            headCount: try reader.int("num_heads", default: 8),
            intermediateSize: try reader.int("d_ff", default: 2048), encoderLayers: layers,
            decoderLayers: try reader.int("num_decoder_layers", default: layers), activation: activation,
            isGated: isGated, normEps: try reader.double("layer_norm_epsilon", default: 1e-6),
            dropout: try reader.probability("dropout_rate", default: 0.1),
            bucketCount: buckets,
            maxDistance: try reader.int(
                "relative_attention_max_distance", default: 128, minimum: buckets / 2 + 1),
            scalesOutput: try reader.bool("scale_decoder_outputs", default: ties))
        let tied = contents.tiesOutput("lm_head.weight", to: ["shared.weight"], configured: ties)
        return T5(
            config, json: reader.json, ties: tied,
            start: try reader.int("decoder_start_token_id", default: 0, minimum: 0),
            pad: try reader.int("pad_token_id", default: 0, minimum: 0))
    }
}

/// The blocks and the final normalisation of the encoder or the decoder.
final class T5Stack: Module, BlockStack {
    var checkpointsBlocks = false
    var block: [T5Block]
    @Key var norm: RMSNorm
    private let dropout: Dropout
    private let isDecoder: Bool

    init(_ config: T5.Config, layers: Int, isDecoder: Bool) {
        block = (0..<layers).map { T5Block(config, index: $0, isDecoder: isDecoder) }
        _norm = Key(wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "final_layer_norm")
        dropout = Dropout(config.dropout)
        self.isDecoder = isDecoder
        super.init()
    }

    func callAsFunction(
        _ embedded: Tensor, _ context: TokenContext, memory: Tensor?, memoryMask: Tensor?, states: inout [Tensor]?
    ) -> Tensor {
        var x = dropout(embedded)
        // All blocks share the biases of the first block.
        let bias = block.first?.attention.relativeBias(context, isDecoder: isDecoder)
        let mask: AttentionMask = isDecoder ? context.causalMask() : context.paddingMask()
        let scores = combined(bias, mask, context)
        for layer in block {
            states?.append(x)
            x = run(x, memory, cache: context.cache) { x, memory in
                layer(x, scores, memory: memory, memoryMask: TorchlightModels.memoryMask(memoryMask), context.cache)
            }
        }
        x = dropout(norm(x))
        states?.append(x)
        return x
    }

    /// Adds very negative biases for masked keys.
    private func combined(_ bias: Tensor?, _ mask: AttentionMask, _ context: TokenContext) -> AttentionMask {
        guard let bias else { return mask }
        switch mask {
        case .none: return .tensor(bias)
        case .causal:
            let seen = Tensor.ones([context.length, context.length], dtype: .bool, device: bias.device).tril()
            return .tensor(bias.maskedFill(seen.logicalNot(), -1e9))
        case .tensor(let seen): return .tensor(bias.maskedFill(seen.logicalNot(), -1e9))
        }
    }
}

/// Block: self-attention, cross-attention in the decoder, and a feed-forward network, each after a normalisation and with a
/// residual connection.
final class T5Block: Module {
    var layer: [Module]

    var attention: T5Attention { (layer[0] as! T5AttentionLayer).attention! }

    init(_ config: T5.Config, index: Int, isDecoder: Bool) {
        layer = [T5AttentionLayer(config, index: index, isCross: false, hasBias: index == 0)]
        if isDecoder { layer.append(T5AttentionLayer(config, index: index, isCross: true, hasBias: false)) }
        layer.append(T5FeedForwardLayer(config))
        super.init()
    }

    func callAsFunction(
        _ x: Tensor, _ mask: AttentionMask, memory: Tensor?, memoryMask: AttentionMask, _ cache: KeyValueCache?
    ) -> Tensor {
        scope(x) { x in
            var h = (layer[0] as! T5AttentionLayer).callAsFunction(x, mask, cache)
            if let memory {
                h = (layer[1] as! T5AttentionLayer).callAsFunction(h, memory: memory, memoryMask, cache)
            }
            return (layer[layer.count - 1] as! T5FeedForwardLayer)(h)
        }
    }
}

/// Attention after a normalisation and with a residual connection.
final class T5AttentionLayer: Module {
    @Key var attention: T5Attention?
    @Key var crossAttention: T5Attention?
    @Key var norm: RMSNorm
    private let dropout: Dropout

    init(_ config: T5.Config, index: Int, isCross: Bool, hasBias: Bool) {
        let attention = T5Attention(config, index: index, hasBias: hasBias)
        _attention = Key(wrappedValue: isCross ? nil : attention, "SelfAttention")
        _crossAttention = Key(wrappedValue: isCross ? attention : nil, "EncDecAttention")
        _norm = Key(wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "layer_norm")
        dropout = Dropout(config.dropout)
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask, _ cache: KeyValueCache?) -> Tensor {
        scope(x) { x in x + dropout(attention!(norm(x), mask, cache)) }
    }

    func callAsFunction(_ x: Tensor, memory: Tensor, _ mask: AttentionMask, _ cache: KeyValueCache?) -> Tensor {
        scope(x, memory) { x, memory in x + dropout(crossAttention!(norm(x), memory: memory, mask, cache)) }
    }
}

/// Multi-head attention without scaling of the scores and without biases in its projections.
final class T5Attention: Module {
    var q: Linear
    var k: Linear
    var v: Linear
    var o: Linear
    @Key var positions: Embedding?
    private let config: T5.Config
    private let index: Int

    init(_ config: T5.Config, index: Int, hasBias: Bool) {
        self.config = config
        self.index = index
        let inner = config.headCount * config.headDim
        q = Linear(config.hiddenSize, inner, bias: false)
        k = Linear(config.hiddenSize, inner, bias: false)
        v = Linear(config.hiddenSize, inner, bias: false)
        o = Linear(inner, config.hiddenSize, bias: false)
        _positions = Key(
            wrappedValue: hasBias ? Embedding(config.bucketCount, config.headCount) : nil, "relative_attention_bias")
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask, _ cache: KeyValueCache?) -> Tensor {
        scope(x) { x in
            var (keys, values) = (k(x).splitHeads(config.headCount), v(x).splitHeads(config.headCount))
            if let cache { (keys, values) = cache.layer(index).append(keys, values, window: nil) }
            return attention(x, keys, values, mask)
        }
    }

    func callAsFunction(_ x: Tensor, memory: Tensor, _ mask: AttentionMask, _ cache: KeyValueCache?) -> Tensor {
        scope(x, memory) { x, memory in
            let pair =
                cache?.crossLayers[index]
                ?? (keys: k(memory).splitHeads(config.headCount), values: v(memory).splitHeads(config.headCount))
            cache?.crossLayers[index] = pair
            return attention(x, pair.keys, pair.values, mask)
        }
    }

    private func attention(_ x: Tensor, _ keys: Tensor, _ values: Tensor, _ mask: AttentionMask) -> Tensor {
        o(
            attend(
                q(x).splitHeads(config.headCount), keys, values, mask: mask, scale: 1,
                dropout: isTraining ? config.dropout : 0))
    }

    /// The relative position biases of the scores, `[1, heads, T, S]`.
    func relativeBias(_ context: TokenContext, isDecoder: Bool) -> Tensor? {
        guard let positions else { return nil }
        let total = context.offset + context.length
        let queries = Tensor.arange(context.offset, total, device: context.device).unsqueeze(1)
        let distance = Tensor.arange(total, device: context.device) - queries
        let count = isDecoder ? config.bucketCount : config.bucketCount / 2
        let limits = Tensor(starts(of: count), shape: [count - 1], device: context.device)
        var index = limits.searchsorted(isDecoder ? (-distance).clamp(min: 0) : distance.abs(), right: true)
        // In the encoder, half of the buckets are for keys after the query.
        if !isDecoder { index = index + (distance > 0).to(.int64) * count }
        return positions(index).permute([2, 0, 1]).unsqueeze(0)
    }

    /// The smallest distance of each bucket except the first of `count`: exact for short distances, logarithmic for
    /// long ones.
    private func starts(of count: Int) -> [Int] {
        let exact = count / 2
        let scale = Float(log(Double(config.maxDistance) / Double(exact)))
        func bias(_ distance: Int) -> Int {
            if distance < exact { return distance }
            let ratio = log(Float(distance) / Float(exact)) / scale
            return min(exact + Int(ratio * Float(count - exact)), count - 1)
        }
        var starts: [Int] = []
        var distance = 0
        while starts.count < count - 1 {
            distance += 1
            while starts.count < bias(distance) { starts.append(distance) }
        }
        return starts
    }
}

/// Feed-forward network after a normalisation and with a residual connection.
final class T5FeedForwardLayer: Module, Layer {
    @Key var network: T5FeedForward
    @Key var norm: RMSNorm
    private let dropout: Dropout

    init(_ config: T5.Config) {
        _network = Key(wrappedValue: T5FeedForward(config), "DenseReluDense")
        _norm = Key(wrappedValue: RMSNorm(config.hiddenSize, eps: config.normEps), "layer_norm")
        dropout = Dropout(config.dropout)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { x + dropout(network(norm(x))) }
}

/// `wo(activation(wi x))`, or gated: `wo(activation(wi_0 x) · wi_1 x)`.
final class T5FeedForward: Module, Layer {
    @Key var inner: Linear?
    @Key var gate: Linear?
    @Key var up: Linear?
    @Key var output: Linear
    private let activation: ActivationFunction
    private let dropout: Dropout

    init(_ config: T5.Config) {
        func layer(_ isPresent: Bool) -> Linear? {
            isPresent ? Linear(config.hiddenSize, config.intermediateSize, bias: false) : nil
        }
        _inner = Key(wrappedValue: layer(!config.isGated), "wi")
        _gate = Key(wrappedValue: layer(config.isGated), "wi_0")
        _up = Key(wrappedValue: layer(config.isGated), "wi_1")
        _output = Key(wrappedValue: Linear(config.intermediateSize, config.hiddenSize, bias: false), "wo")
        activation = config.activation
        dropout = Dropout(config.dropout)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor {
        let h = if let inner { activation(inner(x)) } else { activation(gate!(x)) * up!(x) }
        return output(dropout(h))
    }
}
