import TorchlightCore
import TorchlightIO

extension CausalModel {
    /// Generates tokens after a batch of prompts.
    ///
    ///     var options = GenerationOptions(maxNewTokens: 50)
    ///     options.temperature = 0.8
    ///     let tokens = try model.generate(prompt, options: options)
    ///
    /// - Parameters:
    ///   - prompt: Tokens, int64 `[N, T]`. Shorter prompts are padded on the left.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`. Default: no padding.
    ///   - assistant: A smaller model with the same vocabulary that proposes tokens (speculative decoding, for one
    ///     prompt). The distribution of the result is the same. Default: none.
    ///   - options: The generation options. Default: those of the model files.
    /// - Returns: Prompts and generated tokens, `[N, T + generated]`. Sequences that end earlier are padded with the
    ///   padding token. With ``GenerationOptions/sequenceCount`` above 1, each prompt has that many rows.
    /// - Throws: ``ModelError`` if an option is out of range or the prompt is empty.
    public final func generate(
        _ prompt: Tensor, attentionMask: Tensor? = nil, assistant: CausalModel? = nil, options: GenerationOptions? = nil
    ) throws -> Tensor {
        let options = try options ?? generationOptions()
        let sequences = try generateSequences(
            prompt, attentionMask: attentionMask, assistant: assistant, options: options)
        return sequences.tensor(after: prompt, pad: options.pad)
    }

    /// Generates tokens after a batch of prompts, and returns the finish reason, score and log-probabilities of each
    /// sequence.
    ///
    /// The parameters are those of ``generate(_:attentionMask:assistant:options:)``.
    ///
    /// - Returns: ``GenerationOptions/sequenceCount`` sequences for each prompt, without the prompt.
    /// - Throws: ``ModelError`` if an option is out of range or the prompt is empty.
    public final func generateSequences(
        _ prompt: Tensor, attentionMask: Tensor? = nil, assistant: CausalModel? = nil, options: GenerationOptions? = nil
    ) throws -> [GeneratedSequence] {
        let options = try options ?? generationOptions()
        try options.checkStops()
        return try run(prompt, attentionMask, options, GenerationInputs(assistant: assistant))
    }

    /// Generates tokens after one prompt, as an asynchronous stream.
    ///
    ///     for try await token in model.tokens(after: prompt, options: options) {
    ///         print(token)
    ///     }
    ///
    /// The model runs on a separate thread, and must not be used elsewhere during the loop. Leaving the loop stops the
    /// generation. End tokens are not part of the stream.
    ///
    /// - Parameters:
    ///   - prompt: The tokens of the prompt.
    ///   - assistant: A smaller model with the same vocabulary that proposes tokens. Default: none.
    ///   - cache: The key-value cache of a common prefix; the keys and values of the prompt and of the generated tokens
    ///     are stored in it. Default: none.
    ///   - options: The generation options; beam search is an error. Default: those of the model files.
    public final func tokens(
        after prompt: [Int], assistant: CausalModel? = nil, cache: PromptCache? = nil, options: GenerationOptions? = nil
    ) -> AsyncThrowingStream<Int, any Error> {
        let arguments = UncheckedBox((model: self, assistant: assistant, cache: cache))
        return .detached { yield in
            let (model, assistant, cache) = arguments.value
            let options = try options ?? model.generationOptions()
            try options.checkStops()
            let ends = Set(options.endTokens)
            let inputs = GenerationInputs(
                assistant: assistant, cache: cache, receive: { ends.contains($0) || yield($0) })
            _ = try model.run(model.tensor(prompt), nil, options, inputs)
        }
    }

    /// The tokens as a batch of one sequence on the device of the model.
    final func tensor(_ tokens: [Int]) -> Tensor {
        Tensor(tokens.map { Int64($0) }, shape: [1, tokens.count], device: parameters().first?.device ?? .current)
    }

    /// Generates tokens after a batch of prompts.
    final func run(
        _ prompt: Tensor, _ attentionMask: Tensor?, _ options: GenerationOptions,
        _ inputs: GenerationInputs<CausalModel>
    ) throws -> [GeneratedSequence] {
        try checkPrompt(prompt, options)
        try inputs.check(options, batch: prompt.shape[0], vocabulary: vocabularySize)
        if let assistant = inputs.assistant {
            guard assistant.vocabularySize == vocabularySize else {
                throw ModelError(
                    "generate", "the assistant has a vocabulary of \(quantity(assistant.vocabularySize, "token"))",
                    expected: "the \(vocabularySize) of the model")
            }
            try assistant.checkLength(prompt.shape[1], options)
        }
        return try evaluating {
            let prompt = prompt.to(.int64)
            let prompts = Self.sequences(prompt, attentionMask)
            // A mask without padding has no effect and costs time.
            let mask = prompts.allSatisfy { $0.count == prompt.shape[1] } ? nil : attentionMask
            let usesCache = options.beamCount == 1 && options.contrastivePenalty == nil && options.sequenceCount == 1
            let keyValues = usesCache ? inputs.cache?.keyValues ?? KeyValueCache() : KeyValueCache()
            let reused = usesCache ? inputs.cache?.reuse(for: prompts[0]) ?? 0 : 0
            let session = CausalSession(self, attentionMask: mask, cache: keyValues)
            let run = GenerationRun(
                options, session, pending: prompt.narrow(1, start: reused, length: prompt.shape[1] - reused),
                prompts: prompts, promptLength: prompt.shape[1], sources: prompts, stops: inputs.stops)
            let sequences = try inputs.sequences(run) { CausalSession($0, attentionMask: nil) }
            if usesCache { inputs.cache?.record(prompts[0] + sequences[0].tokens) }
            return sequences
        }
    }

