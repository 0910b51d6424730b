extension DType {
    /// The dtype that holds what two tensors of equal standing give together.
    ///
    /// The higher category wins; within one, the wider type; uint8 with a signed integer goes to the next signed one
    /// that holds both, and float16 with bfloat16 to float32. These are PyTorch's rules.
    public static func promote(_ a: DType, _ b: DType) -> DType {
        if a == b { return a }
        if a.category != b.category { return a.category > b.category ? a : b }
        switch (a, b) {
        case (.float16, .bfloat16), (.bfloat16, .float16): return .float32
        case (.uint8, .int8), (.int8, .uint8): return .int16
        default: break
        }
        // Within a category the raw values fall with the width, so the smaller is the wider; uint8 loses to int16 up.
        return a.rawValue < b.rawValue ? a : b
    }
}

extension DType {
    /// Whether numbers of this dtype may become ones of another without leaving their kind: bool may become anything, an
    /// integer an integer or a floating-point number, and a floating-point number another one. Widths do not count.
    public func canCast(to other: DType) -> Bool { category <= other.category }
}

/// The dtype of the results of element-wise operations on the two, such as `a + b`.
///
/// Tensors with dimensions decide; 0-dimensional tensors and, below them, Swift numbers change the result only if they
/// are of a higher kind: bool, integer, floating point.
public func resultType(_ a: Tensor, _ b: Tensor) -> DType { ResultType.of(a, b) }
/// The dtype of the results of element-wise operations on a tensor and a number, such as `a + 1`.
public func resultType(_ a: Tensor, _ b: some TensorScalar) -> DType { ResultType.of(a, Tensor.wrap(b.scalar)) }
/// The dtype of the results of element-wise operations on a number and a tensor, such as `1 + b`.
public func resultType(_ a: some TensorScalar, _ b: Tensor) -> DType { ResultType.of(Tensor.wrap(a.scalar), b) }
/// The dtype that two numbers give together as operands.
public func resultType(_ a: some TensorScalar, _ b: some TensorScalar) -> DType {
    ResultType.of(Tensor.wrap(a.scalar), Tensor.wrap(b.scalar))
}

/// Folds operands into the dtype of a result.
///
/// Tensors with dimensions decide; 0-dimensional tensors and, below them, Swift scalars change the result only
/// if they are of a higher category.
struct ResultType {
    private var dimensioned: DType?
    private var zeroDimensional: DType?
    private var scalar: DType?

    mutating func add(_ tensor: some Described) {
        if tensor.isWrappedScalar {
            let type = tensor.dtype.isFloatingPoint ? DType.default : tensor.dtype
            scalar = scalar.map { .promote($0, type) } ?? type
        } else if tensor.rank == 0 {
            zeroDimensional = zeroDimensional.map { .promote($0, tensor.dtype) } ?? tensor.dtype
        } else {
            dimensioned = dimensioned.map { .promote($0, tensor.dtype) } ?? tensor.dtype
        }
    }

    private static func combine(_ higher: DType?, _ lower: DType?) -> DType? {
        guard let higher else { return lower }
        guard let lower else { return higher }
        return lower.category > higher.category ? lower : higher
    }

    var dtype: DType {
        Self.combine(dimensioned, Self.combine(zeroDimensional, scalar)) ?? .default
    }

    static func of(_ a: some Described, _ b: some Described) -> DType {
        // The common case costs three comparisons.
        if a.dtype == b.dtype && !a.isWrappedScalar && !b.isWrappedScalar { return a.dtype }
        var result = ResultType()
        result.add(a)
        result.add(b)
        return result.dtype
    }

    static func of(_ tensors: some Sequence<some Described>) -> DType {
        var result = ResultType()
        for tensor in tensors { result.add(tensor) }
        return result.dtype
    }
}
