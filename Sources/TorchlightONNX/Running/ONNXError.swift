import TorchlightIO

/// An error while reading, validating or running an ONNX model, with the file, the node and the problem.
///
/// The text has one line: control characters are escaped and long names are shortened.
public struct ONNXError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of an error.
    public enum Kind: String, Sendable {
        /// The bytes violate the file format.
        case malformed
        /// The model violates the ONNX standard: a cycle, a missing value, a wrong attribute.
        case invalid
        /// An operator, a version or an element type that this library does not support.
        case unsupported
        /// An operator failed for the given values, or the inputs do not match the model.
        case failed
    }

    /// The class of the error.
    public let kind: Kind
    /// The path of the model, or its name.
    public let file: String
    /// The node, as `name (Operator)`; empty if the error concerns no node.
    public let node: String
    /// The problem, with the values that were found.
    public let problem: String
    /// The rule, or how to fix the problem; empty if there is none.
    public let rule: String

    /// Creates an error.
    public init(_ kind: Kind, file: String, node: String = "", _ problem: String, expected rule: String = "") {
        self.kind = kind
        self.file = file
        self.node = node
        self.problem = problem
        self.rule = rule
    }

    /// `onnx: file, node name (Operator): problem; expected rule`.
    public var description: String {
        var text = "onnx: \(IOError.oneLine(file, limit: 1024))"
        if !node.isEmpty { text += ", node \(node)" }
        text += ": \(IOError.oneLine(problem, limit: 2048))"
        if !rule.isEmpty { text += "; expected \(rule)" }
        return text
    }
}

/// An error without file and node, which the caller adds.
struct Problem: Error {
    let kind: ONNXError.Kind
    let text: String
    let rule: String

    init(_ text: String, expected rule: String = "", kind: ONNXError.Kind = .failed) {
        self.text = text
        self.rule = rule
        self.kind = kind
    }

    func located(file: String, node: String = "") -> ONNXError {
        ONNXError(kind, file: file, node: node, text, expected: rule)
    }
}

/// A name from a file, quoted and shortened for an error text.
func quoted(_ text: String) -> String { IOError.quoted(text) }
