/// An error while loading or running a pretrained model: the model or file, the problem and the rule.
public struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The model, the file or the function.
    public let subject: String
    /// The problem, with the values that were found.
    public let problem: String
    /// The rule, or how to fix the problem; empty if there is none.
    public let rule: String

    /// Creates an error.
    public init(_ subject: String, _ problem: String, expected rule: String = "") {
        self.subject = subject
        self.problem = problem
        self.rule = rule
    }

    /// `subject: problem; expected rule`.
    public var description: String { "\(subject): \(problem)" + (rule.isEmpty ? "" : "; expected \(rule)") }
}
