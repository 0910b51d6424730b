import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

/// Text generation with a model and its tokenizer.
///
///     let generator = try TextGenerator.load("path/to/model")
///     for try await piece in generator("Once upon a time", maxNewTokens: 100) { print(piece, terminator: "") }
///
/// The model is a decoder (GPT-2, Llama, ...), which continues a prompt, or an encoder-decoder model (T5, BART), which
/// encodes the input. A generator computes one text at a time; it must not be used on two threads at once.
public final class TextGenerator {
    /// The model: a ``CausalModel`` or an ``EncoderDecoderModel``.
    public let model: PretrainedModel
    /// The tokenizer of the model.
    public let tokenizer: Tokenizer
    /// The chat templates of the model; nil if it has none.
    public let chatTemplates: ChatTemplates?
    /// The default generation options. Default: those of the model files.
    public var options: GenerationOptions
    /// A smaller model with the same tokenizer that proposes tokens (speculative decoding). Default: none.
    public var assistant: PretrainedModel?

    /// Creates a pipeline from a model and a tokenizer.
    ///
    /// - Parameters:
    ///   - model: A ``CausalModel`` or an ``EncoderDecoderModel``.
    ///   - tokenizer: The tokenizer of the model.
    ///   - chatTemplates: The chat templates of the model. Default: none.
    ///   - options: The default generation options. Default: those of the model files.
    /// - Throws: ``ModelError`` if the model does not generate text.
    public init(
        _ model: PretrainedModel, tokenizer: Tokenizer, chatTemplates: ChatTemplates? = nil,
        options: GenerationOptions? = nil
    ) throws {
        guard model is CausalModel || model is EncoderDecoderModel else {
            throw ModelError(
                "TextGenerator", "\(type(of: model)) does not generate text", expected: "a model with a decoder")
        }
        self.model = model
        self.tokenizer = tokenizer
        self.chatTemplates = chatTemplates
        self.options = try options ?? model.generationOptions()
    }

