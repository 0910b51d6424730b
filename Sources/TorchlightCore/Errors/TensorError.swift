/// What went wrong in a tensor operation, as fields; `description` renders them.
///
/// A wrong call traps with that text, as an index out of bounds does. Inside ``checked(_:)`` it is thrown instead.
public struct TensorError: Error, Sendable, Equatable {
    /// The family of the mistake.
    public enum Kind: String, Sendable {
        case shape, dtype, device, index, value, autograd, outOfMemory, notFinite, unsupported
    }

    /// An operand as the operation saw it.
    public struct Operand: Sendable, Equatable, CustomStringConvertible {
        /// Sizes of its dimensions.
        public let shape: [Int]
        /// The type of its elements.
        public let dtype: DType
        /// Where it lies.
        public let device: Device

        package init(_ operand: any Described) {
            shape = operand.sizes
            dtype = operand.dtype
            device = operand.device
        }

        /// "float32 [2, 3]", with the device where it is not the CPU.
        public var description: String {
            "\(dtype) \(shape)" + (device == .cpu ? "" : " on \(device)")
        }
    }

    /// The family of the mistake.
    public let kind: Kind
    /// The operation that found it, by its public name.
    public let operation: String
    /// What is wrong.
    public let problem: String
    /// What was given, in words; the operands are named besides.
    public let got: String?
    /// The rule that was broken.
    public let expected: String?
    /// What would put it right, where that is obvious.
    public let fix: String?
    /// The tensors that took part.
    public let operands: [Operand]
    /// The module in whose `forward` it happened, as a path: "encoder.layers.3.fc2".
    public let modulePath: String?

    /// An error of the operation `operation`.
    @inline(never)
    public init(
        _ kind: Kind, in operation: String, _ problem: String, got: String? = nil, expected: String? = nil,
        fix: String? = nil, operands: [Tensor] = []
    ) {
        self.init(
            kind, in: operation, problem, got: got, expected: expected, fix: fix, operands: operands as [any Described])
    }

    /// An error of the operation `operation` about operands that are tensors or descriptions of them.
    @inline(never)
    package init(
        _ kind: Kind, in operation: String, _ problem: String, got: String? = nil, expected: String? = nil,
        fix: String? = nil, operands: [any Described]
    ) {
        self.kind = kind
        self.operation = operation
        self.problem = problem
        self.got = got
        self.expected = expected
        self.fix = fix
        self.operands = operands.map { Operand($0) }
        modulePath = ThreadContext.existing?.modulePathText
    }
}

/// A number with its noun: "1 element", "3 elements".
package func quantity(_ number: Int, _ noun: String, plural: String? = nil) -> String {
    "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
}

extension TensorError: CustomStringConvertible {
    /// `operation: what is wrong, got <values>; expected <rule>; <fix> (in <module path>)`
    public var description: String {
        var text = "\(operation): \(problem)"
        var given: [String] = []
        if let got { given.append(got) }
        if !operands.isEmpty { given.append(operands.map(\.description).joined(separator: " and ")) }
        if !given.isEmpty { text += ", got " + given.joined(separator: ": ") }
        if let expected { text += "; expected \(expected)" }
        if let fix { text += "; \(fix)" }
        if let modulePath { text += " (in \(modulePath))" }
        return text
    }
}
