/// An error of a tensor operation, as separate fields; `description` joins them into one text.
///
/// An error ends the process with that text, like an array index out of range. Inside ``checked(_:)`` it is thrown
/// instead.
public struct TensorError: Error, Sendable, Equatable {
    /// The category of an error.
    public enum Kind: String, Sendable {
        case shape, dtype, device, index, value, autograd, outOfMemory, notFinite, unsupported
    }

    /// An operand of the operation.
    public struct Operand: Sendable, Equatable, CustomStringConvertible {
        /// The size of each dimension.
        public let shape: [Int]
        /// The dtype of the elements.
        public let dtype: DType
        /// The device of the operand.
        public let device: Device

        package init(_ operand: any Described) {
            shape = operand.sizes
            dtype = operand.dtype
            device = operand.device
        }

        /// The dtype and shape, such as "float32 [2, 3]", and the device if it is not the CPU.
        public var description: String {
            "\(dtype) \(shape)" + (device == .cpu ? "" : " on \(device)")
        }
    }

    /// The category of the error.
    public let kind: Kind
    /// The public name of the operation that reports the error.
    public let operation: String
    /// What is wrong.
    public let problem: String
    /// The values that were passed, as text. The operands are listed separately.
    public let got: String?
    /// The values that are allowed, as text.
    public let expected: String?
    /// How to correct the call, if known.
    public let fix: String?
    /// The tensor operands of the operation.
    public let operands: [Operand]
    /// The path of the module whose `forward` called the operation, such as "encoder.layers.3.fc2"; nil outside of
    /// modules.
    public let modulePath: String?

    /// Creates an error of the operation `operation`.
    @inline(never)
    public init(
        _ kind: Kind, in operation: String, _ problem: String, got: String? = nil, expected: String? = nil,
        fix: String? = nil, operands: [Tensor] = []
    ) {
        self.init(
            kind, in: operation, problem, got: got, expected: expected, fix: fix, operands: operands as [any Described])
    }

    /// Creates an error of the operation `operation` about operands that are tensors or tensor descriptions.
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

    /// The same error of another operation.
    package init(_ error: TensorError, in operation: String) {
        kind = error.kind
        self.operation = operation
        problem = error.problem
        got = error.got
        expected = error.expected
        fix = error.fix
        operands = error.operands
        modulePath = error.modulePath
    }
}

/// A number with its noun: "1 element", "3 elements".
package func quantity(_ number: some BinaryInteger, _ noun: String, plural: String? = nil) -> String {
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
