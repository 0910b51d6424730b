import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

/// A class and its probability.
public struct Classification: Sendable, Equatable {
    /// The name of the class.
    public var label: String
    /// The probability of the class; the predicted number of a regression.
    public var score: Double
}

/// Classifies texts.
///
///     let classifier = try TextClassifier.load("path/to/distilbert-base-uncased-finetuned-sst-2-english")
///     try classifier("What a film!")[0]      // POSITIVE, 0.9998
public final class TextClassifier {
    private let loaded: LoadedEncoder<EncoderModel>

    /// Creates a pipeline from a model for sequence classification and its tokenizer.
    ///
    /// - Throws: ``ModelError`` if the model is for another task.
    public init(_ model: EncoderModel, tokenizer: Tokenizer) throws {
        loaded = LoadedEncoder(model: model, tokenizer: tokenizer)
        try loaded.require(.sequenceClassification, "TextClassifier")
    }

    /// Loads a model and its tokenizer from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> TextClassifier {
        try TextClassifier(
            EncoderModel.load(folder, dtype: dtype, device: device, ignoring: ignoring),
            tokenizer: Tokenizer(path: folder))
    }

    /// Returns the classes of a text, most probable first. The probabilities are the softmax of the logits, or the
    /// sigmoid for multi-label models and models with one label. A regression returns its number.
    ///
    /// - Parameters:
    ///   - text: The text, truncated to the maximum length of the model.
    ///   - pair: The second text of a pair. Default: none.
    public func callAsFunction(_ text: String, pair: String? = nil) throws -> [Classification] {
        try classify([(text, pair)])[0]
    }

    /// Returns the classes of several texts.
    public func callAsFunction(_ texts: [String]) throws -> [[Classification]] {
        try classify(texts.map { ($0, nil) })
    }

    private func classify(_ inputs: [(String, String?)]) throws -> [[Classification]] {
        let problem = loaded.model.configuration["problem_type"]?.string
        return try logits(inputs).map { row in
            let values: [Double]
            if problem == "regression" {
                values = row.toArray(Double.self)
            } else if problem == "multi_label_classification" || row.shape[0] == 1 {
                values = row.sigmoid().toArray(Double.self)
            } else {
                values = row.softmax(dim: 0).toArray(Double.self)
            }
            return values.enumerated().map { Classification(label: loaded.label($0), score: $1) }.sortedByScore
        }
    }

    /// The logits of texts or pairs of texts, float64 `[labels]` each.
    func logits(_ inputs: [(String, String?)]) throws -> [Tensor] {
        try loaded.model.evaluating {
            try inputs.parts(of: LoadedEncoder<EncoderModel>.batchSize).flatMap { part in
                let batch = try loaded.batch(part.map { (.text($0), $1.map { .text($0) }) })
                let logits = loaded(batch).logits!.to(.float64)
                return (0..<logits.shape[0]).map { logits.select(0, $0) }
            }
        }
    }

    /// The names of the classes by index.
    var labels: [String] { loaded.model.labels }
}

/// Zero-shot text classification with a model for natural language inference (Yin et al., 2019): the score of a class
/// is the probability that the text entails a sentence such as "This example is sports.".
///
///     let classifier = try ZeroShotClassifier.load("path/to/an-nli-model")
///     try classifier("The team won again.", labels: ["sports", "politics"])
public final class ZeroShotClassifier {
    private let classifier: TextClassifier
    private let entailment: Int
    private let contradiction: Int

    /// Creates a pipeline from a classifier with a class whose name begins with "entail".
    ///
    /// - Throws: ``ModelError`` if there is no such class.
    public init(_ classifier: TextClassifier) throws {
        self.classifier = classifier
        let labels = classifier.labels
        guard let index = labels.firstIndex(where: { $0.lowercased().hasPrefix("entail") }) else {
            throw ModelError(
                "ZeroShotClassifier", "the classes are \(labels.joined(separator: ", "))",
                expected: "a class whose name begins with 'entail'")
        }
        entailment = index
        contradiction =
            labels.firstIndex { $0.lowercased().hasPrefix("contradict") } ?? (index == 0 ? labels.count - 1 : 0)
    }

