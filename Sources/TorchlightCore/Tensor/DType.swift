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

    /// The dtype of floating-point literals and of creation functions without a `dtype` argument: float32.
    public static let `default` = DType.float32

    /// The size of an element in bytes.
    @inline(__always)
    public var byteSize: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether the elements are complex numbers. Always false: there are no complex dtypes.
    public var isComplex: Bool { false }
    /// Whether this is float64, float32, float16 or bfloat16.
    @inline(__always)
    public var isFloatingPoint: Bool { rawValue <= DType.bfloat16.rawValue }

    /// Whether this is int64, int32, int16, int8 or uint8. False for bool.
    @inline(__always)
    public var isInteger: Bool { rawValue >= DType.int64.rawValue && rawValue <= DType.uint8.rawValue }

    /// Whether the dtype has negative numbers: false for uint8 and bool.
    public var isSigned: Bool { self != .uint8 && self != .bool }

    /// The order bool < integer < floating point in type promotion: a result has the highest category of its operands.
    package enum Category: Int, Comparable {
        case bool, integer, floatingPoint
        package static func < (a: Category, b: Category) -> Bool { a.rawValue < b.rawValue }
    }

    package var category: Category { isFloatingPoint ? .floatingPoint : isInteger ? .integer : .bool }

    /// The dtype in which kernels compute: float32 for float16 and bfloat16, int64 for bool and integers.
    @inline(__always)
    package var computeType: DType {
        switch self {
        case .float64: .float64
        case .float32, .float16, .bfloat16: .float32
        default: .int64
        }
    }

    /// This dtype if it is floating point, else the default dtype: the dtype of the results of `exp` or a true
    /// division.
    package var orFloat: DType { isFloatingPoint ? self : .default }
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
        }
    }
}
