import Glibc
import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

/// Extractive question answering: the answer is a span of a context.
///
///     let answerer = try QuestionAnswerer.load("path/to/distilbert-base-cased-distilled-squad")
///     let answers = try answerer("Where does Sarah live?", context: "My name is Sarah and I live in London.")
///     print(answers[0].text)      // London
///
/// The results are equal to those of the pipeline `question-answering` of `transformers`.
public final class QuestionAnswerer {
    /// A span of the context that answers the question.
    public struct Answer: Sendable, Equatable {
        /// The probability of its first token being the start times that of its last token being the end. The scores of
        /// equal texts in several parts of the context are added.
        public var score: Double
        /// The answer; empty if the model finds none in the context.
        public var text: String
        /// The range of the answer in the context, in Unicode scalars.
        public var range: Range<Int>
    }

    private let loaded: LoadedEncoder<EncoderModel>

    /// Creates a pipeline from a model for question answering and its tokenizer.
    ///
    /// - Throws: ``ModelError`` if the model is for another task.
    public init(_ model: EncoderModel, tokenizer: Tokenizer) throws {
        loaded = LoadedEncoder(model: model, tokenizer: tokenizer)
        try loaded.require(.questionAnswering, "QuestionAnswerer")
    }

    /// Loads a model and its tokenizer from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> QuestionAnswerer {
        try QuestionAnswerer(
            EncoderModel.load(folder, dtype: dtype, device: device, ignoring: ignoring),
            tokenizer: Tokenizer(path: folder))
    }

    /// Returns the answers to a question, most probable first.
    ///
    /// A context longer than `maxLength` allows is split into overlapping parts.
    ///
    /// - Parameters:
    ///   - question: The question.
    ///   - context: The text that contains the answer.
    ///   - count: The maximum number of answers. Default: 1.
    ///   - maxAnswerLength: The maximum number of tokens of an answer. Default: 15.
    ///   - maxLength: The maximum number of tokens of question, context and special tokens. Default: 384, or the
    ///     maximum length of the model if that is less.
    ///   - stride: The number of tokens that neighbouring parts of the context share. Default: 128, or half of
    ///     `maxLength` or of the tokens available for the context if that is less.
    ///   - allowsNoAnswer: Whether the empty text is a possible answer, for models trained on unanswerable questions.
    ///     Its score is the smallest of the scores of the first token over the parts of the context. Default: false.
    ///   - alignsToWords: Whether answers are extended to whole words. Default: true.
    /// - Returns: The answers; none if the context has no tokens.
    /// - Throws: ``ModelError`` if a text is empty or a number is not positive, or if the question is so long that no
    ///   tokens are available for the context.
    public func callAsFunction(
        _ question: String, context: String, count: Int = 1, maxAnswerLength: Int = 15, maxLength: Int? = nil,
        stride: Int? = nil, allowsNoAnswer: Bool = false, alignsToWords: Bool = true
    ) throws -> [Answer] {
        for (name, text) in [("question", question), ("context", context)] where text.isEmpty {
            throw ModelError("QuestionAnswerer", "the \(name) is empty", expected: "a text")
        }
        for (name, number) in [("count", count), ("maxAnswerLength", maxAnswerLength)] where number < 1 {
            throw ModelError("QuestionAnswerer", "\(name) is \(number)", expected: "at least 1")
        }
        let encodings = try encode(question, context, maxLength, stride)
        let spanCount = alignsToWords ? count *| 2 +| 10 : count
        let scalars = Array(context.unicodeScalars)
        var answers: [Answer] = []
        var noAnswer = 1.0
        for (encoding, scores) in zip(encodings, try scores(encodings)) {
            let spans = Spans(encoding, start: scores.start, end: scores.end)
            noAnswer = min(noAnswer, spans.noAnswer)
            for span in spans.best(spanCount, maxLength: maxAnswerLength) {
                let range = Self.range(of: span.tokens, in: encoding, alignsToWords: alignsToWords)
                guard range.upperBound <= scalars.count else { continue }
                var view = String.UnicodeScalarView()
                view.append(contentsOf: scalars[range])
                let text = String(view)
                // Overlapping parts of the context give the same answer.
                if let known = answers.firstIndex(where: { $0.text.lowercased() == text.lowercased() }) {
                    answers[known].score += span.score
                } else {
                    answers.append(Answer(score: span.score, text: text, range: range))
                }
            }
        }
        if allowsNoAnswer { answers.append(Answer(score: noAnswer, text: "", range: 0..<0)) }
        let order = answers.indices.sorted { (answers[$1].score, $0) < (answers[$0].score, $1) }
        return order.prefix(count).map { answers[$0] }
    }

    /// Encodes the question with each part of the context.
    private func encode(
        _ question: String, _ context: String, _ maxLength: Int?, _ stride: Int?
    ) throws -> [Encoding] {
        let longest = min(maxLength ?? 384, loaded.maxLength ?? .max)
        var tokenizer = loaded.tokenizer
        tokenizer.padding = nil
        tokenizer.truncation = nil
        // The length includes the special tokens of a pair.
        let left = longest - (try tokenizer.encode(.text(question), pair: .text("")).count)
        guard left > 0 else {
            throw ModelError(
                "QuestionAnswerer",
                "the question and the special tokens are \(quantity(longest - left, "token")), and maxLength is \(longest)",
                expected: "fewer tokens than maxLength")
        }
        let stride = stride ?? min(longest / 2, left / 2, 128)
        guard 0..<longest ~= stride else {
            throw ModelError(
                "QuestionAnswerer", "parts of \(quantity(longest, "token")) share \(stride)",
                expected: "0 to maxLength - 1")
        }
        tokenizer.truncation = .init(maxLength: longest, stride: stride, strategy: .onlySecond)
        let first = try tokenizer.encode(.text(question), pair: .text(context))
        return [first] + first.overflowing
    }

    /// The start and end logits of the tokens of each encoding.
    private func scores(_ encodings: [Encoding]) throws -> [(start: [Double], end: [Double])] {
        try loaded.model.evaluating {
            try encodings.parts(of: LoadedEncoder<EncoderModel>.batchSize).flatMap { part in
                let batch = try EncoderBatch(Array(part), pad: loaded.pad, device: loaded.device)
                let logits = loaded(batch).logits!.to(.float64)
                return (0..<part.count).map { index in
                    let row = logits.select(0, index)
                    return (row.select(1, 0).toArray(Double.self), row.select(1, 1).toArray(Double.self))
                }
            }
        }
    }

    /// The range of the context that tokens cover, in Unicode scalars.
    private static func range(of tokens: ClosedRange<Int>, in encoding: Encoding, alignsToWords: Bool) -> Range<Int> {
        if alignsToWords, let first = encoding.wordIDs[tokens.lowerBound],
            let last = encoding.wordIDs[tokens.upperBound],
            let start = encoding.offsets(ofWord: first, sequence: 1)?.lowerBound,
            let end = encoding.offsets(ofWord: last, sequence: 1)?.upperBound, start <= end
        {
            return start..<end
        }
        let start = encoding.offsets[tokens.lowerBound].lowerBound
        return start..<max(start, encoding.offsets[tokens.upperBound].upperBound)
    }
}

