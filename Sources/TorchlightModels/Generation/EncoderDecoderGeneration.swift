import TorchlightCore

extension EncoderDecoderModel {
    /// Generates text for a batch of inputs.
    ///
    /// - Parameters:
    ///   - input: The encoder input: tokens, int64 `[N, S]`, or features.
    ///   - attentionMask: 1 for tokens of the encoder input and 0 for padding, `[N, S]`. Default: no padding.
    ///   - decoderPrompt: The first tokens of the decoder, int64 `[N, T]`. Default: the start token.
    ///   - assistant: A smaller model with the same vocabulary that proposes tokens (speculative decoding, for one
    ///     input). Default: none.
    ///   - options: The generation options. Default: those of the model files.
    /// - Returns: The decoder prompt and the generated tokens, `[N, T + generated]`. With
    ///   ``GenerationOptions/sequenceCount`` above 1, each input has that many rows.
    /// - Throws: ``ModelError`` if an option is out of range.
    public final func generate(
        _ input: Tensor, attentionMask: Tensor? = nil, decoderPrompt: Tensor? = nil,
        assistant: EncoderDecoderModel? = nil, options: GenerationOptions? = nil
    ) throws -> Tensor {
        let options = try options ?? generationOptions()
        let sequences = try generateSequences(
            input, attentionMask: attentionMask, decoderPrompt: decoderPrompt, assistant: assistant, options: options)
        return sequences.tensor(after: decoderPrompt ?? startTokens(input), pad: options.pad)
    }

    /// Generates text for a batch of inputs, and returns the finish reason, score and log-probabilities of each
    /// sequence.
    ///
    /// The parameters are those of ``generate(_:attentionMask:decoderPrompt:assistant:options:)``.
    ///
    /// - Returns: ``GenerationOptions/sequenceCount`` sequences for each input, without the decoder prompt.
    /// - Throws: ``ModelError`` if an option is out of range.
    public final func generateSequences(
        _ input: Tensor, attentionMask: Tensor? = nil, decoderPrompt: Tensor? = nil,
        assistant: EncoderDecoderModel? = nil, options: GenerationOptions? = nil
    ) throws -> [GeneratedSequence] {
        let options = try options ?? generationOptions()
        try options.checkStops()
        return try run(
            input, attentionMask, decoderPrompt ?? startTokens(input), options, GenerationInputs(assistant: assistant))
    }

    private func startTokens(_ input: Tensor) -> Tensor {
        Tensor.full([input.shape[0], 1], startToken, dtype: .int64, device: input.device)
    }

    /// The start token, for one input.
    final func startTokens(device: Device) -> Tensor {
        Tensor.full([1, 1], startToken, dtype: .int64, device: device)
    }

    /// Generates a text for a batch of inputs.
    final func run(
        _ input: Tensor, _ attentionMask: Tensor?, _ prompt: Tensor, _ options: GenerationOptions,
        _ inputs: GenerationInputs<EncoderDecoderModel>
    ) throws -> [GeneratedSequence] {
        try options.check(vocabulary: vocabularySize)
        guard input.rank >= 2, prompt.rank == 2, prompt.shape[0] == input.shape[0], prompt.shape[1] > 0 else {
            throw ModelError(
                "generate", "the input has the shape \(input.shape) and the decoder's prompt \(prompt.shape)",
                expected: "[N, S] and [N, T] with at least one token")
        }
        try checkLength(prompt.shape[1], options)
        try inputs.check(options, batch: input.shape[0], vocabulary: vocabularySize)
        if let assistant = inputs.assistant {
            guard assistant.vocabularySize == vocabularySize else {
                throw ModelError(
                    "generate", "the assistant has a vocabulary of \(quantity(assistant.vocabularySize, "token"))",
                    expected: "the \(vocabularySize) of the model")
            }
            try assistant.checkLength(prompt.shape[1], options)
        }
        return try evaluating {
            let isText = input.rank == 2 && input.dtype.isInteger
            // As in transformers, the rules for the encoder tokens include its padding.
            let sources = isText ? CausalModel.sequences(input, nil) : []
            let run = GenerationRun(
                options, session(input, attentionMask), pending: prompt.to(.int64),
                prompts: CausalModel.sequences(prompt, nil), promptLength: prompt.shape[1], sources: sources,
                stops: inputs.stops)
            return try inputs.sequences(run) { $0.session(input, attentionMask) }
        }
    }

    private func session(_ input: Tensor, _ attentionMask: Tensor?) -> EncoderDecoderSession {
        var states: [Tensor]?
        let memory = encode(input, attentionMask: attentionMask, states: &states)
        return EncoderDecoderSession(self, memory: memory, memoryMask: attentionMask)
    }

    private func checkLength(_ count: Int, _ options: GenerationOptions) throws(ModelError) {
        try options.checkMaxLength(promptLength: count)
        if let limit = maxDecoderLength, count + options.limit(promptLength: count) > limit {
            throw ModelError(
                "generate",
                "\(quantity(count, "token")) and \(options.limit(promptLength: count)) new ones are longer than the "
                    + "positions of the decoder of \(type(of: self))",
                expected: "at most \(quantity(limit, "token"))")
        }
    }
}
