import TorchlightCore
import TorchlightIO
import TorchlightNN

/// ELECTRA (Clark et al., 2020): BERT pretrained to detect replaced tokens. The embedding size may be smaller than the
/// hidden size.
public final class ELECTRA: EncoderModel {
    @Key var encoder: BERTEncoder
    @Key var discriminator: ELECTRADiscriminator?
    @Key var generator: ELECTRAGenerator?
    @Key var generatorBias: Tensor?
    var classifier: (any Layer)?
    @Key var answers: Linear?
    private let dropout: Dropout
    private let headTask: EncoderTask

    init(_ config: BERTConfig, task: EncoderTask, json: JSON) {
        headTask = task
        _encoder = Key(wrappedValue: BERTEncoder(config, hasPooler: false), "electra")
        _discriminator = Key(
            wrappedValue: task == .replacedTokenDetection ? ELECTRADiscriminator(config) : nil,
            "discriminator_predictions")
        let isLanguage = task == .maskedLanguageModel
        _generator = Key(wrappedValue: isLanguage ? ELECTRAGenerator(config) : nil, "generator_predictions")
        _generatorBias = Key(
            wrappedValue: isLanguage ? Parameter(Tensor.zeros([config.vocabularySize], device: .current)) : nil,
            "generator_lm_head.bias")
        classifier =
            switch task {
            case .sequenceClassification: ClassificationHead(config, activation: .gelu)
            case .tokenClassification: Linear(config.hiddenSize, config.labelCount)
            default: nil
            }
        _answers = Key(wrappedValue: task == .questionAnswering ? Linear(config.hiddenSize, 2) : nil, "qa_outputs")
        dropout = Dropout(config.classifierDropout)
        super.init(configuration: json)
    }

    override var basePrefix: String { "electra" }
    /// The task of the model's head.
    public override var task: EncoderTask { headTask }

    package override var tiedEmbedding: Module? {
        task == .maskedLanguageModel ? encoder.embeddings.words : nil
    }

    override func forward(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput {
        var output = encoder(tokens, inputs)
        let hidden = output.lastHiddenState
        switch task {
        case .replacedTokenDetection: output.logits = discriminator!(hidden)
        case .maskedLanguageModel:
            output.logits = linear(generator!(hidden), encoder.embeddings.words.weight, generatorBias)
        case .sequenceClassification: output.logits = classifier!(hidden.select(1, 0))
        case .tokenClassification: output.logits = classifier!(dropout(hidden))
        case .questionAnswering: output.logits = answers!(hidden)
        case .features: break
        }
        return output
    }

    static func builder(_ task: EncoderTask) -> Architectures.Builder {
        { reader, contents in
            var config = try BERTConfig(reader, vocabularySize: 30_522, typeCount: 2, padding: 0)
            config.embeddingSize = try reader.int("embedding_size", default: 128)
            try reader.require("tie_word_embeddings", true, because: "the generator has the weight of the embedding")
            return ELECTRA(config, task: task, json: reader.json)
        }
    }
}

/// The logit of each token being replaced: `[N, T, size] -> [N, T]`.
final class ELECTRADiscriminator: Module, Layer {
    var dense: Linear
    @Key var prediction: Linear
    private let activation: ActivationFunction

    init(_ config: BERTConfig) {
        dense = Linear(config.hiddenSize, config.hiddenSize)
        _prediction = Key(wrappedValue: Linear(config.hiddenSize, 1), "dense_prediction")
        activation = config.activation
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { prediction(activation(dense(x))).squeeze(-1) }
}

/// `norm(gelu(dense(x)))`, of the embedding size.
final class ELECTRAGenerator: Module, Layer {
    var dense: Linear
    @Key var norm: LayerNorm

    init(_ config: BERTConfig) {
        dense = Linear(config.hiddenSize, config.embeddingSize)
        _norm = Key(wrappedValue: LayerNorm(config.embeddingSize, eps: config.normEps), "LayerNorm")
        super.init()
    }

    func forward(_ x: Tensor) -> Tensor { norm(gelu(dense(x))) }
}
