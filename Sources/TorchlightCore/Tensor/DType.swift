/// The type of a tensor's elements.
///
/// The raw values are those of the kernel interface.
public enum DType: Int32, Sendable, Hashable, CaseIterable {
    /// 64-bit floating point (double precision).
    case float64 = 0
    /// 32-bit floating point (single precision), the default dtype.
    case float32 = 1
    /// 16-bit floating point (half precision): 5 exponent and 10 fraction bits.
    case float16 = 2
    /// 16-bit floating point with the range of float32: 8 exponent and 7 fraction bits.
    case bfloat16 = 3
    /// 64-bit signed integer.
    case int64 = 4
    /// 32-bit signed integer.
    case int32 = 5
    /// 16-bit signed integer.
    case int16 = 6
    /// 8-bit signed integer.
    case int8 = 7
    /// 8-bit unsigned integer.
    case uint8 = 8
    /// Boolean, one byte for each element.
    case bool = 9
    /// Complex number of two float32, the real and the imaginary part.
    case complex64 = 10
    /// Complex number of two float64, the real and the imaginary part.
    case complex128 = 11

    /// The size of an element in bytes.
    @inline(__always)
    public var byteSize: Int {
        switch self {
        case .complex128: 16
        case .complex64, .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether this is complex64 or complex128.
    @inline(__always)
    public var isComplex: Bool { rawValue >= DType.complex64.rawValue }
    /// Whether this is float64, float32, float16 or bfloat16.
    @inline(__always)
    public var isFloatingPoint: Bool { rawValue <= DType.bfloat16.rawValue }

    /// Whether this is int64, int32, int16, int8 or uint8. False for bool.
    @inline(__always)
    public var isInteger: Bool { rawValue >= DType.int64.rawValue && rawValue <= DType.uint8.rawValue }

    /// Whether the dtype has negative numbers: false for uint8 and bool.
    public var isSigned: Bool { self != .uint8 && self != .bool }

    /// Whether tensors of this dtype can require gradients: floating point and complex.
    @inline(__always)
    package var isDifferentiable: Bool { isFloatingPoint || isComplex }

    /// The order bool < integer < floating point < complex in type promotion: a result has the highest category of its
    /// operands.
    package enum Category: Int, Comparable {
        case bool, integer, floatingPoint, complex
        package static func < (a: Category, b: Category) -> Bool { a.rawValue < b.rawValue }
    }

    package var category: Category {
        isFloatingPoint ? .floatingPoint : isInteger ? .integer : isComplex ? .complex : .bool
    }

    /// The dtype in which kernels compute: float32 for float16 and bfloat16, int64 for bool and integers.
    @inline(__always)
    package var computeType: DType {
        switch self {
        case .float64: .float64
        case .float32, .float16, .bfloat16: .float32
        case .complex64, .complex128: self
        default: .int64
        }
    }

    /// Whether this is float32, float64 or int64, which kernels read and write without conversion.
    @inline(__always)
    package var isComputedDirectly: Bool { self == .float32 || self == .float64 || self == .int64 }

    /// This dtype if it is floating point or complex, else the default dtype: the dtype of the results of `exp` or a true
    /// division.
    package var orFloat: DType { isDifferentiable ? self : .default }

    /// The dtype of the real and imaginary parts of a complex dtype; a real dtype itself.
    public var toReal: DType {
        switch self {
        case .complex64: .float32
        case .complex128: .float64
        default: self
        }
    }

    /// The complex dtype for this dtype: complex128 for float64, complex64 for other real dtypes.
    public var toComplex: DType {
        switch self {
        case .float64, .complex128: .complex128
        default: .complex64
        }
    }
}

extension DType: CustomStringConvertible {
    /// The name of the dtype, as in PyTorch without `torch.`: "float32".
    public var description: String {
        switch self {
        case .float64: "float64"
        case .float32: "float32"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        case .int64: "int64"
        case .int32: "int32"
        case .int16: "int16"
        case .int8: "int8"
        case .uint8: "uint8"
        case .bool: "bool"
        case .complex64: "complex64"
        case .complex128: "complex128"
        }
    }
}
