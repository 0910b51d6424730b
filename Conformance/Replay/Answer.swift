import Torchlight

/// What a call gave back: a tensor, a plain value or a list of them.
public enum Answer {
    case tensor(Tensor)
    case number(Scalar)
    case text(String)
    case list([Answer])
    case nothing

    /// A list of integers, such as a shape.
    public static func ints(_ values: [Int]) -> Answer { .list(values.map { .number(.int($0)) }) }
    /// A list of tensors.
    public static func tensors(_ values: [Tensor]) -> Answer { .list(values.map { .tensor($0) }) }

    /// The elements of a tensor in nested lists.
    init(_ list: NestedList) {
        switch list {
        case .element(let element): self = .number(element)
        case .list(let parts): self = .list(parts.map(Answer.init))
        }
    }

    /// What is nested in lists, in its order.
    var leaves: [Answer] {
        if case .list(let items) = self { return items.flatMap(\.leaves) }
        return [self]
    }
}

/// A call that the public interface cannot express, and why.
public struct NotSupported: Error, CustomStringConvertible {
    /// The reason, as the report prints it.
    public let description: String
    /// Whether the types of the interface exclude an argument, so that a call that must be refused is.
    public let isExcludedByTypes: Bool
    /// A reason to report.
    public init(_ reason: String, isExcludedByTypes: Bool = false) {
        description = reason
        self.isExcludedByTypes = isExcludedByTypes
    }
}

/// A result that differs from the recorded one.
struct Difference: Error {
    let expected: String
    let got: String
}
