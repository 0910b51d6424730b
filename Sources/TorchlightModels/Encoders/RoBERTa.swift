import TorchlightCore
import TorchlightIO
import TorchlightNN

/// RoBERTa (Liu et al., 2019): BERT whose positions count only tokens that are not padding, and start after the index
/// of the padding token.
public final class RoBERTa: EncoderModel {
    @Key var encoder: BERTEncoder
    @Key var languageHead: RoBERTaLanguageHead?
    var classifier: (any Layer)?
    @Key var answers: Linear?
    private let dropout: Dropout
    private let headTask: EncoderTask

    init(_ config: BERTConfig, task: EncoderTask, json: JSON, ties: Bool) {
        headTask = task
        _encoder = Key(wrappedValue: BERTEncoder(config, hasPooler: task == .features), "roberta")
        _languageHead = Key(
            wrappedValue: task == .maskedLanguageModel ? RoBERTaLanguageHead(config, ties: ties) : nil, "lm_head")
        classifier =
            switch task {
            case .sequenceClassification: ClassificationHead(config, activation: .tanh)
            case .tokenClassification: Linear(config.hiddenSize, config.labelCount)
            default: nil
            }
        _answers = Key(wrappedValue: task == .questionAnswering ? Linear(config.hiddenSize, 2) : nil, "qa_outputs")
        dropout = Dropout(config.classifierDropout)
        super.init(configuration: json)
    }

    override var basePrefix: String { "roberta" }
    /// The task of the model's head.
    public override var task: EncoderTask { headTask }

    package override var tiedEmbedding: Module? {
        languageHead != nil && languageHead?.decoder == nil ? encoder.embeddings.words : nil
    }

    override func forward(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput {
        var output = encoder(tokens, inputs)
        let hidden = output.lastHiddenState
        switch task {
        case .maskedLanguageModel: output.logits = languageHead!(hidden, embedding: encoder.embeddings.words.weight)
        case .sequenceClassification: output.logits = classifier!(hidden.select(1, 0))
        case .tokenClassification: output.logits = classifier!(dropout(hidden))
        case .questionAnswering: output.logits = answers!(hidden)
        case .features, .replacedTokenDetection: break
        }
        return output
    }

    static func builder(_ task: EncoderTask) -> Architectures.Builder {
        { reader, contents in
            var config = try BERTConfig(reader, vocabularySize: 50_265, typeCount: 2, padding: 1)
            config.positionsFollowPadding = true
            let ties = try reader.bool("tie_word_embeddings", default: true)
            return RoBERTa(config, task: task, json: reader.json, ties: ties)
        }
    }
}

/// The head of masked language modelling: `norm(gelu(dense(x)))` times the embedding, plus a bias.
final class RoBERTaLanguageHead: Module {
    var dense: Linear
    @Key var norm: LayerNorm
    var bias: Tensor
    @Key var decoder: Tensor?

    init(_ config: BERTConfig, ties: Bool) {
        dense = Linear(config.hiddenSize, config.hiddenSize)
        _norm = Key(wrappedValue: LayerNorm(config.hiddenSize, eps: config.normEps), "layer_norm")
        bias = Parameter(Tensor.zeros([config.vocabularySize], device: .current))
        let shape = [config.vocabularySize, config.hiddenSize]
        _decoder = Key(wrappedValue: ties ? nil : Parameter(Tensor.zeros(shape, device: .current)), "decoder.weight")
        super.init()
    }

    func callAsFunction(_ x: Tensor, embedding: Tensor) -> Tensor {
        linear(norm(gelu(dense(x))), decoder ?? embedding, bias)
    }
}

/// The head of sequence classification of RoBERTa and ELECTRA: two linear layers with an activation between them.
final class ClassificationHead: Module, Layer {
    var dense: Linear
    @Key var output: Linear
    private let dropout: Dropout
    private let activation: ActivationFunction

    init(_ config: BERTConfig, activation: ActivationFunction) {
        dense = Linear(config.hiddenSize, config.hiddenSize)
        _output = Key(wrappedValue: Linear(config.hiddenSize, config.labelCount), "out_proj")
        dropout = Dropout(config.classifierDropout)
        self.activation = activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { output(dropout(activation(dense(dropout(x))))) }
}
