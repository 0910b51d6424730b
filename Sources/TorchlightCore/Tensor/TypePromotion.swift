extension DType {
    /// The dtype of the result of an operation on two tensors with dimensions.
    ///
    /// The higher category (bool < integer < floating point < complex) wins; within a category the larger dtype. uint8
    /// with a signed integer gives the smallest signed dtype that holds both; float16 with bfloat16 gives float32; float64
    /// with complex64 gives complex128. These are PyTorch's rules.
    public static func promote(_ a: DType, _ b: DType) -> DType {
        if a == b { return a }
        if a.isComplex || b.isComplex {
            return a == .complex128 || b == .complex128 || a == .float64 || b == .float64 ? .complex128 : .complex64
        }
        if a.category != b.category { return a.category > b.category ? a : b }
        switch (a, b) {
        case (.float16, .bfloat16), (.bfloat16, .float16): return .float32
        case (.uint8, .int8), (.int8, .uint8): return .int16
        default: break
        }
        // Within a category smaller raw values are larger dtypes; uint8 with int16 or larger gives the latter.
        return a.rawValue < b.rawValue ? a : b
    }
}

extension DType {
    /// Whether type promotion allows a conversion to `other`: bool converts to every dtype, an integer to integers,
    /// floating point and complex, floating point to floating point and complex, and complex to complex. Sizes do not matter.
    public func canCast(to other: DType) -> Bool { category <= other.category }
}

/// The dtype of the result of an element-wise operation on two tensors, such as `a + b`.
///
/// Tensors with dimensions have priority over 0-dimensional tensors, and these over Swift numbers. An operand of lower
/// priority changes the dtype only if it is of a higher category: bool < integer < floating point < complex.
public func resultType(_ a: Tensor, _ b: Tensor) -> DType { ResultType.of(a, b) }
/// The dtype of the result of an element-wise operation on a tensor and a number, such as `a + 1`.
public func resultType(_ a: Tensor, _ b: some TensorScalar) -> DType { ResultType.of(a, Tensor.wrap(b.scalar)) }
/// The dtype of the result of an element-wise operation on a number and a tensor, such as `1 + b`.
public func resultType(_ a: some TensorScalar, _ b: Tensor) -> DType { ResultType.of(Tensor.wrap(a.scalar), b) }
/// The dtype of the result of an operation on two numbers.
public func resultType(_ a: some TensorScalar, _ b: some TensorScalar) -> DType {
    ResultType.of(Tensor.wrap(a.scalar), Tensor.wrap(b.scalar))
}

/// Determines the dtype of a result from its operands.
///
/// Tensors with dimensions have priority over 0-dimensional tensors, and these over Swift numbers. An operand of lower
/// priority changes the dtype only if it is of a higher category.
struct ResultType {
    private var dimensioned: DType?
    private var zeroDimensional: DType?
    private var scalar: DType?

    mutating func add(_ tensor: some Described) {
        if tensor.isWrappedScalar {
            let type =
                tensor.dtype.isFloatingPoint
                ? DType.default : tensor.dtype.isComplex ? DType.default.toComplex : tensor.dtype
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
        if lower.category <= higher.category { return higher }
        // Beside floating-point numbers of dimensions, a complex number makes them complex and widens nothing.
        return lower.isComplex && higher.isFloatingPoint ? higher.toComplex : lower
    }

    var dtype: DType {
        Self.combine(dimensioned, Self.combine(zeroDimensional, scalar)) ?? .default
    }

    static func of(_ a: some Described, _ b: some Described) -> DType {
        // Equal dtypes, the common case, take a short path.
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
