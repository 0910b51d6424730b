import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

/// Token classification, such as named entity recognition and part-of-speech tagging.
///
///     let classifier = try TokenClassifier.load("path/to/bert-base-NER")
///     for entity in try classifier("My name is Sarah and I live in London") { print(entity.label, entity.text) }
public final class TokenClassifier {
    /// A span of a text and its class.
    public struct Entity: Sendable, Equatable {
        /// The name of the class; without `B-` and `I-` if tokens are joined.
        public var label: String
        /// The probability of the class; the mean over joined tokens.
        public var score: Double
        /// The text of the span.
        public var text: String
        /// The range of the span in the text, in Unicode scalars.
        public var range: Range<Int>
    }

    private let loaded: LoadedEncoder<EncoderModel>

    /// Creates a pipeline from a model for token classification and its tokenizer.
    ///
    /// - Throws: ``ModelError`` if the model is for another task.
    public init(_ model: EncoderModel, tokenizer: Tokenizer) throws {
        loaded = LoadedEncoder(model: model, tokenizer: tokenizer)
        try loaded.require(.tokenClassification, "TokenClassifier")
    }

    /// Loads a model and its tokenizer from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> TokenClassifier {
        try TokenClassifier(
            EncoderModel.load(folder, dtype: dtype, device: device, ignoring: ignoring),
            tokenizer: Tokenizer(path: folder))
    }

    /// Returns the spans of a text with a class other than `O`.
    ///
    /// - Parameters:
    ///   - text: The text, truncated to the maximum length of the model.
    ///   - joined: Whether neighbouring tokens of one entity are joined: an entity starts at a class `B-` and where the
    ///     class changes. Default: true.
    public func callAsFunction(_ text: String, joined: Bool = true) throws -> [Entity] {
        let (encoding, probabilities) = try loaded.model.evaluating {
            let batch = try loaded.batch([(.text(text), nil)])
            let logits = loaded(batch).logits!.select(0, 0).to(.float64)
            return (batch.encodings[0], logits.softmax(dim: -1))
        }
        let best = probabilities.max(dim: 1)
        let labels = best.indices.toArray(Int64.self).map { loaded.label(Int($0)) }
        let scores = best.values.toArray(Double.self)
        var entities: [Entity] = []
        var counts: [Int] = []
        var previous: String?
        let scalars = Array(text.unicodeScalars)
        for index in 0..<encoding.count
        where encoding.specialTokensMask[index] == 0 && encoding.attentionMask[index] == 1 {
            let (begins, label) = Self.parts(labels[index])
            let range = encoding.offsets[index]
            guard labels[index] != "O", range.upperBound <= scalars.count else {
                previous = nil
                continue
            }
            if joined, label == previous, !begins, let last = entities.indices.last {
                entities[last].score += scores[index]
                counts[last] += 1
                entities[last].range = entities[last].range.lowerBound..<range.upperBound
            } else {
                entities.append(
                    Entity(label: joined ? label : labels[index], score: scores[index], text: "", range: range))
                counts.append(1)
            }
            previous = label
        }
        for index in entities.indices {
            entities[index].score /= Double(counts[index])
            var part = String.UnicodeScalarView()
            part.append(contentsOf: scalars[entities[index].range])
            entities[index].text = String(part)
        }
        return entities
    }

    /// Whether a class starts an entity, and its name without `B-` or `I-`.
    private static func parts(_ label: String) -> (begins: Bool, name: String) {
        if label.hasPrefix("B-") { return (true, String(label.dropFirst(2))) }
        if label.hasPrefix("I-") { return (false, String(label.dropFirst(2))) }
        return (false, label)
    }
}

/// Predicts the masked tokens of a text.
///
///     let filler = try MaskFiller.load("path/to/bert-base-uncased")
///     try filler("The capital of France is [MASK].")[0][0].token      // paris
public final class MaskFiller {
    /// A predicted token for a mask.
    public struct Filling: Sendable, Equatable {
        /// The token.
        public var token: String
        /// The index of the token in the vocabulary.
        public var id: Int
        /// The probability of the token.
        public var score: Double
    }

    private let loaded: LoadedEncoder<EncoderModel>
    /// The mask token.
    public let maskToken: String

    /// Creates a pipeline from a masked language model and its tokenizer.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - tokenizer: The tokenizer of the model.
    ///   - maskToken: The mask token. Default: `[MASK]` or `<mask>`, whichever is in the vocabulary.
    /// - Throws: ``ModelError`` if the model is for another task or the vocabulary has no mask token.
    public init(_ model: EncoderModel, tokenizer: Tokenizer, maskToken: String? = nil) throws {
        loaded = LoadedEncoder(model: model, tokenizer: tokenizer)
        try loaded.require(.maskedLanguageModel, "MaskFiller")
        let known = [maskToken, "[MASK]", "<mask>"].compactMap { $0 }.first { tokenizer.id(of: $0) != nil }
        guard let known, maskToken == nil || known == maskToken else {
            throw ModelError("MaskFiller", "the vocabulary has no mask token", expected: "[MASK], <mask> or maskToken:")
        }
        self.maskToken = known
    }

    /// Loads a model and its tokenizer from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> MaskFiller {
        try MaskFiller(
            EncoderModel.load(folder, dtype: dtype, device: device, ignoring: ignoring),
            tokenizer: Tokenizer(path: folder))
    }

    /// Returns the most probable tokens for each mask of a text, most probable first.
    ///
    /// - Parameters:
    ///   - text: A text with at least one ``maskToken``.
    ///   - count: The number of tokens for each mask. Default: 5.
    /// - Throws: ``ModelError`` if the text has no mask token.
    public func callAsFunction(_ text: String, count: Int = 5) throws -> [[Filling]] {
        try loaded.model.evaluating {
            let batch = try loaded.batch([(.text(text), nil)])
            let mask = loaded.tokenizer.id(of: maskToken)
            let positions = batch.encodings[0].ids.indices.filter { batch.encodings[0].ids[$0] == mask }
            guard !positions.isEmpty else {
                throw ModelError("MaskFiller", "the text has no mask token", expected: "\(maskToken) in the text")
            }
            let logits = loaded(batch).logits!.select(0, 0)
            return positions.map { position in
                let top = logits.select(0, position).to(.float64).softmax(dim: 0).topk(min(count, logits.shape[1]))
                return zip(top.indices.toArray(Int64.self), top.values.toArray(Double.self)).map { id, score in
                    let token = (try? loaded.tokenizer.decode([Int(id)])) ?? loaded.tokenizer.token(of: Int(id)) ?? ""
                    return Filling(token: token, id: Int(id), score: score)
                }
            }
        }
    }
}
