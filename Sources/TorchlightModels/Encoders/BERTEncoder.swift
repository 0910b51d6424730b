import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The configuration of BERT, RoBERTa and ELECTRA.
struct BERTConfig {
    var vocabularySize, hiddenSize, intermediateSize, layerCount, headCount, maxLength, typeCount: Int
    /// The size of the embeddings; ELECTRA projects them if it is not the hidden size.
    var embeddingSize: Int
    var activation: ActivationFunction
    var normEps, hiddenDropout, attentionDropout, classifierDropout: Double
    var labelCount: Int
    /// The padding token.
    var padding: Int
    /// Whether positions count only tokens that are not padding, and start after the index of the padding token
    /// (RoBERTa).
    var positionsFollowPadding = false

    init(_ reader: ConfigReader, vocabularySize: Int, typeCount: Int, padding: Int) throws(ModelError) {
        self.vocabularySize = try reader.int("vocab_size", default: vocabularySize)
        hiddenSize = try reader.int("hidden_size", default: 768)
        embeddingSize = hiddenSize
        intermediateSize = try reader.int("intermediate_size", default: 3072)
        layerCount = try reader.int("num_hidden_layers", default: 12)
        headCount = try reader.int("num_attention_heads", default: 12)
        maxLength = try reader.int("max_position_embeddings", default: 512)
        self.typeCount = try reader.int("type_vocab_size", default: typeCount)
        activation = try reader.activation("hidden_act", default: "gelu")
        normEps = try reader.double("layer_norm_eps", default: 1e-12)
        hiddenDropout = try reader.probability("hidden_dropout_prob", default: 0.1)
        attentionDropout = try reader.probability("attention_probs_dropout_prob", default: 0.1)
        classifierDropout = try reader.probability("classifier_dropout", default: hiddenDropout)
        labelCount = try reader.labelCount()
        self.padding = try reader.int("pad_token_id", default: padding, minimum: 0)
        try reader.require("position_embedding_type", "absolute", because: "positions are learned")
        try reader.require("is_decoder", false, because: "the model is an encoder")
        try reader.require("chunk_size_feed_forward", 0, because: "the feed-forward network is not split")
        guard hiddenSize % headCount == 0 else {
            throw ModelError(
                reader.path, "the hidden size is \(hiddenSize) with \(quantity(headCount, "head"))",
                expected: "a multiple of the number of heads")
        }
    }
}

extension ConfigReader {
    /// The number of classes: that of `id2label`, otherwise `num_labels`, otherwise 2.
    func labelCount() throws(ModelError) -> Int {
        let stated = try int("num_labels", default: 2)
        guard let labels = try optionalObject("id2label")?.names, !labels.isEmpty else { return stated }
        return labels.count
    }
}

/// Embeddings of tokens, positions and segments, and the blocks of BERT, RoBERTa and ELECTRA.
final class BERTEncoder: Module, BlockStack {
    var checkpointsBlocks = false
    var embeddings: BERTEmbeddings
    @Key var projection: Linear?
    @Key var blocks: BERTBlocks
    var pooler: BERTPooler?

    init(_ config: BERTConfig, hasPooler: Bool) {
        embeddings = BERTEmbeddings(config)
        _projection = Key(
            wrappedValue: config.embeddingSize == config.hiddenSize
                ? nil : Linear(config.embeddingSize, config.hiddenSize), "embeddings_project")
        _blocks = Key(wrappedValue: BERTBlocks(config), "encoder")
        pooler = hasPooler ? BERTPooler(config) : nil
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput {
        var x = embeddings(tokens, types: inputs.tokenTypes)
        if let projection { x = projection(x) }
        var states: [Tensor] = inputs.wantsHiddenStates ? [x] : []
        let mask = inputs.context.paddingMask()
        for layer in blocks.layer {
            x = run(x) { layer($0, mask) }
            if inputs.wantsHiddenStates { states.append(x) }
        }
        return EncoderOutput(lastHiddenState: x, hiddenStates: states, pooled: pooler?(x))
    }
}

/// The sum of the embeddings of tokens, positions and segments, normalised.
final class BERTEmbeddings: Module {
    @Key var words: Embedding
    @Key var positions: Embedding
    @Key var types: Embedding
    @Key var norm: LayerNorm
    private let dropout: Dropout
    private let config: BERTConfig

