import TorchlightCore
import TorchlightIO

/// The configuration of a decoder-only language model of the Llama family.
public struct DecoderConfig: Sendable {
    /// The number of tokens of the vocabulary.
    public var vocabularySize: Int
    /// The size of the hidden states.
    public var hiddenSize: Int
    /// The inner size of the feed-forward network.
    public var intermediateSize: Int
    /// The number of blocks.
    public var layerCount: Int
    /// The number of query heads.
    public var headCount: Int
    /// The number of key-value heads; each is shared by `headCount / groupCount` query heads.
    public var groupCount: Int
    /// The size of a head.
    public var headDim: Int
    /// The activation of the feed-forward network.
    public var activation = ActivationFunction.silu
    /// The epsilon added to the mean square in normalisations.
    public var normEps = 1e-6
    /// Whether the output layer shares the weight of the embedding.
    public var tiesEmbedding = false
    /// Whether the projections of queries, keys and values have a bias.
    public var attentionBias = false
    /// Whether the output projection of attention has a bias.
    public var outputBias = false
    /// Whether the feed-forward network has biases.
    public var feedForwardBias = false
    /// The probability that an attention weight is zeroed in training.
    public var attentionDropout = 0.0
    /// The factor of the attention scores; nil for `1 / √headDim`.
    public var attentionScale: Double?
    /// The soft cap of the attention scores; nil for none.
    public var attentionSoftcap: Double?
    /// The soft cap of the logits; nil for none.
    public var logitSoftcap: Double?
    /// The sliding window of each block: the number of tokens that a token attends to, itself included; nil for all.
    public var windows: [Int?]
    /// The rotary embedding of blocks without a sliding window, and of the others unless `localRotary` is set.
    public var rotary: RotaryEmbedding
    /// The rotary embedding of blocks with a sliding window; nil for the same as `rotary`.
    public var localRotary: RotaryEmbedding?

    /// Creates the configuration of a model without sliding windows.
    ///
    /// - Parameters:
    ///   - vocabularySize: The number of tokens of the vocabulary.
    ///   - hiddenSize: The size of the hidden states.
    ///   - intermediateSize: The inner size of the feed-forward network.
    ///   - layerCount: The number of blocks.
    ///   - headCount: The number of query heads; must divide the hidden size if `headDim` is nil.
    ///   - groupCount: The number of key-value heads. Default: `headCount`.
    ///   - headDim: The size of a head. Default: `hiddenSize / headCount`.
    ///   - maxLength: The largest sequence length of pretraining. Default: 2048.
    public init(
        vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int,
        groupCount: Int? = nil, headDim: Int? = nil, maxLength: Int = 2048
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.groupCount = groupCount ?? headCount
        self.headDim = headDim ?? hiddenSize / max(headCount, 1)
        windows = Array(repeating: nil, count: layerCount)
        rotary = RotaryEmbedding(dim: self.headDim, maxLength: maxLength)
    }
}

/// The defaults of the configurations of a model type in `transformers`.
struct DecoderDefaults {
    var vocabularySize, hiddenSize, intermediateSize, layerCount, headCount: Int
    var groupCount: Int?
    var headDim: Int?
    var maxLength: Int
    var normEps: Double
    var base = 10_000.0
    var ties = false
    var activation = "silu"
}

extension ConfigReader {
    /// Reads the fields of decoders of the Llama family.
    func decoderConfig(_ defaults: DecoderDefaults, rotaryLayerType: String? = nil) throws(ModelError) -> DecoderConfig
    {
        let headCount = try int("num_attention_heads", default: defaults.headCount)
        let hiddenSize = try int("hidden_size", default: defaults.hiddenSize)
        let maxLength = try int("max_position_embeddings", default: defaults.maxLength)
        var config = DecoderConfig(
            vocabularySize: try int("vocab_size", default: defaults.vocabularySize), hiddenSize: hiddenSize,
            intermediateSize: try int("intermediate_size", default: defaults.intermediateSize),
            layerCount: try int("num_hidden_layers", default: defaults.layerCount), headCount: headCount,
            groupCount: try optionalInt("num_key_value_heads") ?? defaults.groupCount ?? headCount,
            headDim: try optionalInt("head_dim") ?? defaults.headDim ?? hiddenSize / headCount, maxLength: maxLength)
        config.activation = try activation("hidden_act", "hidden_activation", default: defaults.activation)
        config.normEps = try double("rms_norm_eps", default: defaults.normEps)
        config.tiesEmbedding = try bool("tie_word_embeddings", default: defaults.ties)
        config.attentionDropout = try probability("attention_dropout")
        config.rotary = try rotaryEmbedding(
            headDim: config.headDim, base: defaults.base, maxLength: maxLength, layerType: rotaryLayerType)
        guard config.headCount % config.groupCount == 0 else {
            throw ModelError(
                path, "the model has \(quantity(config.headCount, "query head")) and \(config.groupCount) of keys",
                expected: "a number of heads of keys that divides the number of heads of queries")
        }
        return config
    }

    /// The sliding window of each layer, from `layer_types`, or from a rule if the file does not have this field.
    ///
    /// - Parameters:
    ///   - window: The size of the window; nil if no layer has one.
    ///   - slides: Whether a layer has a window if the file does not have `layer_types`.
    func windows(count: Int, window: Int?, slides: (Int) -> Bool) throws(ModelError) -> [Int?] {
        guard let types = try optionalStrings("layer_types") else {
            return (0..<count).map { slides($0) ? window : nil }
        }
        guard types.count == count else {
            throw ModelError(
                path, "layer_types has \(quantity(types.count, "entry", plural: "entries"))",
                expected: "\(count), one for each layer")
        }
        var windows: [Int?] = []
        for type in types {
            switch type {
            case "full_attention": windows.append(nil)
            case "sliding_attention": windows.append(window)
            default:
                throw ModelError(
                    path, "layer_types has \(IOError.quoted(type))", expected: "full_attention or sliding_attention")
            }
        }
        return windows
    }
}
