/// An error of loading or running a pretrained model: the model or file, what is wrong, and what is expected.
public struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The model, the file or the function.
    public let subject: String
    /// What is wrong, with the values that were found.
    public let problem: String
    /// What is expected, or how to fix it; empty if there is nothing to add.
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
