import TorchlightCore
import TorchlightTokenizers

/// Decodes generated tokens to text, up to the first stop string.
struct TextStream {
    private var stream: Tokenizer.DecodeStream
    private var stops: StopStrings

    /// - Parameter prompt: The previous tokens, on which the text of the first tokens may depend.
    init(_ tokenizer: Tokenizer, after prompt: [Int], stops: [String]) {
        stream = tokenizer.decodeStream(skippingSpecialTokens: true)
        self.stops = StopStrings(stops)
        // A few tokens determine whether a word continues. Errors of prompt tokens are ignored here.
        for token in prompt.suffix(8) { _ = try? stream.append(token) }
    }

    /// Whether a stop string was found.
    var isStopped: Bool { stops.isFound }

    /// Appends the next token; returns the text that cannot change.
    mutating func append(_ token: Int) throws(TokenizerError) -> String { stops.append(try stream.append(token) ?? "") }

    /// Ends the text; returns the buffered text.
    mutating func finish() throws(TokenizerError) -> String {
        guard !stops.isFound else { return "" }
        return stops.append(try stream.finish() ?? "") + (stops.isFound ? "" : stops.finish())
    }
}

/// Collects a generated text and forwards its pieces.
final class TextWriter {
    private var stream: TextStream
    private let onText: ((String) -> Bool)?
    private var text = ""
    private var error: TokenizerError?
    private var isCancelled = false
    private var count = 0
    private var firstToken: ContinuousClock.Instant?

    init(_ stream: TextStream, _ onText: ((String) -> Bool)?) {
        self.stream = stream
        self.onText = onText
    }

    /// Whether the text continues.
    var goesOn: Bool { error == nil && !isCancelled && !stream.isStopped }

    /// Appends the next token; returns whether a stop string was found.
    func append(_ token: Int) -> Bool {
        if firstToken == nil { firstToken = .now }
        count += 1
        do throws(TokenizerError) { pass(try stream.append(token)) } catch { self.error = error }
        return stream.isStopped
    }

    private func pass(_ piece: String) {
        guard !piece.isEmpty else { return }
        text += piece
        if let onText, !onText(piece) { isCancelled = true }
    }

    func finish(
        _ sequence: GeneratedSequence, promptTokenCount: Int, start: ContinuousClock.Instant
    ) throws(TokenizerError) -> GeneratedText {
        let end = ContinuousClock.now
        if let error { throw error }
        // Tokens that ended the generation were not appended; special end tokens have no text.
        for token in sequence.tokens.dropFirst(count) where goesOn { _ = append(token) }
        if let error { throw error }
        pass(try stream.finish())
        var sequence = sequence
        if stream.isStopped { sequence.finishReason = .stopString }
        let first = firstToken ?? end
        return GeneratedText(
            text: text, sequence: sequence, promptTokenCount: promptTokenCount,
            promptSeconds: (first - start).inSeconds, seconds: (end - first).inSeconds)
    }
}

/// Searches the texts of a batch for stop strings.
struct StopStringStreams {
    private var streams: [Int: TextStream] = [:]
    private let make: (Int) -> TextStream

    init(_ tokenizer: Tokenizer, _ prompts: [[Int]], _ continuesPrompt: Bool, _ options: GenerationOptions) {
        make = { row in
            TextStream(
                tokenizer, after: continuesPrompt ? prompts[row / options.sequenceCount] : [],
                stops: options.stopStrings)
        }
    }

    /// Appends the next token of a row; returns whether the text of the row contains a stop string.
    mutating func append(_ token: Int, row: Int) -> Bool {
        var stream = streams[row] ?? make(row)
        // Errors of decoding are thrown when the text is assembled.
        _ = try? stream.append(token)
        streams[row] = stream
        return stream.isStopped
    }
}

/// Token sequences of different lengths as one batch.
struct PaddedBatch {
    /// The tokens, `[N, T]`.
    let tokens: Tensor
    /// 1 for tokens and 0 for padding, `[N, T]`.
    let mask: Tensor

    init(_ batch: [[Int]], pad: Int, onLeft: Bool, device: Device) {
        let length = batch.map(\.count).max() ?? 0
        var (values, ones): ([Int64], [Int64]) = ([], [])
        for sequence in batch {
            let filling = Array<Int64>(repeating: Int64(pad), count: length - sequence.count)
            let zeros = Array<Int64>(repeating: 0, count: filling.count)
            let own = sequence.map { Int64($0) }
            let seen = Array<Int64>(repeating: 1, count: own.count)
            values += onLeft ? filling + own : own + filling
            ones += onLeft ? zeros + seen : seen + zeros
        }
        tokens = Tensor(values, shape: [batch.count, length], device: device)
        mask = Tensor(ones, shape: [batch.count, length], device: device)
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