    init(_ config: BERTConfig) {
        self.config = config
        _words = Key(wrappedValue: Embedding(config.vocabularySize, config.embeddingSize), "word_embeddings")
        _positions = Key(wrappedValue: Embedding(config.maxLength, config.embeddingSize), "position_embeddings")
        _types = Key(wrappedValue: Embedding(config.typeCount, config.embeddingSize), "token_type_embeddings")
        _norm = Key(wrappedValue: LayerNorm(config.embeddingSize, eps: config.normEps), "LayerNorm")
        dropout = Dropout(config.hiddenDropout)
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, types: Tensor?) -> Tensor {
        scope(tokens) { tokens in
            let index = positionIndices(tokens)
            let segments = types ?? Tensor.zeros([1, tokens.shape[1]], dtype: .int64, device: tokens.device)
            return dropout(norm(words(tokens) + self.types(segments) + positions(index)))
        }
    }

    private func positionIndices(_ tokens: Tensor) -> Tensor {
        guard config.positionsFollowPadding else {
            return Tensor.arange(tokens.shape[1], device: tokens.device).unsqueeze(0)
        }
        let isToken = (tokens .!= config.padding).to(.int64)
        return isToken.cumsum(dim: 1) * isToken + config.padding
    }
}

/// The blocks, under the name of the files.
final class BERTBlocks: Module {
    var layer: [BERTBlock]

    init(_ config: BERTConfig) {
        layer = (0..<config.layerCount).map { _ in BERTBlock(config) }
        super.init()
    }
}

/// Encoder block: self-attention and a feed-forward network, each with a residual connection and followed by a layer
/// normalisation (Vaswani et al., 2017).
final class BERTBlock: Module {
    var attention: BERTAttention
    @Key var inner: BERTDense
    @Key var output: BERTResidual
    private let activation: ActivationFunction

    init(_ config: BERTConfig) {
        attention = BERTAttention(config)
        _inner = Key(wrappedValue: BERTDense(config.hiddenSize, config.intermediateSize), "intermediate")
        _output = Key(wrappedValue: BERTResidual(config, from: config.intermediateSize), "output")
        activation = config.activation
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
        scope(x) { x in
            let h = attention(x, mask)
            return output(activation(inner(h)), residual: h)
        }
    }
}

/// Self-attention with its residual connection and layer normalisation.
final class BERTAttention: Module {
    @Key var heads: BERTSelfAttention
    var output: BERTResidual

    init(_ config: BERTConfig) {
        _heads = Key(wrappedValue: BERTSelfAttention(config), "self")
        output = BERTResidual(config, from: config.hiddenSize)
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
        scope(x) { x in output(heads(x, mask), residual: x) }
    }
}

/// Multi-head self-attention without the output projection.
final class BERTSelfAttention: Module {
    var query: Linear
    var key: Linear
    var value: Linear
    private let headCount: Int
    private let dropout: Double

    init(_ config: BERTConfig) {
        query = Linear(config.hiddenSize, config.hiddenSize)
        key = Linear(config.hiddenSize, config.hiddenSize)
        value = Linear(config.hiddenSize, config.hiddenSize)
        headCount = config.headCount
        dropout = config.attentionDropout
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
        scope(x) { x in
            attend(
                query(x).splitHeads(headCount), key(x).splitHeads(headCount), value(x).splitHeads(headCount),
                mask: mask,
                dropout: isTraining ? dropout : 0)
        }
    }
}

/// A linear layer, under the name of the files.
final class BERTDense: Module, Layer {
    var dense: Linear

    init(_ inputs: Int, _ outputs: Int) {
        dense = Linear(inputs, outputs)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { dense(x) }
}

/// `norm(dropout(dense(x)) + residual)`.
final class BERTResidual: Module {
    var dense: Linear
    @Key var norm: LayerNorm
    private let dropout: Dropout

    init(_ config: BERTConfig, from inputs: Int) {
        dense = Linear(inputs, config.hiddenSize)
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "LayerNorm")
        dropout = Dropout(config.hiddenDropout)
        super.init()
    }

    func callAsFunction(_ x: Tensor, residual: Tensor) -> Tensor {
        scope(x, residual) { x, residual in norm(dropout(dense(x)) + residual) }
    }
}

/// The first token after a linear layer and tanh: `[N, T, size] -> [N, size]`.
final class BERTPooler: Module, Layer {
    var dense: Linear

    init(_ config: BERTConfig) {
        dense = Linear(config.hiddenSize, config.hiddenSize)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { dense(x.select(1, 0)).tanh() }
}