    private func checkPrompt(_ prompt: Tensor, _ options: GenerationOptions) throws(ModelError) {
        try options.check(vocabulary: vocabularySize)
        guard prompt.rank == 2, prompt.shape[0] > 0, prompt.shape[1] > 0, prompt.dtype.isInteger else {
            throw ModelError(
                "generate", "the prompt is \(prompt.dtype) \(prompt.shape)",
                expected: "tokens of an integer dtype, [N, T] with at least one token")
        }
        try checkLength(prompt.shape[1], options)
    }

    private func checkLength(_ count: Int, _ options: GenerationOptions) throws(ModelError) {
        try options.checkMaxLength(promptLength: count)
        if let maxLength, count + options.limit(promptLength: count) > maxLength {
            throw ModelError(
                "generate",
                "\(quantity(count, "token")) and \(options.limit(promptLength: count)) new ones are longer than the "
                    + "positions of \(type(of: self))",
                expected: "at most \(quantity(maxLength, "token"))")
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

/// The inputs of a generation other than prompt and options.
struct GenerationInputs<Model: PretrainedModel> {
    var assistant: Model?
    var cache: PromptCache?
    /// Whether a sequence ends after its next token because of its text, given the row and the token.
    var stops: ((Int, Int) -> Bool)?
    /// Called with each token of the first sequence; returns whether to continue.
    var receive: ((Int) -> Bool)?

    init(
        assistant: Model? = nil, cache: PromptCache? = nil, stops: ((Int, Int) -> Bool)? = nil,
        receive: ((Int) -> Bool)? = nil
    ) {
        self.assistant = assistant
        self.cache = cache
        self.stops = stops
        self.receive = receive
    }

    func check(_ options: GenerationOptions, batch: Int, vocabulary: Int) throws(ModelError) {
        if receive != nil, options.beamCount > 1 {
            throw ModelError(
                "generate", "beamCount is \(options.beamCount)",
                expected: "1 for a stream of tokens")
        }
        if receive != nil || cache != nil, batch > 1 {
            throw ModelError("generate", "\(quantity(batch, "prompt"))", expected: "one for a stream or a prompt cache")
        }
        if assistant != nil || options.promptLookupTokens != nil {
            guard batch == 1, options.sequenceCount == 1, options.beamCount == 1, options.contrastivePenalty == nil
            else {
                throw ModelError(
                    "generate", "speculative decoding with \(quantity(batch, "prompt"))",
                    expected: "one prompt and one sequence, without beams and contrastive search")
            }
        }
    }

    /// Runs the search selected by the options.
    ///
    /// - Parameter session: The session of the assistant.
    func sequences(
        _ run: GenerationRun, session: (Model) -> any DecodingSession
    ) throws -> [GeneratedSequence] {
        let proposed: (any TokenSource)?
        if let assistant {
            proposed = AssistantModel(session(assistant), run.options, sources: run.scores.sources, device: run.device)
        } else {
            proposed = run.options.promptLookupTokens == nil ? nil : PromptLookup(run.options)
        }
        guard let proposed, run.options.maxNewTokens > 0 else { return try run.sequences(receive) }
        return [try AssistedDecoding(run, proposed).sequence(receive)]
    }
}

extension GenerationOptions {
    /// Throws if there are stop strings, which need a tokenizer.
    func checkStops() throws(ModelError) {
        guard stopStrings.isEmpty else {
            throw ModelError(
                "generate", "stopStrings is \(stopStrings)", expected: "none without a tokenizer; use TextGenerator")
        }
    }

    /// Throws if the prompt has the maximum length or more.
    func checkMaxLength(promptLength: Int) throws(ModelError) {
        if let maxLength, maxLength <= promptLength {
            throw ModelError(
                "generate", "maxLength is \(maxLength) with a prompt of \(quantity(promptLength, "token"))",
                expected: "more than the length of the prompt; set maxNewTokens")
        }
    }
}

extension PretrainedModel {
    /// Runs a closure in evaluation mode without gradients, and restores the mode.
    final func evaluating<R>(_ body: () throws -> R) rethrows -> R {
        let wasTraining = isTraining
        if wasTraining { eval() }
        defer { if wasTraining { train() } }
        return try noGrad { try body() }
    }
}

/// A value that the caller does not use on two threads at a time.
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension AsyncThrowingStream where Failure == any Error, Element: Sendable {
    /// A stream whose elements a closure computes on a separate thread.
    ///
    /// - Parameter body: Called with a function that sends an element and returns whether to continue.
    static func detached(_ body: @escaping @Sendable (@escaping (Element) -> Bool) throws -> Void) -> Self {
        AsyncThrowingStream { continuation in
            let task = Task.detached {
                do {
                    try body { element in
                        if case .terminated = continuation.yield(element) { return false }
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
}
