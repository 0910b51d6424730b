/// The properties of a floating-point dtype, as `torch.finfo`. For a complex dtype they are those of its parts.
public struct FloatInfo: Sendable, Hashable {
    /// The dtype.
    public let dtype: DType
    /// The number of bits of a number.
    public let bits: Int
    /// The distance from 1 to the next larger number.
    public let eps: Double
    /// The largest finite number.
    public let max: Double
    /// The smallest finite number, `-max`.
    public let min: Double
    /// The smallest positive normal number; the same as ``smallestNormal``.
    public var tiny: Double { smallestNormal }
    /// The smallest positive normal number.
    public let smallestNormal: Double
    /// The smallest positive number.
    public let smallestSubnormal: Double
    /// The decimal resolution, `10^-digits` for the number of decimal digits that every number keeps.
    public let resolution: Double

    fileprivate init(_ dtype: DType, exponentBits: Int, fractionBits: Int, resolution: Double) {
        self.dtype = dtype
        bits = 1 + exponentBits + fractionBits
        eps = Double(sign: .plus, exponent: -fractionBits, significand: 1)
        let bias = 1 << (exponentBits - 1) - 1
        max = Double(sign: .plus, exponent: bias, significand: 2 - eps)
        min = -max
        smallestNormal = Double(sign: .plus, exponent: 1 - bias, significand: 1)
        // In two steps: the significand of a subnormal float64 would be rounded to 0.
        smallestSubnormal = smallestNormal * eps
        self.resolution = resolution
    }
}

/// The properties of an integer dtype, as `torch.iinfo`.
public struct IntegerInfo: Sendable, Hashable {
    /// The dtype.
    public let dtype: DType
    /// The number of bits of a number.
    public var bits: Int { dtype.byteSize * 8 }
    /// The largest number.
    public let max: Int
    /// The smallest number.
    public let min: Int
}

/// The properties of a floating-point dtype, or of the parts of a complex one: its largest number, its epsilon and others. Another
/// dtype is an error.
///
///     finfo(.float32).eps       // 1.1920928955078125e-07
///
/// - Parameter dtype: the dtype. Default: the default dtype.
public func finfo(_ dtype: DType = .default) -> FloatInfo {
    switch dtype.toReal {
    case .float64: return FloatInfo(.float64, exponentBits: 11, fractionBits: 52, resolution: 1e-15)
    case .float16: return FloatInfo(.float16, exponentBits: 5, fractionBits: 10, resolution: 1e-3)
    case .bfloat16: return FloatInfo(.bfloat16, exponentBits: 8, fractionBits: 7, resolution: 1e-2)
    case .float32: break
    default:
        reportFailure(
            TensorError(
                .dtype, in: "finfo", "the dtype is not floating point", got: "\(dtype)",
                expected: "a floating-point dtype", fix: "use iinfo for integers"))
    }
    return FloatInfo(.float32, exponentBits: 8, fractionBits: 23, resolution: 1e-6)
}

/// The properties of an integer dtype: its largest and smallest number. Another dtype is an error.
///
///     iinfo(.uint8).max       // 255
public func iinfo(_ dtype: DType) -> IntegerInfo {
    guard dtype.isInteger else {
        reportFailure(
            TensorError(
                .dtype, in: "iinfo", "the dtype is not an integer", got: "\(dtype)", expected: "an integer dtype",
                fix: "use finfo for floating-point dtypes"))
        return iinfo(.int64)
    }
    return IntegerInfo(dtype: dtype, max: dtype.bounds.upperBound, min: dtype.bounds.lowerBound)
}
