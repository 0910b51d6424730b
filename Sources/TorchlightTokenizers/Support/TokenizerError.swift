import TorchlightFiles

/// An error of a tokenizer or a chat template: the operation, the problem and the rule.
///
/// Errors of files are ``IOError``.
public struct TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The operation: `encode`, `truncation`, `regular expression`, `chat template`, ...
    public let operation: String
    /// The problem, with the values that were found.
    public let problem: String
    /// The rule; empty if there is none.
    public let rule: String
    /// How to fix the problem; empty if there is nothing to add.
    public let fix: String

    /// Creates an error.
    public init(_ operation: String, _ problem: String, expected rule: String = "", fix: String = "") {
        self.operation = operation
        self.problem = problem
        self.rule = rule
        self.fix = fix
    }

    /// `operation: problem; expected rule; fix`, in one line.
    public var description: String {
        var text = "\(operation): \(IOError.oneLine(problem, limit: 1024))"
        if !rule.isEmpty { text += "; expected \(rule)" }
        if !fix.isEmpty { text += "; \(fix)" }
        return text
    }
}
