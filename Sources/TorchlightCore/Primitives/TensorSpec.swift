/// What is known of a tensor without its values: shape, strides, dtype and device.
///
/// Argument checks and shape rules are written against this protocol, so that they serve a tensor and the description of
/// one alike.
package protocol Described {
    var layout: Layout { get }
    var dtype: DType { get }
    var device: Device { get }
    /// Whether it is a Swift number, which does not widen the dtype of a result.
    var isWrappedScalar: Bool { get }
}

extension Described {
    package var rank: Int {
        @inline(__always) get { layout.rank }
    }
    package var count: Int {
        @inline(__always) get { layout.count }
    }
    /// The sizes as a list, for messages.
    package var sizes: [Int] { Array(layout.shape) }
}

extension Tensor: Described {}

/// The description of an operand, or of a result with its layout in memory.
package struct TensorSpec: Described, Sendable, Hashable, Codable {
    package var layout: Layout
    package var dtype: DType
    package var device: Device
    package var isWrappedScalar: Bool

    @inline(__always)
    package init(_ layout: Layout, _ dtype: DType, device: Device = .cpu, isWrappedScalar: Bool = false) {
        self.layout = layout
        self.dtype = dtype
        self.device = device
        self.isWrappedScalar = isWrappedScalar
    }

    /// The description of a tensor.
    @inline(__always)
    package init(_ tensor: Tensor) {
        layout = tensor.layout
        dtype = tensor.dtype
        device = tensor.device
        isWrappedScalar = tensor.isWrappedScalar
    }
}

/// Shape and dtype of a result: what a primitive decides. The device is that of the operands and the order in memory
/// follows `Primitive.resultLayout`; the dispatcher adds both.
package struct ResultSpec: Sendable, Hashable {
    package var shape: Dims
    package var dtype: DType

    @inline(__always)
    package init(_ shape: Dims, _ dtype: DType) {
        self.shape = shape
        self.dtype = dtype
    }
}

/// The descriptions of the operands of one call, read from tensors on access, or given as descriptions.
///
/// It does not keep the tensors alive: it is made by the dispatcher, which holds them, and handed down only.
package struct Specs: RandomAccessCollection {
    private let first: Unmanaged<Tensor>?
    private let second: Unmanaged<Tensor>?
    private let third: Unmanaged<Tensor>?
    private let rest: [Tensor]
    private let specs: [TensorSpec]
    package let count: Int

    /// Descriptions of tensors that the caller holds for as long as this value is used.
    @inline(__always)
    package init(of tensors: borrowing Few<Tensor>) {
        let count = tensors.count
        first = count > 0 ? .passUnretained(tensors.first.unsafelyUnwrapped) : nil
        second = count > 1 ? .passUnretained(tensors.second.unsafelyUnwrapped) : nil
        third = count > 2 ? .passUnretained(tensors.third.unsafelyUnwrapped) : nil
        rest = tensors.rest
        specs = []
        self.count = count
    }

    /// Descriptions without tensors.
    package init(_ specs: [TensorSpec]) {
        first = nil
        second = nil
        third = nil
        rest = []
        self.specs = specs
        count = specs.count
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    package subscript(index: Int) -> TensorSpec {
        @inline(never) get {
            if index < 0 || index >= count { return OperandCheck.missing(index) }
            if !specs.isEmpty { return specs[index] }
            switch index {
            case 0: return first.unsafelyUnwrapped._withUnsafeGuaranteedRef { TensorSpec($0) }
            case 1: return second.unsafelyUnwrapped._withUnsafeGuaranteedRef { TensorSpec($0) }
            case 2: return third.unsafelyUnwrapped._withUnsafeGuaranteedRef { TensorSpec($0) }
            default: return TensorSpec(rest[index - 3])
            }
        }
    }
}

/// Calls `infer` with operands whose number has not been checked, such as those of a file.
package enum OperandCheck {
    /// The descriptions of the results of a call on operands that are described; an error if there are too few operands.
    package static func inferResults(
        of primitive: any Primitive, _ inputs: [TensorSpec]
    ) throws(TensorError) -> [TensorSpec] {
        let context = ThreadContext.current
        context.missingOperand = -1
        defer { context.missingOperand = nil }
        var results: [TensorSpec] = []
        var failure: TensorError?
        do throws(TensorError) { results = try TorchlightCore.inferResults(of: primitive, Specs(inputs)) } catch {
            failure = error
        }
        if let index = context.missingOperand, index >= 0 {
            throw TensorError(
                .value, in: primitive.publicName, "there are too few operands", got: quantity(inputs.count, "operand"),
                expected: "at least \(index + 1)")
        }
        if let failure { throw failure }
        return results
    }

    /// What `infer` gets for an operand that there is not: inside `inferResults` a number, and the call is refused afterwards.
    @inline(never)
    fileprivate static func missing(_ index: Int) -> TensorSpec {
        guard let context = ThreadContext.existing, let first = context.missingOperand, index >= 0 else {
            preconditionFailure("operand out of range")
        }
        if first < 0 { context.missingOperand = index }
        return TensorSpec(Layout(shape: Dims()), .float32)
    }
}
