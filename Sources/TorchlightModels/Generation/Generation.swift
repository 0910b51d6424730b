import TorchlightCore
import TorchlightIO

/// A model with the state of generation: it takes the new tokens of all sequences and gives the scores of the next ones.
protocol DecodingSession: AnyObject {
    /// The scores `[N, vocabulary]` after new tokens `[N, T]`.
    func next(_ tokens: Tensor) -> Tensor
    /// Reorders the sequences: sequence `i` becomes that at `indices[i]`. There may be more than before.
    func reorder(_ indices: Tensor)
}

/// Greedy search and sampling for a batch of sequences.
struct TokenLoop {
    let scores: TokenScores
    let session: any DecodingSession
    let device: Device
    /// The tokens of each sequence, prompt included, without padding on the left.
    var sequences: [[Int]]
    /// Whether a sequence has ended.
    var ended: [Bool]
    private var generated = 0
    /// What the model has not seen yet.
    private var pending: Tensor

    init(_ options: GenerationOptions, _ session: any DecodingSession, prompt: Tensor, sequences: [[Int]]) {
        scores = TokenScores(options)
        self.session = session
        device = prompt.device
        self.sequences = sequences
        ended = sequences.map { _ in false }
        pending = prompt
    }

    var isDone: Bool { generated >= scores.options.maxNewTokens || ended.allSatisfy { $0 } }

    /// Chooses the next token of each sequence; sequences that have ended get the padding token.
    mutating func step() -> [Int] {
        let logits = session.next(pending)
        var chosen: [Int]
        if scores.isPlainGreedy {
            chosen = logits.argmax(dim: -1).toArray(Int64.self).map { Int($0) }
        } else {
            let uniform: [Double] =
                scores.options.temperature == nil
                ? []
                : Tensor.rand([ended.count], dtype: .float64, device: .cpu, generator: scores.options.generator)
                    .toArray(Double.self)
            let width = logits.shape[1]
            let values = logits.to(.float32).toArray(Float.self)
            chosen = ended.indices.map { row in
                if ended[row] { return 0 }
                var line = Array(values[row * width..<(row + 1) * width])
                scores.applyRules(&line, sequence: sequences[row], generated: generated)
                return uniform.isEmpty ? scores.best(line) : scores.sample(line, uniform: uniform[row])
            }
        }
        for row in chosen.indices {
            if ended[row] {
                chosen[row] = scores.options.pad
            } else {
                sequences[row].append(chosen[row])
                ended[row] = scores.ends(chosen[row])
            }
        }
        generated += 1
        pending = Tensor(chosen.map { Int64($0) }, shape: [chosen.count, 1], device: device)
        return chosen
    }
}

/// The state of generation of a decoder-only model.
final class CausalSession: DecodingSession {
    private let model: CausalModel
    private let cache = KeyValueCache()
    private var attentionMask: Tensor?
    private var positions: Tensor?

    /// - Parameter attentionMask: 1 for tokens and 0 for padding, `[N, T]` of the prompt.
    init(_ model: CausalModel, attentionMask: Tensor?) {
        self.model = model
        self.attentionMask = attentionMask
        if let attentionMask { positions = TorchlightModels.positions(fromMask: attentionMask) }
    }

    func next(_ tokens: Tensor) -> Tensor {
        let logits = model.nextLogits(tokens, attentionMask: attentionMask, positions: positions, cache: cache)
        if let mask = attentionMask, let last = positions {
            let one = Tensor.ones([mask.shape[0], 1], dtype: mask.dtype, device: mask.device)
            attentionMask = cat([mask, one], dim: 1)
            positions = last.narrow(1, start: last.shape[1] - 1, length: 1) + 1
        }
        return logits
    }

    func reorder(_ indices: Tensor) {
        cache.reorder(indices)
        attentionMask = attentionMask?.indexSelect(0, indices)
        positions = positions?.indexSelect(0, indices)
    }
}

