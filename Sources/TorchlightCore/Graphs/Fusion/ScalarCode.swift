import CKernels

/// An element-wise operation or reduction in a fused program: the scalar function, and the dtypes that it reads and
/// writes.
struct ScalarCode: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case unary(Int32)
        case binary(Int32)
        case ternary(Int32)
        /// The operand, converted to the dtype of the result.
        case identity
        /// A constant, as a floating-point number and as an integer.
        case constant(Double, Int)
        /// A reduction over these dimensions.
        case reduction(Int32, Dims)
        case softmax(isLogarithm: Bool, dim: Int)
        case softmaxBackward(isLogarithm: Bool, dim: Int)
    }
    var kind: Kind
    /// The compute dtype, to which the operands are converted.
    var compute: DType
    /// The dtype of the computed value, before the conversion to the dtype of the result.
    var written: DType
    /// Whether the first operand is a condition, which stays bool.
    var hasCondition = false
    /// Whether operands wrap around to uint8 first.
    var wrapsOperands = false
    var parameters = (0.0, 0.0)

    static func == (a: Self, b: Self) -> Bool {
        a.kind == b.kind && a.compute == b.compute && a.written == b.written && a.parameters == b.parameters
    }
    func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

extension DType {
    /// The dtype of the register for elements of this dtype.
    var registerType: DType { self == .bool ? .bool : computeType }
}

extension Primitive {
    /// The operation as a step of a fused program, for operands of these descriptions; nil if it cannot be fused.
    ///
    /// Operations that check integer values are not fused: the operands would not be known at the time of the check.
    func scalarCode(_ operands: Specs) -> ScalarCode? {
        if operands.contains(where: \.dtype.isComplex) { return nil }
        switch self {
        case let unary as any UnaryPrimitive: return unary.unaryCode(operands[0])
        case let binary as any BinaryPrimitive: return binary.binaryCode(operands[0], operands[1])
        case let ternary as any TernaryPrimitive: return ternary.ternaryCode(operands)
        case let cast as Cast where !cast.dtype.isComplex:
            return ScalarCode(
                kind: .identity, compute: operands[0].dtype.registerType, written: operands[0].dtype.registerType)
        case let fill as FillWith: return constant(fill.value, operands[0].dtype)
        case let full as Full where !full.device.isRecording && !full.dtype.isComplex:
            return constant(full.value, full.dtype)
        case let reduction as any ReductionPrimitive: return reduction.reductionCode(operands[0])
        case let softmax as any SoftmaxPrimitive:
            let compute = operands[0].dtype.computeType
            let kind = ScalarCode.Kind.softmax(isLogarithm: type(of: softmax).isLogarithm, dim: softmax.dim)
            return ScalarCode(kind: kind, compute: compute, written: compute)
        case let backward as any SoftmaxBackwardPrimitive where operands[0].dtype == operands[1].dtype:
            let compute = operands[1].dtype.computeType
            let kind = ScalarCode.Kind.softmaxBackward(
                isLogarithm: type(of: backward).isLogarithm, dim: backward.dim)
            return ScalarCode(kind: kind, compute: compute, written: compute)
        default: return nil
        }
    }

    private func constant(_ value: Scalar, _ dtype: DType) -> ScalarCode {
        let whole = dtype == .bool ? (value.asComplex != 0 ? 1 : 0) : value.asInt
        let type = dtype.registerType
        return ScalarCode(
            kind: .constant(value.asDouble, whole), compute: type == .bool ? .int64 : type,
            written: type == .bool ? .int64 : type)
    }
}

extension UnaryPrimitive {
    fileprivate func unaryCode(_ x: TensorSpec) -> ScalarCode? {
        if case .rounding = Self.domain, !x.dtype.isFloatingPoint {
            return ScalarCode(kind: .identity, compute: x.dtype.registerType, written: x.dtype.registerType)
        }
        let compute: DType =
            if case .floatingPoint = Self.domain { x.dtype.orFloat.computeType } else { x.dtype.computeType }
        let operation = kernel(for: x.dtype)
        let isPredicate = tl_scalar_function_of(Int32(TL_FUSED_UNARY.rawValue), Int32(operation.rawValue)).to_bool
        return ScalarCode(
            kind: .unary(Int32(operation.rawValue)), compute: compute, written: isPredicate ? .bool : compute,
            parameters: parameters)
    }
}

extension BinaryPrimitive {
    fileprivate func binaryCode(_ a: TensorSpec, _ b: TensorSpec) -> ScalarCode? {
        let promoted = ResultType.of(a, b)
        let domain = rule.domain
        if case .checkedNumber = domain, !promoted.isFloatingPoint { return nil }
        let compute: DType =
            if case .floatingPoint = domain { promoted.orFloat.computeType } else { promoted.computeType }
        let operation = kernel(for: promoted)
        let isPredicate = tl_scalar_function_of(Int32(TL_FUSED_BINARY.rawValue), Int32(operation.rawValue)).to_bool
        return ScalarCode(
            kind: .binary(Int32(operation.rawValue)), compute: compute, written: isPredicate ? .bool : compute,
            wrapsOperands: promoted == .uint8 && operation.readsSigns)
    }
}

extension TernaryPrimitive {
    fileprivate func ternaryCode(_ operands: Specs) -> ScalarCode? {
        guard let compute = try? resultType(of: operands).computeType else { return nil }
        return ScalarCode(
            kind: .ternary(Int32(Self.kernel.rawValue)), compute: compute, written: compute,
            hasCondition: Self.kernel == TL_TERNARY_WHERE, parameters: (parameter, 0))
    }
}

extension ReductionPrimitive {
    fileprivate func reductionCode(_ x: TensorSpec) -> ScalarCode? {
        guard let result = try? resultType(of: x) else { return nil }
        let compute = x.dtype.isDifferentiable ? x.dtype.computeType : result.computeType
        return ScalarCode(
            kind: .reduction(Int32(Self.kernel.rawValue), dims.isEmpty ? Dims(0..<x.rank) : dims), compute: compute,
            written: result.registerType)
    }
}
