import Glibc
import TorchlightFiles

/// A chat template, which renders the messages of a chat as a prompt in the format of the model.
///
///     let template = try ChatTemplate(source)
///     let chat = try template.render(
///         messages: [.message(role: "user", content: "What is a tensor?")], addGenerationPrompt: true,
///         variables: ["bos_token": "<s>"])
///     chat.text
///
/// Templates are written in Jinja, as in Hugging Face's transformers, with the options `trim_blocks` and
/// `lstrip_blocks`: expressions, filters and tests, `if`, `for` with `loop`, `break` and `continue`, `set`,
/// `namespace`, macros, `call`, `filter`, `with`, `raw` and `generation` blocks, `raise_exception`, `strftime_now` and
/// `tojson`. Including other templates is not supported.
///
/// A template is a program by the authors of the model. It reads only its arguments. The number of its steps, the size
/// of its output and texts, and its nesting are limited.
public struct ChatTemplate: Sendable {
    /// The source of the template.
    public let source: String
    private let statements: Statements

    /// Statements are not changed after parsing, so that sharing them is safe.
    private final class Statements: @unchecked Sendable {
        let list: [JinjaStatement]
        init(_ list: [JinjaStatement]) { self.list = list }
    }

    /// Parses a template.
    /// - Throws: ``TokenizerError`` if it is not a valid template.
    public init(_ source: String) throws(TokenizerError) {
        guard source.utf8.count <= 4 << 20 else {
            throw TokenizerError("chat template", "a template of \(source.utf8.count) bytes", expected: "at most 4 MiB")
        }
        self.source = source
        statements = Statements(try JinjaParser.parse(source))
    }

    /// A rendered chat.
    public struct Rendered: Sendable {
        /// The text of the chat.
        public var text: String
        /// The ranges of the text in `generation` blocks, which are answers of the model, in Unicode scalars.
        public var generations: [Range<Int>]
    }

    /// The error of `raise_exception` with the message of the template.
    static func refusal(_ message: String) -> TokenizerError {
        TokenizerError("chat template", message, expected: "messages that the template accepts")
    }

    private static let continuation = "CONTINUE_FINAL_MESSAGE_TAG "
    private static let reasoning = ["reasoning_content", "thinking", "reasoning"]

    /// Renders a chat.
    /// - Parameters:
    ///   - messages: the messages: objects with `role`, `content` and other members that the template reads. Members
    ///     that are null are omitted; reasoning is available under each of its common names.
    ///   - tools: descriptions of functions; nil for none. Default: nil.
    ///   - documents: documents; nil for none. Default: nil.
    ///   - addGenerationPrompt: whether the text ends with the generation prompt, the start of an answer. Default:
    ///     false.
    ///   - continueFinalMessage: whether the text ends at the end of the last message, so that a model continues it.
    ///     Default: false.
    ///   - variables: additional variables, such as `bos_token`. Default: none.
    ///   - now: the time for `strftime_now`. Default: the local time.
    /// - Throws: ``TokenizerError`` if the template raises an exception, fails, or exceeds a limit.
    public func render(
        messages: [TemplateValue], tools: [TemplateValue]? = nil, documents: [TemplateValue]? = nil,
        addGenerationPrompt: Bool = false, continueFinalMessage: Bool = false, variables: [String: TemplateValue] = [:],
        now: Time = .now
    ) throws(TokenizerError) -> Rendered {
        var messages = try messages.map { message throws(TokenizerError) in try Self.prepared(message) }
        var final = ""
        if continueFinalMessage {
            guard !addGenerationPrompt else {
                throw TokenizerError(
                    "chat template", "addGenerationPrompt with continueFinalMessage", expected: "one of them")
            }
            final = try Self.mark(&messages)
        }
        let scope = JinjaScope(nil)
        for (name, value) in variables { scope.values[name] = JinjaValue(value) }
        scope.values["messages"] = .array(messages.map { JinjaValue($0) })
        scope.values["tools"] = tools.map { .array($0.map { JinjaValue($0) }) } ?? .some(.none)
        scope.values["documents"] = documents.map { .array($0.map { JinjaValue($0) }) } ?? .some(.none)
        scope.values["add_generation_prompt"] = .bool(addGenerationPrompt)
        let interpreter = JinjaInterpreter(now: now)
        defer { interpreter.finish() }
        try interpreter.run(statements.list, JinjaScope(scope))
        var rendered = Rendered(text: interpreter.output, generations: interpreter.generations)
        if continueFinalMessage { try Self.cut(&rendered, final) }
        return rendered
    }

