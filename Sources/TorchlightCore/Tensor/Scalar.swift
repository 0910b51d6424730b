// What a type does for a protocol is documented there.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// A Swift number as an operand. Its type and the dtypes of the tensors determine the dtype of the result.
public enum Scalar: Sendable, Hashable, Codable {
    /// A bool; as an operand it has dtype bool.
    case bool(Bool)
    /// An integer; as an operand it has dtype int64.
    case int(Int)
    /// A floating-point number; as an operand it has the default dtype.
    case double(Double)
    case complex(Complex<Double>)

    /// The value as a floating-point number; true is 1, and a complex number gives its real part.
    public var asDouble: Double {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): Double(value)
        case .double(let value): value
        case .complex(let value): value.real
        }
    }

    /// The value as a complex number.
    public var asComplex: Complex<Double> {
        if case .complex(let value) = self { value } else { Complex(asDouble) }
    }

    /// The value as an integer, truncated; values outside the range of Int are clamped, and NaN is 0.
    public var asInt: Int {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .int(let value): value
        case .double(let value): Int(saturating: value)
        case .complex(let value): Int(saturating: value.real)
        }
    }

    package var dtype: DType {
        switch self {
        case .bool: .bool
        case .int: .int64
        case .double: .float64
        case .complex: .complex128
        }
    }
}

/// A Swift number type that can be an operand of the tensor operators.
public protocol TensorScalar: Sendable {
    /// The number as a scalar operand.
    var scalar: Scalar { get }
}

extension Int: TensorScalar { public var scalar: Scalar { .int(self) } }
extension Int32: TensorScalar { public var scalar: Scalar { .int(Int(self)) } }
extension Double: TensorScalar { public var scalar: Scalar { .double(self) } }
extension Float: TensorScalar { public var scalar: Scalar { .double(Double(self)) } }
extension Bool: TensorScalar { public var scalar: Scalar { .bool(self) } }

extension Tensor {
    /// The number of a wrapped scalar; nil for another tensor.
    package var wrappedScalar: Scalar? {
        if !isWrappedScalar { return nil }
        switch dtype {
        case .bool: return .bool(storage.bytes.load(as: UInt8.self) != 0)
        case .int64: return .int(Int(storage.bytes.load(as: Int64.self)))
        case .complex128: return .complex(storage.bytes.load(as: Complex<Double>.self))
        default: return .double(storage.bytes.load(as: Double.self))
        }
    }

    /// A number as a 0-dimensional operand.
    package static func wrap(_ scalar: Scalar) -> Tensor {
        let byteCount = if case .complex = scalar { 16 } else { 8 }
        guard let storage = try? Storage(byteCount: byteCount, device: .cpu) else { fatalError("out of memory") }
        switch scalar {
        case .bool(let value): storage.bytes.storeBytes(of: value ? 1 : 0, as: UInt8.self)
        case .int(let value): storage.bytes.storeBytes(of: Int64(value), as: Int64.self)
        case .double(let value): storage.bytes.storeBytes(of: value, as: Double.self)
        case .complex(let value): storage.bytes.storeBytes(of: value, as: Complex<Double>.self)
        }
        return Tensor(storage: storage, layout: Layout(shape: Dims()), dtype: scalar.dtype, isWrappedScalar: true)
    }

    /// The tensor, or a wrapped number as a tensor whose dtype counts in type promotion. Two wrapped numbers alone, as
    /// in `exponent - 1` in a gradient, would be computed in the default dtype.
    var withOwnDType: Tensor { isWrappedScalar ? to(dtype) : self }
}
