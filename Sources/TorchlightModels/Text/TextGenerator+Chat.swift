import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

extension TextGenerator {
    /// Generates the next message of a chat, as an asynchronous stream of pieces of text.
    ///
    ///     for try await piece in generator.chat([.message(role: "user", content: "What is a tensor?")]) { ... }
    ///
    /// The parameters are those of ``answer(_:tools:documents:variables:maxNewTokens:cache:options:onText:)``.
    public func chat(
        _ messages: [TemplateValue], tools: [TemplateValue]? = nil, maxNewTokens: Int? = nil, cache: PromptCache? = nil,
        options: GenerationOptions? = nil
    ) -> AsyncThrowingStream<String, any Error> {
        let arguments = UncheckedBox((generator: self, cache: cache))
        return .detached { yield in
            _ = try arguments.value.generator.answer(
                messages, tools: tools, maxNewTokens: maxNewTokens, cache: arguments.value.cache, options: options,
                onText: yield)
        }
    }

    /// Generates the next message of a chat.
    ///
    /// - Parameters:
    ///   - messages: The messages: objects with `role` and `content`.
    ///   - tools: Descriptions of functions, passed to the template. Default: none.
    ///   - documents: Documents, passed to the template. Default: none.
    ///   - variables: Additional variables of the template. Default: none.
    ///   - maxNewTokens: The maximum number of tokens to generate. Default: that of the options.
    ///   - cache: The key-value cache of the previous turns. Default: none.
    ///   - options: The generation options. Default: ``options``.
    ///   - onText: Called with each piece of the text; returns whether to continue. Default: none.
    /// - Throws: ``ModelError`` if the model has no chat template or an option is out of range, `TokenizerError` if the template
    ///   fails.
    public func answer(
        _ messages: [TemplateValue], tools: [TemplateValue]? = nil, documents: [TemplateValue]? = nil,
        variables: [String: TemplateValue] = [:], maxNewTokens: Int? = nil, cache: PromptCache? = nil,
        options: GenerationOptions? = nil, onText: ((String) -> Bool)? = nil
    ) throws -> GeneratedText {
        guard let chatTemplates else {
            throw ModelError(
                "chat", "the model has no chat template",
                expected: "chat_template in tokenizer_config.json, or chat_template.jinja")
        }
        let prompt = try chatTemplates.encode(
            messages, with: tokenizer, tools: tools, documents: documents, addGenerationPrompt: true,
            variables: variables
        ).encoding.ids
        var options = options ?? self.options
        if let maxNewTokens { options.maxNewTokens = maxNewTokens }
        return try generate(tokens: prompt, cache: cache, options: options, onText: onText)
    }

    /// Generates text with the prefix and the options of a task in `task_specific_params` of `config.json`.
    ///
    ///     let summary = try generator.generate("The tower is 324 metres tall ...", task: "summarization")
    ///
    /// - Throws: Also ``ModelError`` if the task does not exist.
    public func generate(_ input: String, task: String, maxNewTokens: Int? = nil) throws -> GeneratedText {
        try generate(
            model.prefix(ofTask: task) + input, maxNewTokens: maxNewTokens, options: model.generationOptions(task: task)
        )
    }
}

/// A chat with its messages and the key-value cache of their tokens, so that each turn computes the forward pass of the
/// new tokens only.
///
///     let chat = Chat(generator, system: "You are brief.")
///     for try await piece in chat("What is a tensor?") { print(piece, terminator: "") }
public final class Chat {
    /// The generator of the answers.
    public let generator: TextGenerator
    /// The messages: objects with `role` and `content`.
    public private(set) var messages: [TemplateValue] = []
    /// The key-value cache of the previous turns.
    public let cache = PromptCache()

    /// Creates a chat.
    ///
    /// - Parameters:
    ///   - generator: The generator of the answers; its model must have a chat template.
    ///   - system: The system message. Default: none.
    public init(_ generator: TextGenerator, system: String? = nil) {
        self.generator = generator
        if let system { messages.append(.message(role: "system", content: system)) }
    }

    /// Answers a message of the user, as an asynchronous stream of pieces of text.
    public func callAsFunction(
        _ message: String, maxNewTokens: Int? = nil, options: GenerationOptions? = nil
    ) -> AsyncThrowingStream<String, any Error> {
        let chat = UncheckedBox(self)
        return .detached { yield in
            _ = try chat.value.answer(message, maxNewTokens: maxNewTokens, options: options, onText: yield)
        }
    }

    /// Answers a message of the user. Message and answer are appended to the chat, unless an error is thrown.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - maxNewTokens: The maximum number of tokens to generate. Default: that of the options.
    ///   - options: The generation options. Default: those of the generator.
    ///   - onText: Called with each piece of the text; returns whether to continue. Default: none.
    /// - Throws: As ``TextGenerator/answer(_:tools:documents:variables:maxNewTokens:cache:options:onText:)``.
    @discardableResult
    public func answer(
        _ message: String, maxNewTokens: Int? = nil, options: GenerationOptions? = nil,
        onText: ((String) -> Bool)? = nil
    ) throws -> GeneratedText {
        let turn = messages + [.message(role: "user", content: message)]
        let answer = try generator.answer(
            turn, maxNewTokens: maxNewTokens, cache: generator.model is CausalModel ? cache : nil, options: options,
            onText: onText)
        messages = turn + [.message(role: "assistant", content: answer.text)]
        return answer
    }
}
