import TorchlightCore
import TorchlightIO
import TorchlightNN

/// DistilBERT (Sanh et al., 2019): BERT without segments, with half of the blocks.
public final class DistilBERT: EncoderModel {
    struct Config {
        var vocabularySize, hiddenSize, intermediateSize, layerCount, headCount, maxLength, labelCount: Int
        var activation: ActivationFunction
        var dropout, attentionDropout, classifierDropout, answerDropout: Double
    }

    @Key var encoder: DistilBERTEncoder
    @Key var transform: Linear?
    @Key var transformNorm: LayerNorm?
    @Key var projectorBias: Tensor?
    @Key var preClassifier: Linear?
    var classifier: Linear?
    @Key var answers: Linear?
    private let dropout: Dropout
    private let activation: ActivationFunction
    private let headTask: EncoderTask

    init(_ config: Config, task: EncoderTask, json: JSON) {
        headTask = task
        activation = config.activation
        let size = config.hiddenSize
        let isLanguage = task == .maskedLanguageModel
        _encoder = Key(wrappedValue: DistilBERTEncoder(config), "distilbert")
        _transform = Key(wrappedValue: isLanguage ? Linear(size, size) : nil, "vocab_transform")
        _transformNorm = Key(wrappedValue: isLanguage ? LayerNorm(size, eps: 1e-12) : nil, "vocab_layer_norm")
        _projectorBias = Key(
            wrappedValue: isLanguage ? Parameter(Tensor.zeros([config.vocabularySize], device: .current)) : nil,
            "vocab_projector.bias")
        _preClassifier = Key(wrappedValue: task == .sequenceClassification ? Linear(size, size) : nil, "pre_classifier")
        let classifies = task == .sequenceClassification || task == .tokenClassification
        classifier = classifies ? Linear(size, config.labelCount) : nil
        _answers = Key(wrappedValue: task == .questionAnswering ? Linear(size, 2) : nil, "qa_outputs")
        dropout = Dropout(
            task == .sequenceClassification
                ? config.classifierDropout : task == .questionAnswering ? config.answerDropout : config.dropout)
        super.init(configuration: json)
    }

    override var basePrefix: String { "distilbert" }
    /// The task of the model's head.
    public override var task: EncoderTask { headTask }

    package override var tiedEmbedding: Module? {
        task == .maskedLanguageModel ? encoder.embeddings.words : nil
    }

    override func forward(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput {
        var output = encoder(tokens, inputs)
        let hidden = output.lastHiddenState
        switch task {
        case .maskedLanguageModel:
            let transformed = transformNorm!(activation(transform!(hidden)))
            output.logits = linear(transformed, encoder.embeddings.words.weight, projectorBias)
        case .sequenceClassification:
            output.logits = classifier!(dropout(relu(preClassifier!(hidden.select(1, 0)))))
        case .tokenClassification: output.logits = classifier!(dropout(hidden))
        case .questionAnswering: output.logits = answers!(dropout(hidden))
        case .features, .replacedTokenDetection: break
        }
        return output
    }

    static func builder(_ task: EncoderTask) -> Architectures.Builder {
        { reader, contents in
            let config = Config(
                vocabularySize: try reader.int("vocab_size", default: 30_522),
                hiddenSize: try reader.int("dim", default: 768),
                intermediateSize: try reader.int("hidden_dim", default: 3072),
                layerCount: try reader.int("n_layers", default: 6), headCount: try reader.int("n_heads", default: 12),
                maxLength: try reader.int("max_position_embeddings", default: 512), labelCount: try reader.labelCount(),
                activation: try reader.activation("activation", default: "gelu"),
                dropout: try reader.probability("dropout", default: 0.1),
                attentionDropout: try reader.probability("attention_dropout", default: 0.1),
                classifierDropout: try reader.probability("seq_classif_dropout", default: 0.2),
                answerDropout: try reader.probability("qa_dropout", default: 0.1))
            // Describes the initialisation of the positions, which the files contain.
            reader.markRead("sinusoidal_pos_embds")
            try reader.require(
                "tie_word_embeddings", true, because: "the language head has the weight of the embedding")
            return DistilBERT(config, task: task, json: reader.json)
        }
    }
}

/// Embeddings and blocks.
final class DistilBERTEncoder: Module, BlockStack {
    var checkpointsBlocks = false
    var embeddings: DistilBERTEmbeddings
    @Key var blocks: DistilBERTBlocks