    /// Loads a model, its tokenizer and its chat templates from a folder or a GGUF file; see
    /// ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> TextGenerator {
        let model = try AutoModel.load(folder, dtype: dtype, device: device, ignoring: ignoring)
        var templates: ChatTemplates?
        do { templates = try ChatTemplates(path: folder) } catch { if error.kind != .notFound { throw error } }
        return try TextGenerator(
            model, tokenizer: Tokenizer(path: folder), chatTemplates: templates,
            options: model.generationOptions(ignoring: ignoring))
    }

    // MARK: - Texts

    /// Generates text after a prompt, as an asynchronous stream of pieces. Pieces contain complete characters; text
    /// that may be the start of a stop string is buffered.
    ///
    /// - Parameters:
    ///   - prompt: The prompt of a decoder, or the input of an encoder.
    ///   - maxNewTokens: The maximum number of tokens to generate. Default: that of the options.
    ///   - cache: The key-value cache of a common prefix of prompts. Default: none.
    ///   - options: The generation options. Default: ``options``.
    public func callAsFunction(
        _ prompt: String, maxNewTokens: Int? = nil, cache: PromptCache? = nil, options: GenerationOptions? = nil
    ) -> AsyncThrowingStream<String, any Error> {
        let arguments = UncheckedBox((generator: self, cache: cache))
        return .detached { yield in
            _ = try arguments.value.generator.generate(
                prompt, maxNewTokens: maxNewTokens, cache: arguments.value.cache, options: options, onText: yield)
        }
    }

    /// Generates text after a prompt.
    ///
    /// - Parameters:
    ///   - prompt: The prompt of a decoder, or the input of an encoder.
    ///   - addSpecialTokens: Whether the special tokens of the tokenizer are added to the prompt. Default: true.
    ///   - maxNewTokens: The maximum number of tokens to generate. Default: that of the options.
    ///   - cache: The key-value cache of a common prefix of prompts. Default: none.
    ///   - options: The generation options. Default: ``options``.
    ///   - onText: Called with each piece of the text; returns whether to continue. Default: none.
    /// - Throws: ``ModelError`` if an option is out of range, `TokenizerError` if the prompt cannot be encoded.
    public func generate(
        _ prompt: String, addSpecialTokens: Bool = true, maxNewTokens: Int? = nil, cache: PromptCache? = nil,
        options: GenerationOptions? = nil, onText: ((String) -> Bool)? = nil
    ) throws -> GeneratedText {
        let tokens = try tokenizer.ids(prompt, addSpecialTokens: addSpecialTokens)
        return try generate(
            tokens: tokens, cache: cache, options: resolved(options, maxNewTokens), onText: onText)
    }

    /// Generates texts after a batch of prompts. Shorter prompts of a decoder are padded on the left.
    ///
    /// - Parameters:
    ///   - prompts: The prompts of a decoder, or the inputs of an encoder.
    ///   - addSpecialTokens: Whether the special tokens of the tokenizer are added to the prompts. Default: true.
    ///   - maxNewTokens: The maximum number of tokens to generate. Default: that of the options.
    ///   - options: The generation options. Default: ``options``.
    /// - Returns: ``GenerationOptions/sequenceCount`` texts for each prompt.
    /// - Throws: ``ModelError`` if an option is out of range, `TokenizerError` if a prompt cannot be encoded.
    public func generate(
        _ prompts: [String], addSpecialTokens: Bool = true, maxNewTokens: Int? = nil, options: GenerationOptions? = nil
    ) throws -> [GeneratedText] {
        guard !prompts.isEmpty else { return [] }
        let options = resolved(options, maxNewTokens)
        let batch = try prompts.map { try tokenizer.ids($0, addSpecialTokens: addSpecialTokens) }
        for tokens in batch { try checkPrompt(tokens) }
        let padded = PaddedBatch(
            batch, pad: options.pad, onLeft: model is CausalModel, device: model.parameters().first?.device ?? .current)
        var texts = StopStringStreams(tokenizer, batch, model is CausalModel, options)
        let start = ContinuousClock.now
        let stops: (Int, Int) -> Bool = { row, token in texts.append(token, row: row) }
        let rowStops = options.stopStrings.isEmpty ? nil : stops
        let sequences: [GeneratedSequence]
        switch model {
        case let model as CausalModel:
            sequences = try model.run(padded.tokens, padded.mask, options, GenerationInputs(stops: rowStops))
        case let model as EncoderDecoderModel:
            let prompt = Tensor.full([batch.count, 1], model.startToken, dtype: .int64, device: padded.tokens.device)
            sequences = try model.run(padded.tokens, padded.mask, prompt, options, GenerationInputs(stops: rowStops))
        default: preconditionFailure("checked by the initialiser")
        }
        let seconds = (ContinuousClock.now - start).inSeconds
        return try sequences.map { sequence in
            let prompt = batch[sequence.promptIndex]
            var stream = TextStream(tokenizer, after: model is CausalModel ? prompt : [], stops: options.stopStrings)
            var text = ""
            for token in sequence.tokens { text += try stream.append(token) }
            text += try stream.finish()
            var sequence = sequence
            if stream.isStopped { sequence.finishReason = .stopString }
            return GeneratedText(
                text: text, sequence: sequence, promptTokenCount: prompt.count, promptSeconds: 0, seconds: seconds)
        }
    }

    /// Generates text after the tokens of a prompt; see
    /// ``generate(_:addSpecialTokens:maxNewTokens:cache:options:onText:)``.
    ///
    /// - Parameters:
    ///   - tokens: The prompt of a decoder, or the input of an encoder.
    ///   - cache: The key-value cache of a common prefix of prompts. Default: none.
    ///   - options: The generation options. Default: ``options``.
    ///   - onText: Called with each piece of the text; returns whether to continue. Default: none.
    /// - Throws: ``ModelError`` if an option is out of range, or if the prompt is empty.
    public func generate(
        tokens: [Int], cache: PromptCache? = nil, options: GenerationOptions? = nil, onText: ((String) -> Bool)? = nil
    ) throws -> GeneratedText {
        try checkPrompt(tokens)
        let options = options ?? self.options
        guard options.sequenceCount == 1 else {
            throw ModelError(
                "generate", "sequenceCount is \(options.sequenceCount) for one text",
                expected: "1, or a list of prompts")
        }
        let writer = TextWriter(
            TextStream(tokenizer, after: model is CausalModel ? tokens : [], stops: options.stopStrings), onText)
        // Beam search has no text before its end.
        let isStreamed = options.beamCount == 1
        let stops: (Int, Int) -> Bool = { _, token in writer.append(token) }
        let receive: (Int) -> Bool = { _ in writer.goesOn }
        let start = ContinuousClock.now
        let sequences: [GeneratedSequence]
        switch model {
        case let model as CausalModel:
            let assistant: CausalModel? = try castAssistant()
            sequences = try model.run(
                model.tensor(tokens), nil, options,
                GenerationInputs(
                    assistant: assistant, cache: cache, stops: isStreamed ? stops : nil,
                    receive: isStreamed ? receive : nil))
        case let model as EncoderDecoderModel:
            let assistant: EncoderDecoderModel? = try castAssistant()
            let device = model.parameters().first?.device ?? .current
            let input = Tensor(tokens.map { Int64($0) }, shape: [1, tokens.count], device: device)
            sequences = try model.run(
                input, nil, model.startTokens(device: device), options,
                GenerationInputs(
                    assistant: assistant, stops: isStreamed ? stops : nil, receive: isStreamed ? receive : nil))
        default: preconditionFailure("checked by the initialiser")
        }
        return try writer.finish(sequences[0], promptTokenCount: tokens.count, start: start)
    }

    private func checkPrompt(_ tokens: [Int]) throws(ModelError) {
        guard !tokens.isEmpty else {
            throw ModelError("generate", "the prompt has no tokens", expected: "a text with at least one token")
        }
    }

    private func resolved(_ options: GenerationOptions?, _ maxNewTokens: Int?) -> GenerationOptions {
        var options = options ?? self.options
        if let maxNewTokens { options.maxNewTokens = maxNewTokens }
        return options
    }

    private func castAssistant<Model: PretrainedModel>() throws(ModelError) -> Model? {
        guard let assistant else { return nil }
        guard let model = assistant as? Model else {
            throw ModelError(
                "generate", "the assistant is a \(type(of: assistant))", expected: "a \(Model.self), as the model is")
        }
        return model
    }
}