    /// Loads a model and its tokenizer from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> ZeroShotClassifier {
        try ZeroShotClassifier(TextClassifier.load(folder, dtype: dtype, device: device, ignoring: ignoring))
    }

    /// Returns the classes of a text, most probable first.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - labels: The names of the classes, at least one.
    ///   - template: The sentence of a class, with `{}` for its name. Default: `This example is {}.`
    ///   - multiLabel: Whether several classes can apply: the probability of each class is then independent of the
    ///     others. Default: false: the probabilities sum to 1.
    public func callAsFunction(
        _ text: String, labels: [String], template: String = "This example is {}.", multiLabel: Bool = false
    ) throws -> [Classification] {
        let sentences = try Template.sentences(labels, template)
        let logits = try classifier.logits(sentences.map { (text, $0) })
        let scores: [Double]
        if multiLabel || labels.count == 1 {
            scores = logits.map { row in
                stack([row.select(0, contradiction), row.select(0, entailment)], dim: 0).softmax(dim: 0).select(0, 1)
                    .item()
            }
        } else {
            scores = stack(logits.map { $0.select(0, entailment) }, dim: 0).softmax(dim: 0).toArray(Double.self)
        }
        return Template.sorted(labels, scores)
    }
}

/// Zero-shot image classification with CLIP (Radford et al., 2021).
///
///     let classifier = try ZeroShotImageClassifier.load("path/to/clip-vit-base-patch32")
///     try classifier(images, labels: ["cat", "dog"])      // images [N, 3, 224, 224], normalised
public final class ZeroShotImageClassifier {
    /// The model.
    public let model: CLIP
    /// The tokenizer of the model.
    public let tokenizer: Tokenizer

    /// Creates a pipeline from a model and its tokenizer.
    public init(_ model: CLIP, tokenizer: Tokenizer) {
        self.model = model
        self.tokenizer = tokenizer
    }

    /// Loads a model and its tokenizer from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> ZeroShotImageClassifier {
        try ZeroShotImageClassifier(
            CLIP.load(folder, dtype: dtype, device: device, ignoring: ignoring), tokenizer: Tokenizer(path: folder))
    }

    /// Returns the classes of each image, most probable first. The probabilities sum to 1.
    ///
    /// - Parameters:
    ///   - images: Normalised images, `[N, C, H, W]`.
    ///   - labels: The names of the classes, at least one.
    ///   - template: The sentence of a class, with `{}` for its name. Default: `This is a photo of {}.`
    public func callAsFunction(
        _ images: Tensor, labels: [String], template: String = "This is a photo of {}."
    ) throws -> [[Classification]] {
        let sentences = try Template.sentences(labels, template)
        let loaded = LoadedEncoder<PretrainedModel>(model: model, tokenizer: tokenizer)
        let texts = model.configuration["text_config"]
        let pad = texts?["pad_token_id"]?.int ?? loaded.pad
        return try model.evaluating {
            let batch = try EncoderBatch(
                sentences.map { (.text($0), nil) }, tokenizer,
                maxLength: texts?["max_position_embeddings"]?.int ?? 77, pad: pad, device: loaded.device)
            let scores = model(batch.tokens, attentionMask: batch.mask, images: images).logitsPerImage
                .softmax(dim: 1).to(.float64)
            return (0..<scores.shape[0]).map { Template.sorted(labels, scores.select(0, $0).toArray(Double.self)) }
        }
    }
}

/// Sentences with class names.
private enum Template {
    static func sentences(_ labels: [String], _ template: String) throws(ModelError) -> [String] {
        guard !labels.isEmpty else { throw ModelError("classify", "there are no labels", expected: "at least one") }
        guard template.contains("{}") else {
            throw ModelError("classify", "the template is \(IOError.quoted(template))", expected: "a text with {}")
        }
        return labels.map { template.replacing("{}", with: $0) }
    }

    static func sorted(_ labels: [String], _ scores: [Double]) -> [Classification] {
        zip(labels, scores).map { Classification(label: $0, score: $1) }.sortedByScore
    }
}

extension [Classification] {
    /// The classes in order of decreasing score; ties keep their order.
    fileprivate var sortedByScore: [Classification] {
        enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.map(\.element)
    }
}
