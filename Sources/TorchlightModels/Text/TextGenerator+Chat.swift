import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

extension TextGenerator {
    /// Generates the next message of a chat, and gives each piece as soon as it is certain.
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
    ///   - messages: The messages, objects with `role` and `content`.
    ///   - tools: Descriptions of functions for the template. Default: none.
    ///   - documents: Documents for the template. Default: none.
    ///   - variables: Further variables of the template. Default: none.
    ///   - maxNewTokens: The maximum number of tokens to generate. Default: that of the options.
    ///   - cache: The keys and values of the turns so far. Default: none.
    ///   - options: How tokens are chosen. Default: ``options``.
    ///   - onText: Is called with each piece of the text, and returns whether to go on. Default: none.
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

    /// Generates a text for an input by a task that `config.json` describes in `task_specific_params`: its prefix is put before
    /// the input, and its options are used.
    ///
    ///     let summary = try generator.generate("The tower is 324 metres tall ...", task: "summarization")
    ///
    /// - Throws: Also ``ModelError`` if the model has no such task.
    public func generate(_ input: String, task: String, maxNewTokens: Int? = nil) throws -> GeneratedText {
        try generate(
            model.prefix(ofTask: task) + input, maxNewTokens: maxNewTokens, options: model.generationOptions(task: task)
        )
    }
}

/// A chat: the messages so far, and the keys and values of their tokens, so that each turn needs the forward pass of the new
/// tokens alone.
///
///     let chat = Chat(generator, system: "You are brief.")
///     for try await piece in chat("What is a tensor?") { print(piece, terminator: "") }
public final class Chat {
    /// What generates the answers.
    public let generator: TextGenerator
    /// The messages so far, objects with `role` and `content`.
    public private(set) var messages: [TemplateValue] = []
    /// The keys and values of the turns so far.
    public let cache = PromptCache()

    /// Starts a chat.
    ///
    /// - Parameters:
    ///   - generator: What generates the answers; its model must have a chat template.
    ///   - system: The system message. Default: none.
    public init(_ generator: TextGenerator, system: String? = nil) {
        self.generator = generator
        if let system { messages.append(.message(role: "system", content: system)) }
    }

    /// Answers a message of the user, and gives each piece of the answer as soon as it is certain.
    public func callAsFunction(
        _ message: String, maxNewTokens: Int? = nil, options: GenerationOptions? = nil
    ) -> AsyncThrowingStream<String, any Error> {
        let chat = UncheckedBox(self)
        return .detached { yield in
            _ = try chat.value.answer(message, maxNewTokens: maxNewTokens, options: options, onText: yield)
        }
    }

    /// Answers a message of the user. Message and answer become part of the chat, unless an error is thrown.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - maxNewTokens: The maximum number of tokens to generate. Default: that of the options.
    ///   - options: How tokens are chosen. Default: those of the generator.
    ///   - onText: Is called with each piece of the text, and returns whether to go on. Default: none.
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
