/// An error of reading or writing a file or of a download: the file, the position, the problem and the rule that is
/// broken.
///
/// The text has one line: control characters are escaped and long values are shortened.
public struct IOError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The class of an error.
    public enum Kind: Equatable, Sendable {
        /// The bytes violate the file format.
        case malformed
        /// The file or directory does not exist.
        case notFound
        /// The operating system reported an error, with its error number.
        case system(Int32)
        /// A server could not be reached, or sent other data than requested.
        case network
        /// The operation is not supported for this file or these arguments.
        case unsupported
    }

    /// The class of the error.
    public let kind: Kind
    /// The operation: `read`, `write`, `safetensors`, `gzip`, ...
    public let operation: String
    /// The path or the address.
    public let file: String
    /// The position in the file, in bytes; nil if there is none.
    public let offset: Int?
    /// What is wrong, with the values that were found.
    public let problem: String
    /// What is expected, or how to fix the problem; empty if there is nothing to add.
    public let rule: String
    /// The function of this library to call instead; empty if there is none.
    public let fix: String

    /// Creates an error.
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

    /// The description without the fix, which is Swift code: for command line tools.
    package var text: String {
        var text = "\(operation): \(Self.oneLine(file, limit: 1024))"
        if let offset { text += ", byte \(offset)" }
        text += ": \(Self.oneLine(problem, limit: 1024))"
        if !rule.isEmpty { text += "; expected \(rule)" }
        return text
    }

    /// The text with escaped control characters, shortened to `limit` characters.
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

    /// A value of a file, quoted and shortened for an error text.
    package static func quoted(_ text: String) -> String { "'\(oneLine(text, limit: 80))'" }
}
