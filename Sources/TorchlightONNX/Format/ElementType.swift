import TorchlightCore

/// The element type of a tensor in an ONNX file. The raw values are those of `TensorProto.DataType`.
///
/// Types without a dtype are computed in a dtype that represents every value: uint16 in int32, uint32 and uint64 in
/// int64, integers of 4 and 2 bits in int8 and uint8, floats of 8 and 4 bits in float32. Results are wrapped or rounded
/// to the values of the type.
public enum ONNXElementType: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case float = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case float16 = 10
    case double = 11
    case uint32 = 12
    case uint64 = 13
    case complex64 = 14
    case complex128 = 15
    case bfloat16 = 16
    case float8e4m3fn = 17
    case float8e4m3fnuz = 18
    case float8e5m2 = 19
    case float8e5m2fnuz = 20
    case uint4 = 21
    case int4 = 22
    case float4e2m1 = 23
    case float8e8m0 = 24
    case uint2 = 25
    case int2 = 26

    /// The element type of a dtype.
    public init(_ dtype: DType) {
        self =
            switch dtype {
            case .float64: .double
            case .float32: .float
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .int64: .int64
            case .int32: .int32
            case .int16: .int16
            case .int8: .int8
            case .uint8: .uint8
            case .bool: .bool
            case .complex64: .complex64
            case .complex128: .complex128
            }
    }

    /// The dtype of computations with values of the type; nil for strings.
    public var dtype: DType? {
        switch self {
        case .float: .float32
        case .uint8, .uint4, .uint2: .uint8
        case .int8, .int4, .int2: .int8
        case .uint16, .int32: .int32
        case .int16: .int16
        case .int64, .uint32, .uint64: .int64
        case .bool: .bool
        case .float16: .float16
        case .double: .float64
        case .complex64: .complex64
        case .complex128: .complex128
        case .bfloat16: .bfloat16
        case .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1: .float32
        case .string: nil
        }
    }

    /// Whether the dtype has exactly the values of the type.
    var isExact: Bool { dtype.map { ONNXElementType($0) == self } ?? true }

    /// The size of an element in a file, in bits; 0 for strings.
    public var bitCount: Int {
        switch self {
        case .double, .int64, .uint64, .complex64: 64
        case .float, .int32, .uint32: 32
        case .float16, .bfloat16, .int16, .uint16: 16
        case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 8
        case .uint4, .int4, .float4e2m1: 4
        case .uint2, .int2: 2
        case .complex128: 128
        case .string: 0
        }
    }

    var isFloatingPoint: Bool { dtype?.isFloatingPoint ?? false }
    var isInteger: Bool { dtype?.isInteger ?? false }
    var isUnsigned: Bool {
        switch self {
        case .uint8, .uint16, .uint32, .uint64, .uint4, .uint2: true
        default: false
        }
    }

    /// The range of an integer type; the upper bound of uint64 is that of int64.
    var range: (low: Int, high: Int)? {
        guard isInteger else { return nil }
        if bitCount == 64 { return isUnsigned ? (0, .max) : (.min, .max) }
        return isUnsigned ? (0, 1 << bitCount - 1) : (-(1 << (bitCount - 1)), 1 << (bitCount - 1) - 1)
    }

    /// The format of a floating-point type with 8 or 4 bits; nil for other types.
    var smallFloat: SmallFloat? {
        switch self {
        case .float8e4m3fn: .e4m3fn
        case .float8e4m3fnuz: .e4m3fnuz
        case .float8e5m2: .e5m2
        case .float8e5m2fnuz: .e5m2fnuz
        case .float8e8m0: .e8m0
        case .float4e2m1: .e2m1
        default: nil
        }
    }

    /// The name in the standard, in lower case: "float", "int64".
    public var description: String { "\(name)" }

    private var name: String {
        switch self {
        case .float: "float"
        case .uint8: "uint8"
        case .int8: "int8"
        case .uint16: "uint16"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .string: "string"
        case .bool: "bool"
        case .float16: "float16"
        case .double: "double"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .complex64: "complex64"
        case .complex128: "complex128"
        case .bfloat16: "bfloat16"
        case .float8e4m3fn: "float8e4m3fn"
        case .float8e4m3fnuz: "float8e4m3fnuz"
        case .float8e5m2: "float8e5m2"
        case .float8e5m2fnuz: "float8e5m2fnuz"
        case .uint4: "uint4"
        case .int4: "int4"
        case .float4e2m1: "float4e2m1"
        case .float8e8m0: "float8e8m0"
        case .uint2: "uint2"
        case .int2: "int2"
        }
    }

    /// The element type of a number of the standard.
    static func read(_ number: Int, of what: @autoclosure () -> String) throws -> ONNXElementType {
        guard let type = ONNXElementType(rawValue: number) else {
            throw Problem(
                "\(what()) has the unknown element type \(number)", expected: "a type from 1 to 26", kind: .unsupported)
        }
        return type
    }
}
