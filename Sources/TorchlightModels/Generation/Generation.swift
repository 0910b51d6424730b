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
    ///   - prompt: Tokens, int64 `[N, T]`. Shorter prompts have padding on the left.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`. Default: no padding.
    ///   - assistant: A smaller model of the same vocabulary that proposes tokens (assisted decoding, for one prompt). The
    ///     result has the same distribution as without it. Default: none.
    ///   - options: How tokens are chosen. Default: those of the model's files.
    /// - Returns: Prompts and generated tokens, `[N, T + generated]`. Sequences that ended before others are filled with the
    ///   padding token. With ``GenerationOptions/sequenceCount`` above 1, each prompt has as many rows.
    /// - Throws: ``ModelError`` if an option is out of range or the prompt is empty.
    public final func generate(
        _ prompt: Tensor, attentionMask: Tensor? = nil, assistant: CausalModel? = nil, options: GenerationOptions? = nil
    ) throws -> Tensor {
        let options = try options ?? generationOptions()
        let sequences = try generateSequences(
            prompt, attentionMask: attentionMask, assistant: assistant, options: options)
        return sequences.tensor(after: prompt, pad: options.pad)
    }

    /// Generates tokens after a batch of prompts, and returns why each sequence ended, its score and its log probabilities.
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

    /// Generates tokens after one prompt, and gives each token as soon as it is chosen.
    ///
    ///     for try await token in model.tokens(after: prompt, options: options) {
    ///         print(token)
    ///     }
    ///
    /// The model computes on a thread of its own; it must not be used elsewhere meanwhile. Ending the loop ends the
    /// computation. End tokens are not among the results.
    ///
    /// - Parameters:
    ///   - prompt: The tokens of the prompt.
    ///   - assistant: A smaller model of the same vocabulary that proposes tokens. Default: none.
    ///   - cache: The keys and values of a text that the prompt may begin with; receives those of the prompt and of the
    ///     generated tokens. Default: none.
    ///   - options: How tokens are chosen; beam search is an error. Default: those of the model's files.
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

    /// Tokens as a batch of one sequence on the device of the model.
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
            // A mask of ones alone costs time and changes nothing.
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

/// What a generation receives beside prompt and options.
struct GenerationInputs<Model: PretrainedModel> {
    var assistant: Model?
    var cache: PromptCache?
    /// Whether a sequence ends after its next token because of its text: the row and the token.
    var stops: ((Int, Int) -> Bool)?
    /// Is called with each token of the first sequence, and returns whether to go on.
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
                expected: "1 for a stream of tokens: beams have no next token")
        }
        if receive != nil || cache != nil, batch > 1 {
            throw ModelError("generate", "\(quantity(batch, "prompt"))", expected: "one for a stream or a prompt cache")
        }
        if assistant != nil || options.promptLookupTokens != nil {
            guard batch == 1, options.sequenceCount == 1, options.beamCount == 1, options.contrastivePenalty == nil
            else {
                throw ModelError(
                    "generate", "assisted decoding with \(quantity(batch, "prompt"))",
                    expected: "one prompt and one sequence, without beams and contrastive search")
            }
        }
    }

    /// Runs the search that the options name.
    ///
    /// - Parameter session: The state of the assistant.
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

    /// Throws if the maximum length leaves no token after a prompt.
    func checkMaxLength(promptLength: Int) throws(ModelError) {
        if let maxLength, maxLength <= promptLength {
            throw ModelError(
                "generate", "maxLength is \(maxLength) with a prompt of \(quantity(promptLength, "token"))",
                expected: "more than the prompt has; set maxNewTokens")
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
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension AsyncThrowingStream where Failure == any Error, Element: Sendable {
    /// A stream whose elements a closure computes on a thread of its own.
    ///
    /// - Parameter body: Gets a function that takes an element, and returns whether to go on.
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