extension CausalModel {
    /// Generates tokens after a batch of prompts.
    ///
    ///     var options = GenerationOptions(maxNewTokens: 50)
    ///     options.temperature = 0.8
    ///     let tokens = try model.generate(prompt, options: options)
    ///
    /// - Parameters:
    ///   - prompt: Tokens, int64 `[N, T]`. Shorter prompts have padding on the left.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`. Default: no padding.
    ///   - options: How tokens are chosen. Default: those of the model's files.
    /// - Returns: Prompts and generated tokens, `[N, T + generated]`. Sequences that ended before others are filled with the
    ///   padding token.
    /// - Throws: ``ModelError`` if an option is out of range or the prompt is empty.
    public final func generate(
        _ prompt: Tensor, attentionMask: Tensor? = nil, options: GenerationOptions? = nil
    ) throws -> Tensor {
        let options = options ?? generationOptions()
        try checkPrompt(prompt, options)
        return try evaluating {
            let session = CausalSession(self, attentionMask: attentionMask)
            let sequences = Self.sequences(prompt, attentionMask)
            if options.beamCount > 1 {
                return try BeamSearch(options, session, prompt: prompt, sequences: sequences).run(prompt: prompt)
            }
            var loop = TokenLoop(options, session, prompt: prompt, sequences: sequences)
            var columns = [prompt.to(.int64)]
            while !loop.isDone {
                try Task.checkCancellation()
                let chosen = loop.step()
                columns.append(Tensor(chosen.map { Int64($0) }, shape: [chosen.count, 1], device: prompt.device))
            }
            return cat(columns, dim: 1)
        }
    }

    /// Generates tokens after one prompt, and gives each token as soon as it is chosen.
    ///
    ///     for try await token in model.tokens(after: prompt, options: options) {
    ///         print(decoder.append(token), terminator: "")
    ///     }
    ///
    /// The model computes on a thread of its own; it must not be used elsewhere meanwhile. Ending the loop ends the
    /// computation. End tokens are not among the results.
    ///
    /// - Parameters:
    ///   - prompt: The tokens of the prompt.
    ///   - options: How tokens are chosen; beam search is an error. Default: those of the model's files.
    public final func tokens(after prompt: [Int], options: GenerationOptions? = nil) -> AsyncThrowingStream<
        Int, any Error
    > {
        let options = options ?? generationOptions()
        let model = UncheckedBox(self)
        return AsyncThrowingStream { continuation in
            let task = Task.detached {
                do {
                    try model.value.stream(prompt, options) { token in
                        if case .terminated = continuation.yield(token) { return false }
                        return !Task.isCancelled
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func stream(_ prompt: [Int], _ options: GenerationOptions, _ receive: (Int) -> Bool) throws {
        guard options.beamCount == 1 else {
            throw ModelError(
                "tokens(after:)", "beamCount is \(options.beamCount)", expected: "1: beams have no next token")
        }
        let device = parameters().first?.device ?? .current
        let tokens = Tensor(prompt.map { Int64($0) }, shape: [1, prompt.count], device: device)
        try checkPrompt(tokens, options)
        evaluating {
            var loop = TokenLoop(
                options, CausalSession(self, attentionMask: nil), prompt: tokens, sequences: [prompt])
            while !loop.isDone {
                let token = loop.step()[0]
                if loop.ended[0] || !receive(token) { return }
            }
        }
    }

    private func checkPrompt(_ prompt: Tensor, _ options: GenerationOptions) throws(ModelError) {
        try options.check(vocabulary: vocabularySize)
        guard prompt.rank == 2, prompt.shape[1] > 0, prompt.dtype.isInteger else {
            throw ModelError(
                "generate", "the prompt is \(prompt.dtype) \(prompt.shape)",
                expected: "tokens of an integer dtype, [N, T] with at least one token")
        }
        if let maxLength, prompt.shape[1] + options.maxNewTokens > maxLength {
            throw ModelError(
                "generate",
                "\(prompt.shape[1]) tokens and \(options.maxNewTokens) new ones are longer than the model's positions",
                expected: "at most \(maxLength) tokens")
        }
    }

    /// The tokens of each prompt, without padding.
    static func sequences(_ prompt: Tensor, _ attentionMask: Tensor?) -> [[Int]] {
        let width = prompt.shape[1]
        let tokens = prompt.to(.int64).toArray(Int64.self).map { Int($0) }
        let mask = attentionMask?.to(.int64).toArray(Int64.self)
        return (0..<prompt.shape[0]).map { row in
            (row * width..<(row + 1) * width).compactMap { mask?[$0] == 0 ? nil : tokens[$0] }
        }
    }
}

extension PretrainedModel {
    /// Runs a closure without gradients and in evaluation mode, and restores the mode.
    final func evaluating<R>(_ body: () throws -> R) rethrows -> R {
        let wasTraining = isTraining
        if wasTraining { eval() }
        defer { if wasTraining { train() } }
        return try noGrad { try body() }
    }
}

/// A value that the user promises not to use from two threads at a time.
private struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