    init(_ config: DistilBERT.Config) {
        embeddings = DistilBERTEmbeddings(config)
        _blocks = Key(wrappedValue: DistilBERTBlocks(config), "transformer")
        super.init()
    }

    func callAsFunction(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput {
        var x = embeddings(tokens)
        var states: [Tensor] = inputs.wantsHiddenStates ? [x] : []
        let mask = inputs.context.paddingMask()
        for layer in blocks.layer {
            x = run(x) { layer($0, mask) }
            if inputs.wantsHiddenStates { states.append(x) }
        }
        return EncoderOutput(lastHiddenState: x, hiddenStates: states)
    }
}

/// The sum of the embeddings of tokens and positions, normalised.
final class DistilBERTEmbeddings: Module, Layer {
    @Key var words: Embedding
    @Key var positions: Embedding
    @Key var norm: LayerNorm
    private let dropout: Dropout

    init(_ config: DistilBERT.Config) {
        _words = Key(wrappedValue: Embedding(config.vocabularySize, config.hiddenSize), "word_embeddings")
        _positions = Key(wrappedValue: Embedding(config.maxLength, config.hiddenSize), "position_embeddings")
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: 1e-12), "LayerNorm")
        dropout = Dropout(config.dropout)
        super.init()
    }

    func forward(_ tokens: Tensor) -> Tensor {
        let index = Tensor.arange(tokens.shape[1], device: tokens.device).unsqueeze(0)
        return dropout(norm(words(tokens) + positions(index)))
    }
}

/// The blocks, under the name of the files.
final class DistilBERTBlocks: Module {
    var layer: [DistilBERTBlock]

    init(_ config: DistilBERT.Config) {
        layer = (0..<config.layerCount).map { _ in DistilBERTBlock(config) }
        super.init()
    }
}

/// Encoder block: self-attention and a feed-forward network, each with a residual connection and followed by a layer
/// normalisation.
final class DistilBERTBlock: Module {
    var attention: DistilBERTAttention
    @Key var attentionNorm: LayerNorm
    @Key var feedForward: DistilBERTFeedForward
    @Key var outputNorm: LayerNorm

    init(_ config: DistilBERT.Config) {
        attention = DistilBERTAttention(config)
        _attentionNorm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: 1e-12), "sa_layer_norm")
        _feedForward = Key(wrappedValue: DistilBERTFeedForward(config), "ffn")
        _outputNorm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: 1e-12), "output_layer_norm")
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
        scope(x) { x in
            let h = attentionNorm(attention(x, mask) + x)
            return outputNorm(feedForward(h) + h)
        }
    }
}

/// Multi-head self-attention.
final class DistilBERTAttention: Module {
    @Key var query: Linear
    @Key var key: Linear
    @Key var value: Linear
    @Key var output: Linear
    private let headCount: Int
    private let dropout: Double

    init(_ config: DistilBERT.Config) {
        let size = config.hiddenSize
        _query = Key(wrappedValue: Linear(size, size), "q_lin")
        _key = Key(wrappedValue: Linear(size, size), "k_lin")
        _value = Key(wrappedValue: Linear(size, size), "v_lin")
        _output = Key(wrappedValue: Linear(size, size), "out_lin")
        headCount = config.headCount
        dropout = config.attentionDropout
        super.init()
    }

    func callAsFunction(_ x: Tensor, _ mask: AttentionMask) -> Tensor {
        scope(x) { x in
            output(
                attend(
                    query(x).splitHeads(headCount), key(x).splitHeads(headCount), value(x).splitHeads(headCount),
                    mask: mask, dropout: isTraining ? dropout : 0))
        }
    }
}

/// Feed-forward network: two linear layers with an activation between them.
final class DistilBERTFeedForward: Module, Layer {
    var lin1: Linear
    var lin2: Linear
    private let activation: ActivationFunction
    private let dropout: Dropout

    init(_ config: DistilBERT.Config) {
        lin1 = Linear(config.hiddenSize, config.intermediateSize)
        lin2 = Linear(config.intermediateSize, config.hiddenSize)
        activation = config.activation
        dropout = Dropout(config.dropout)
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { dropout(lin2(activation(lin1(x)))) }
}
