import TorchlightCore
import TorchlightIO
import TorchlightTokenizers

/// Chats as training texts, with labels for the answers only.
///
///     let data = try InstructionDataset(chats, tokenizer: tokenizer, templates: templates, maxLength: 1024)
///     let packed = PackedTexts(data.texts, length: 1024)
///
/// Each chat is rendered by the chat template. The labels are the tokens in `generation` blocks of the template. For a
/// template without such blocks, the positions of answers are found by rendering the messages before each answer; this
/// text must be a prefix of the rendered chat.
public struct InstructionDataset: Sendable {
    /// The texts. Labels outside answers are -100.
    public let texts: [LabelledTokens]
    /// The number of omitted chats, which have no label after truncation.
    public let leftOutCount: Int

    /// Renders and encodes chats.
    ///
    /// - Parameters:
    ///   - chats: The messages of each chat: objects with `role` and `content`.
    ///   - tokenizer: The tokenizer.
    ///   - templates: The chat templates of the model.
    ///   - roles: The roles whose messages are labels, for templates without `generation` blocks. Default: `assistant`.
    ///   - maxLength: The number of tokens to which texts are truncated. Default: no limit.
    /// - Throws: `TokenizerError` if a template or the tokenizer fails, or if the positions of answers cannot be
    ///   determined.
    public init(
        _ chats: [[TemplateValue]], tokenizer: Tokenizer, templates: ChatTemplates, roles: Set<String> = ["assistant"],
        maxLength: Int? = nil
    ) throws(TokenizerError) {
        var texts: [LabelledTokens] = []
        for messages in chats {
            var chat = try templates.render(messages)
            if chat.generations.isEmpty {
                chat.generations = try Self.answers(messages, chat.text, templates, roles)
            }
            let encoding = try tokenizer.encode(chat.text, addSpecialTokens: false)
            let labels = zip(encoding.ids, chat.mask(encoding)).map { $1 == 1 ? $0 : -100 }
            let count = min(encoding.count, maxLength ?? .max)
            let text = LabelledTokens(Array(encoding.ids.prefix(count)), labels: Array(labels.prefix(count)))
            if text.labels.dropFirst().contains(where: { $0 != -100 }) { texts.append(text) }
        }
        leftOutCount = chats.count - texts.count
        self.texts = texts
    }

    /// Reads chats from a JSON Lines file: objects with `messages`, or with `prompt` and `completion`.
    ///
    /// - Throws: `IOError` if the file cannot be read; `TokenizerError` as for chats in memory.
    public init(
        jsonLines path: String, tokenizer: Tokenizer, templates: ChatTemplates, roles: Set<String> = ["assistant"],
        maxLength: Int? = nil
    ) throws {
        let bytes = try FileSystem.read(path)
        var chats: [[TemplateValue]] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            if text.allSatisfy(\.isWhitespace) { continue }
            let value = try TemplateValue(json: text)
            if case .array(let messages)? = value["messages"] {
                chats.append(messages)
            } else if case .string(let prompt)? = value["prompt"], case .string(let completion)? = value["completion"] {
                chats.append([
                    .message(role: "user", content: prompt), .message(role: "assistant", content: completion),
                ])
            } else {
                throw ModelError(
                    "\(path), line \(index + 1)", "the object has no chat",
                    expected: "messages, or the texts prompt and completion")
            }
        }
        try self.init(chats, tokenizer: tokenizer, templates: templates, roles: roles, maxLength: maxLength)
    }

    /// The ranges of the answers in the text of a chat, in Unicode scalars.
    private static func answers(
        _ messages: [TemplateValue], _ text: String, _ templates: ChatTemplates, _ roles: Set<String>
    ) throws(TokenizerError) -> [Range<Int>] {
        let whole = Array(text.unicodeScalars)
        func length(_ count: Int, prompted: Bool) throws(TokenizerError) -> Int {
            let part = try templates.render(Array(messages.prefix(count)), addGenerationPrompt: prompted)
            let scalars = Array(part.text.unicodeScalars)
            guard whole.starts(with: scalars) else {
                throw TokenizerError(
                    "chat template",
                    "the text of the first \(quantity(count, "message")) is not a prefix of the text of the chat",
                    expected: "a template with generation blocks around answers")
            }
            return scalars.count
        }
        var found: [Range<Int>] = []
        for (index, message) in messages.enumerated() {
            guard case .string(let role)? = message["role"], roles.contains(role) else { continue }
            let start = try length(index, prompted: true)
            let end = try length(index + 1, prompted: false)
            if start < end { found.append(start..<end) }
        }
        return found
    }
}
