import TorchlightFiles

/// The chat templates of a model, and its special tokens as variables of the templates.
///
///     let tokenizer = try Tokenizer(path: folder)
///     let chat = try ChatTemplates(path: folder)
///     let encoding = try chat.encode(
///         [.message(role: "user", content: "What is a tensor?")], with: tokenizer, addGenerationPrompt: true)
public struct ChatTemplates: Sendable {
    /// The templates by name; the default one is `default`.
    public var templates: [String: ChatTemplate] = [:]
    /// The variables of all templates: `bos_token`, `eos_token` and the other special tokens of the model.
    public var variables: [String: TemplateValue] = [:]

    /// Reads `tokenizer_config.json` and `chat_template.jinja` (optional) in a folder, or the metadata of a GGUF file.
    /// - Parameter path: the path of the folder or file.
    /// - Throws: `IOError` if there is no template, or if a file is malformed.
    public init(path: String) throws(IOError) {
        if path.lowercased().hasSuffix(".gguf"), !FileSystem.isDirectory(path) {
            try read(gguf: path)
        } else {
            try read(folder: path)
        }
    }

    private mutating func read(folder path: String) throws(IOError) {
        let configuration = "\(path)/tokenizer_config.json"
        if FileSystem.isFile(configuration) {
            let json = try JSON.parse(FileSystem.read(configuration, limit: 1 << 28), file: configuration)
            for member in json.members ?? [] where member.name.hasSuffix("_token") {
                if let text = member.value.string ?? member.value["content"]?.string {
                    variables[member.name] = .string(text)
                }
            }
            switch json["chat_template"]?.content {
            case .string(let source)?: templates["default"] = try Self.parse(source, configuration)
            case .array(let elements)?:
                for element in elements {
                    guard let name = element["name"]?.string, let source = element["template"]?.string else {
                        throw IOError(
                            .malformed, "chat template", file: configuration, offset: element.offset,
                            "a template without name or text", expected: "name and template")
                    }
                    templates[name] = try Self.parse(source, configuration)
                }
            default: break
            }
        }
        let file = "\(path)/chat_template.jinja"
        if FileSystem.isFile(file) {
            let bytes = try FileSystem.read(file, limit: 1 << 26)
            // A template may write tags of XML, but no page of a server is one.
            if let name = bytes.withUnsafeBytes({ FileSignature.name(of: $0, expectsText: true) }) {
                throw FileSignature.error(
                    name, file: file, operation: "chat template", expected: "a chat template")
            }
            guard let source = String(validating: bytes, as: UTF8.self) else {
                throw IOError(.malformed, "chat template", file: file, "the file is not UTF-8", expected: "UTF-8")
            }
            templates["default"] = try Self.parse(source, file)
        }
        guard !templates.isEmpty else {
            throw IOError(
                .notFound, "chat template", file: path, "the folder has no chat template",
                expected: "chat_template in tokenizer_config.json, or chat_template.jinja")
        }
    }

    /// Reads `tokenizer.chat_template`, named templates, and the special tokens of a GGUF file.
    private mutating func read(gguf path: String) throws(IOError) {
        let mapped = try MappedFile(path)
        let header = try mapped.withBytes { bytes throws(IOError) in try GGUFHeader(bytes, file: path) }
        let key = "tokenizer.chat_template"
        for (name, field) in [("default", key)]
            + (header.strings("tokenizer.chat_templates") ?? []).map({ ($0, "\(key).\($0)") })
        {
            if let source = header.string(field) { templates[name] = try Self.parse(source, path) }
        }
        guard !templates.isEmpty else {
            throw IOError(.notFound, "chat template", file: path, "the file has no chat template", expected: key)
        }
        let tokens = header.strings("tokenizer.ggml.tokens") ?? []
        for (name, field) in [
            ("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding"),
            ("sep_token", "seperator"),  // as the format spells it
            ("cls_token", "cls"), ("mask_token", "mask"),
        ] {
            guard let id = header.integer("tokenizer.ggml.\(field)_token_id"), tokens.indices.contains(id) else {
                continue
            }
            variables[name] = .string(tokens[id])
        }
    }

    private static func parse(_ source: String, _ file: String) throws(IOError) -> ChatTemplate {
        do { return try ChatTemplate(source) } catch {
            throw IOError(.malformed, "chat template", file: file, "\(error)")
        }
    }

    /// Renders a chat.
    /// - Parameters:
    ///   - messages: the messages, objects with `role` and `content`.
    ///   - tools: descriptions of functions; nil for none. Default: nil.
    ///   - documents: documents; nil for none. Default: nil.
    ///   - template: the name of the template. Default: nil, `tool_use` if there are tools and a template of this name,
    ///     and `default` otherwise.
    ///   - addGenerationPrompt: whether the text ends with the generation prompt, the start of an answer. Default:
    ///     false.
    ///   - continueFinalMessage: whether the text ends at the end of the last message. Default: false.
    ///   - variables: additional variables of the template. Default: none.
    ///   - now: the time for `strftime_now`. Default: the local time.
    /// - Throws: ``TokenizerError`` if the template raises an exception or fails.
    public func render(
        _ messages: [TemplateValue], tools: [TemplateValue]? = nil, documents: [TemplateValue]? = nil,
        template name: String? = nil, addGenerationPrompt: Bool = false, continueFinalMessage: Bool = false,
        variables: [String: TemplateValue] = [:], now: ChatTemplate.Time = .now
    ) throws(TokenizerError) -> ChatTemplate.Rendered {
        let wanted = name ?? (tools != nil && templates["tool_use"] != nil ? "tool_use" : "default")
        guard let template = templates[wanted] else {
            throw TokenizerError(
                "chat template", "the template '\(wanted)' does not exist",
                expected: "one of \(templates.keys.sorted().joined(separator: ", "))")
        }
        return try template.render(
            messages: messages, tools: tools, documents: documents, addGenerationPrompt: addGenerationPrompt,
            continueFinalMessage: continueFinalMessage, variables: self.variables.merging(variables) { $1 }, now: now)
    }

    /// Renders a chat and encodes it, without adding special tokens of the tokenizer. The parameters are those of
    /// ``render(_:tools:documents:template:addGenerationPrompt:continueFinalMessage:variables:now:)``.
    /// - Returns: the encoding, and for each token whether it is part of a `generation` block.
    /// - Throws: ``TokenizerError`` if the template or the tokenizer fails.
    public func encode(
        _ messages: [TemplateValue], with tokenizer: Tokenizer, tools: [TemplateValue]? = nil,
        documents: [TemplateValue]? = nil, template name: String? = nil, addGenerationPrompt: Bool = false,
        continueFinalMessage: Bool = false, variables: [String: TemplateValue] = [:], now: ChatTemplate.Time = .now
    ) throws(TokenizerError) -> (encoding: Encoding, assistantMask: [Int]) {
        let chat = try render(
            messages, tools: tools, documents: documents, template: name, addGenerationPrompt: addGenerationPrompt,
            continueFinalMessage: continueFinalMessage, variables: variables, now: now)
        let encoding = try tokenizer.encode(chat.text, addSpecialTokens: false)
        return (encoding, chat.mask(encoding))
    }
}

extension ChatTemplate.Rendered {
    /// Returns the assistant mask: 1 for each token that overlaps a `generation` block, and 0 otherwise.
    public func mask(_ encoding: Encoding) -> [Int] {
        encoding.offsets.map { token in
            generations.contains { token.upperBound > $0.lowerBound && token.lowerBound < $0.upperBound } ? 1 : 0
        }
    }
}
