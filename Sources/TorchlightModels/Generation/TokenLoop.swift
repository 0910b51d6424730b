import TorchlightCore

/// The shared state of all searches: options, session, prompts and stopping criteria.
struct GenerationRun {
    /// The options, with the maximum length converted to a number of new tokens.
    let options: GenerationOptions
    let scores: TokenScores
    let session: any DecodingSession
    let device: Device
    /// The tokens that are not yet processed, `[N, T]`.
    let pending: Tensor
    /// The tokens of each prompt, without padding.
    let prompts: [[Int]]
    /// Whether a sequence ends after its next token because of its text, given the row and the token.
    var stops: ((Int, Int) -> Bool)?
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - promptLength: The length of a prompt, including padding.
    ///   - sources: The tokens of the encoder inputs, or of the prompts without an encoder.
    init(
        _ options: GenerationOptions, _ session: any DecodingSession, pending: Tensor, prompts: [[Int]],
        promptLength: Int, sources: [[Int]], stops: ((Int, Int) -> Bool)? = nil
    ) {
        self.options = options.resolved(promptLength: promptLength)
        scores = TokenScores(self.options, sources: sources)
        self.session = session
        device = pending.device
        self.pending = pending
        self.prompts = prompts
        self.stops = stops
    }

    /// Whether the time limit is exceeded.
    var isOutOfTime: Bool {
        guard let limit = options.maxTime else { return false }
        return ContinuousClock.now - start >= .seconds(limit)
    }

    /// The reason that a sequence ends with its next token; nil if it continues.
    func endReason(row: Int, token: Int) -> GeneratedSequence.FinishReason? {
        if scores.ends(token) { return .endToken }
        return stops?(row, token) == true ? .stopString : nil
    }

    /// A tensor of one token per row, `[N, 1]`.
    func column(_ tokens: [Int]) -> Tensor {
        Tensor(tokens.map { Int64($0) }, shape: [tokens.count, 1], device: device)
    }

    /// Repeats each sequence of the session, and its logits.
    func repeated(_ logits: Tensor, count: Int) -> Tensor {
        guard count > 1 else { return logits }
        let copies = prompts.indices.flatMap { Array(repeating: Int64($0), count: count) }
        let indices = Tensor(copies, shape: [copies.count], device: device)
        session.reorder(indices)
        return logits.indexSelect(0, indices)
    }

    /// Generates tokens until all sequences have ended.
    ///
    /// - Parameter receive: Called with each chosen token of the first sequence; returns whether to continue.
    func sequences(_ receive: ((Int) -> Bool)? = nil) throws -> [GeneratedSequence] {
        guard options.maxNewTokens > 0 else {
            return prompts.indices.flatMap { prompt in
                Array(repeating: GeneratedSequence(promptIndex: prompt, tokens: []), count: options.sequenceCount)
            }
        }
        if options.beamCount > 1 { return try BeamSearch(self).sequences() }
        if options.contrastivePenalty != nil { return try ContrastiveSearch(self).sequences(receive) }
        var loop = TokenLoop(self)
        while !loop.isDone {
            try Task.checkCancellation()
            let token = loop.step()[0]
            if let receive, !receive(token) { loop.cancel() }
        }
        return loop.sequences
    }

    /// The log-probabilities of a row of logits.
    func logProbabilities(_ values: ArraySlice<Float>, chosen: Int) -> GeneratedSequence.LogProbabilities {
        let row = Array(values)
        let top = TokenScores.largest(row, count: options.logProbabilities ?? 0)
        return .init(
            chosen: .init(token: chosen, logProbability: Double(row[chosen])),
            top: top.map { .init(token: $0, logProbability: Double(row[$0])) })
    }
}

/// Greedy search and sampling for a batch of sequences.
struct TokenLoop {
    let run: GenerationRun
    /// The tokens of each sequence, including the prompt, without left padding.
    private var tokens: [[Int]]
    private(set) var sequences: [GeneratedSequence]
    /// Whether a sequence has ended.
    private(set) var ended: [Bool]
    private var generated = 0
    /// The tokens that are not yet processed.
    private var pending: Tensor

    init(_ run: GenerationRun) {
        self.run = run
        let rows = run.prompts.indices.flatMap { Array(repeating: $0, count: run.options.sequenceCount) }
        tokens = rows.map { run.prompts[$0] }
        sequences = rows.map { GeneratedSequence(promptIndex: $0, tokens: []) }
        ended = rows.map { _ in false }
        pending = run.pending
    }

    var isDone: Bool { generated >= run.options.maxNewTokens || ended.allSatisfy { $0 } }

    /// Ends all sequences.
    mutating func cancel() { end(.cancelled) }

    private mutating func end(_ reason: GeneratedSequence.FinishReason) {
        for row in ended.indices where !ended[row] {
            ended[row] = true
            sequences[row].finishReason = reason
        }
    }

    /// Chooses the next token of each sequence; the padding token for sequences that have ended.
    mutating func step() -> [Int] {
        let (scores, options) = (run.scores, run.options)
        var logits = run.session.next(pending)
        if generated == 0 { logits = run.repeated(logits, count: options.sequenceCount) }
        let width = logits.shape[1]
        var chosen: [Int]
        if scores.isPlainGreedy {
            chosen = logits.argmax(dim: -1).toArray(Int64.self).map { Int($0) }
        } else {
            let uniform: [Double] =
                options.temperature == nil
                ? []
                : Tensor.rand([ended.count], dtype: .float64, device: .cpu, generator: options.generator)
                    .toArray(Double.self)
            let values = logits.to(.float32).toArray(Float.self)
            chosen = ended.indices.map { row in
                if ended[row] { return 0 }
                var line = Array(values[row * width..<(row + 1) * width])
                scores.applyRules(
                    &line, sequence: tokens[row], generated: generated, prompt: sequences[row].promptIndex)
                return uniform.isEmpty ? scores.best(line) : scores.sample(line, uniform: uniform[row])
            }
        }
        let logProbabilities =
            options.logProbabilities == nil
            ? [] : logits.logSoftmax(dim: -1, dtype: .float32).toArray(Float.self)
        generated += 1
        for row in chosen.indices {
            if ended[row] {
                chosen[row] = options.pad
                continue
            }
            let token = chosen[row]
            tokens[row].append(token)
            sequences[row].tokens.append(token)
            if !logProbabilities.isEmpty {
                sequences[row].logProbabilities.append(
                    run.logProbabilities(logProbabilities[row * width..<(row + 1) * width], chosen: token))
            }
            if let reason = run.endReason(row: row, token: token) {
                ended[row] = true
                sequences[row].finishReason = reason
            }
        }
        if run.isOutOfTime, !isDone { end(.time) }
        pending = run.column(chosen)
        return chosen
    }
}
