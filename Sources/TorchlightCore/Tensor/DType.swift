/// The type of a tensor's elements.
///
/// The raw values are those that the kernels use.
public enum DType: Int32, Sendable, Hashable, CaseIterable {
    case float64 = 0
    case float32 = 1
    case float16 = 2
    case bfloat16 = 3
    case int64 = 4
    case int32 = 5
    case int16 = 6
    case int8 = 7
    case uint8 = 8
    case bool = 9

    /// The dtype of floating-point literals and of creation functions that are not told otherwise.
    public static let `default` = DType.float32

    /// Bytes an element.
    @inline(__always)
    public var byteSize: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether the elements are complex numbers: of no dtype yet.
    public var isComplex: Bool { false }
    /// float64, float32, float16 or bfloat16.
    @inline(__always)
    public var isFloatingPoint: Bool { rawValue <= DType.bfloat16.rawValue }

    /// A signed or unsigned integer; bool is not one.
    @inline(__always)
    public var isInteger: Bool { rawValue >= DType.int64.rawValue && rawValue <= DType.uint8.rawValue }

    /// Whether negative numbers can be held.
    public var isSigned: Bool { self != .uint8 && self != .bool }

    /// bool < integer < floating point: promotion never leaves the higher category.
    package enum Category: Int, Comparable {
        case bool, integer, floatingPoint
        package static func < (a: Category, b: Category) -> Bool { a.rawValue < b.rawValue }
    }

    package var category: Category { isFloatingPoint ? .floatingPoint : isInteger ? .integer : .bool }

    /// The dtype in which kernels compute elements of this one: float32 for the half types, int64 for bool and integers.
    @inline(__always)
    package var computeType: DType {
        switch self {
        case .float64: .float64
        case .float32, .float16, .bfloat16: .float32
        default: .int64
        }
    }

    /// This dtype where it is floating point, otherwise the default one: what `exp` or a true division gives.
    package var orFloat: DType { isFloatingPoint ? self : .default }
}

extension DType: CustomStringConvertible {
    /// The name as PyTorch writes it without its prefix: "float32".
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
