import TorchlightCore
import TorchlightIO
import TorchlightNN

/// BERT (Devlin et al., 2019): a text encoder with learned positions.
///
///     let model = try BERT.load("path/to/bert-base-uncased")
///     let output = model(tokens, attentionMask: mask)
public final class BERT: EncoderModel {
    @Key var encoder: BERTEncoder
    @Key var languageHead: BERTLanguageHead?
    var classifier: Linear?
    @Key var answers: Linear?
    private let dropout: Dropout
    private let headTask: EncoderTask

    init(_ config: BERTConfig, task: EncoderTask, json: JSON, ties: Bool) {
        headTask = task
        let needsPooler = task == .features || task == .sequenceClassification
        _encoder = Key(wrappedValue: BERTEncoder(config, hasPooler: needsPooler), "bert")
        _languageHead = Key(
            wrappedValue: task == .maskedLanguageModel ? BERTLanguageHead(config, ties: ties) : nil, "cls")
        let classifies = task == .sequenceClassification || task == .tokenClassification
        classifier = classifies ? Linear(config.hiddenSize, config.labelCount) : nil
        _answers = Key(wrappedValue: task == .questionAnswering ? Linear(config.hiddenSize, 2) : nil, "qa_outputs")
        dropout = Dropout(config.classifierDropout)
        super.init(configuration: json)
    }

    override var basePrefix: String { "bert" }
    /// The task of the model's head.
    public override var task: EncoderTask { headTask }

    package override var tiedEmbedding: Module? {
        languageHead != nil && languageHead?.predictions.decoder == nil ? encoder.embeddings.words : nil
    }

    override func forward(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput {
        var output = encoder(tokens, inputs)
        let hidden = output.lastHiddenState
        switch task {
        case .maskedLanguageModel: output.logits = languageHead!(hidden, embedding: encoder.embeddings.words.weight)
        case .sequenceClassification: output.logits = classifier!(dropout(output.pooled!))
        case .tokenClassification: output.logits = classifier!(dropout(hidden))
        case .questionAnswering: output.logits = answers!(hidden)
        case .features, .replacedTokenDetection: break
        }
        return output
    }

    static func builder(_ task: EncoderTask) -> Architectures.Builder {
        { reader, contents in
            let config = try BERTConfig(reader, vocabularySize: 30_522, typeCount: 2, padding: 0)
            let ties = try reader.bool("tie_word_embeddings", default: true)
            return BERT(config, task: task, json: reader.json, ties: ties)
        }
    }
}

/// The head of masked language modelling: a linear layer, an activation and a normalisation before the output layer.
final class BERTLanguageHead: Module {
    var predictions: BERTPredictions

    init(_ config: BERTConfig, ties: Bool) {
        predictions = BERTPredictions(config, ties: ties)
        super.init()
    }

    func callAsFunction(_ x: Tensor, embedding: Tensor) -> Tensor { predictions(x, embedding: embedding) }
}

/// `activation(dense(x))`, normalised, times the embedding, plus a bias.
final class BERTPredictions: Module {
    var transform: BERTTransform
    var bias: Tensor
    @Key var decoder: Tensor?

    init(_ config: BERTConfig, ties: Bool) {
        transform = BERTTransform(config)
        bias = Parameter(Tensor.zeros([config.vocabularySize], device: .current))
        let shape = [config.vocabularySize, config.hiddenSize]
        _decoder = Key(wrappedValue: ties ? nil : Parameter(Tensor.zeros(shape, device: .current)), "decoder.weight")
        super.init()
    }

    func callAsFunction(_ x: Tensor, embedding: Tensor) -> Tensor { linear(transform(x), decoder ?? embedding, bias) }
}

/// `norm(activation(dense(x)))`.
final class BERTTransform: Module, Layer {
    var dense: Linear
    @Key var norm: LayerNorm
    private let activation: ActivationFunction

    init(_ config: BERTConfig) {
        dense = Linear(config.hiddenSize, config.hiddenSize)
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "LayerNorm")
        activation = config.activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { norm(activation(dense(x))) }
}