/// The scores of the spans of the context in an encoding.
private struct Spans {
    /// The probability of the first token, a special token, being start and end.
    let noAnswer: Double
    private let context: [Int]
    private let start: [Double]
    private let end: [Double]

    init(_ encoding: Encoding, start: [Double], end: [Double]) {
        context = (0..<encoding.count).filter {
            encoding.sequence(ofToken: $0) == 1 && encoding.specialTokensMask[$0] == 0
        }
        // Models predict the first token if the context has no answer.
        let candidates = (encoding.specialTokensMask[0] == 1 ? [0] : []) + context
        func probabilities(_ logits: [Double]) -> [Double] {
            let largest = candidates.map { logits[$0] }.max() ?? 0
            var result = [Double](repeating: 0, count: encoding.count)
            for index in candidates { result[index] = Glibc.exp(logits[index] - largest) }
            let sum = result.reduce(0, +)
            return result.map { $0 / sum }
        }
        self.start = probabilities(start)
        self.end = probabilities(end)
        noAnswer = self.start[0] * self.end[0]
    }

    /// The most probable spans of at most `maxLength` tokens, most probable first; ties in order of position.
    func best(_ count: Int, maxLength: Int) -> [(tokens: ClosedRange<Int>, score: Double)] {
        var spans: [(tokens: ClosedRange<Int>, score: Double)] = []
        for (index, first) in context.enumerated() {
            for last in context[index...].prefix(maxLength) {
                spans.append((first...last, start[first] * end[last]))
            }
        }
        let order = spans.indices.sorted { (spans[$1].score, $0) < (spans[$0].score, $1) }
        return order.prefix(count).map { spans[$0] }
    }
}