    private static func prepared(_ message: TemplateValue) throws(TokenizerError) -> TemplateValue {
        guard case .object(let members) = message else {
            throw TokenizerError("chat template", "a message that is not an object", expected: "role and content")
        }
        var result = TemplateValue.object(members.filter { $0.value != .null })
        guard let reasoning = reasoning.lazy.compactMap({ result[$0] }).first else { return result }
        if result["thinking"] == nil, case .object(let members) = result {
            result = .object([.init("thinking", reasoning)] + members)
        }
        result["reasoning_content"] = reasoning
        return result
    }

    /// Inserts a mark at the end of the last message; returns the text of the message.
    private static func mark(_ messages: inout [TemplateValue]) throws(TokenizerError) -> String {
        func failure(_ problem: String) -> TokenizerError {
            TokenizerError("chat template", problem, expected: "a last message with text")
        }
        guard let last = messages.last, let content = last["content"] else { throw failure("no message to continue") }
        switch content {
        case .string(let text):
            messages[messages.count - 1]["content"] = .string(text + continuation)
            return text
        case .array(var parts):
            for index in parts.indices.reversed() {
                guard case .string(let text)? = parts[index]["text"] else { continue }
                parts[index]["text"] = .string(text + continuation)
                messages[messages.count - 1]["content"] = .array(parts)
                return text
            }
            throw failure("the last message has no text")
        default: throw failure("the content of the last message is not a text")
        }
    }

    /// Truncates the text at the end of the last message.
    private static func cut(_ rendered: inout Rendered, _ final: String) throws(TokenizerError) {
        let tag = JinjaText.strip(continuation, nil)
        let text = rendered.text
        guard JinjaText.find(JinjaText.strip(final, nil), in: text) != nil,
            let position = JinjaText.find(tag, in: text, last: true)
        else {
            throw TokenizerError(
                "chat template", "the last message is not in the text", expected: "a template that renders it unchanged"
            )
        }
        let scalars = text.unicodeScalars
        let start = scalars.index(scalars.startIndex, offsetBy: position)
        let keepsSpaces = scalars[start...].starts(with: continuation.unicodeScalars)
        let kept = String(scalars[..<start])
        rendered.text = keepsSpaces ? kept : JinjaText.strip(kept, nil, left: false)
        let count = rendered.text.unicodeScalars.count
        rendered.generations = rendered.generations.compactMap { range in
            range.lowerBound < count ? range.lowerBound..<min(range.upperBound, count) : nil
        }
    }

    /// A date and time, for `strftime_now`.
    public struct Time: Sendable {
        private let (year, month, day, hour, minute, second): (Int32, Int32, Int32, Int32, Int32, Int32)

        /// Creates a time from its components.
        public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
            (self.year, self.month, self.day) = (Int32(clamping: year), Int32(clamping: month), Int32(clamping: day))
            (self.hour, self.minute, self.second) = (
                Int32(clamping: hour), Int32(clamping: minute), Int32(clamping: second)
            )
        }

        /// The local time.
        public static var now: Time {
            var seconds = time(nil)
            var fields = tm()
            localtime_r(&seconds, &fields)
            return Time(
                year: Int(fields.tm_year) + 1900, month: Int(fields.tm_mon) + 1, day: Int(fields.tm_mday),
                hour: Int(fields.tm_hour), minute: Int(fields.tm_min), second: Int(fields.tm_sec))
        }

        /// Returns the time in a format of `strftime`.
        func text(_ format: String) throws(TokenizerError) -> String {
            guard format.utf8.count <= 1000 else { throw JinjaInterpreter.failure("a long strftime format") }
            guard !format.isEmpty else { return "" }
            var fields = tm()
            (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year &- 1900, month &- 1, day)
            (fields.tm_hour, fields.tm_min, fields.tm_sec) = (hour, minute, second)
            // Computes the day of the week and the day of the year.
            timegm(&fields)
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 16) { buffer in
                let count = strftime(buffer.baseAddress!, 1 << 16, format, &fields)
                return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
    }
}
