/// What went wrong with a file, a stream of bytes or a transfer: where it is, what was found and which rule it broke.
///
/// The text is one line, whatever the file contained: control characters are escaped and long values are shortened.
public struct IOError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The class of the failure, for callers that react to some of them.
    public enum Kind: Equatable, Sendable {
        /// The bytes break a rule of their format.
        case malformed
        /// There is no such file or folder.
        case notFound
        /// The operating system refused, with its error number.
        case system(Int32)
        /// A server could not be reached, or what it sent was not what was asked for.
        case network
        /// The request itself cannot be met, whatever the file holds.
        case unsupported
    }

    /// The class of the failure.
    public let kind: Kind
    /// What was being done: `read`, `write`, `safetensors`, `gzip`, ...
    public let operation: String
    /// The path or address.
    public let file: String
    /// The position in the file, in bytes, where the rule was broken.
    public let offset: Int?
    /// What is wrong, with the values that were found.
    public let problem: String
    /// What the format or the operation requires, or what to do about it; empty where there is nothing to add.
    public let rule: String
    /// What to call instead, where another function of this library does it; empty otherwise.
    public let fix: String

    /// Creates an error of any kind.
    public init(
        _ kind: Kind, _ operation: String, file: String, offset: Int? = nil, _ problem: String,
        expected rule: String = "", fix: String = ""
    ) {
        self.kind = kind
        self.operation = operation
        self.file = file
        self.offset = offset
        self.problem = problem
        self.rule = rule
        self.fix = fix
    }

    /// `operation: file, byte offset: problem; expected rule; use fix`.
    public var description: String { text + (fix.isEmpty ? "" : "; use \(fix)") }

    /// The description without the fix, which is written in Swift: for programs whose users do not write code.
    package var text: String {
        var text = "\(operation): \(Self.oneLine(file, limit: 1024))"
        if let offset { text += ", byte \(offset)" }
        text += ": \(Self.oneLine(problem, limit: 1024))"
        if !rule.isEmpty { text += "; expected \(rule)" }
        return text
    }

    /// The same text with control characters escaped, cut after `limit` characters.
    package static func oneLine(_ text: String, limit: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == limit { return result + "..." }
            count += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A value read from a file, quoted and short enough for an error's text.
    package static func quoted(_ text: String) -> String { "'\(oneLine(text, limit: 80))'" }
}
