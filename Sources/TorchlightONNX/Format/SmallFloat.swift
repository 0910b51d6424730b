/// A floating-point format of 8 or 4 bits, as in the OCP specifications and the tables of the standard.
struct SmallFloat: Sendable {
    let bitCount: Int
    let mantissaBits: Int
    let bias: Int
    /// The largest finite number.
    let maximum: Float
    /// The bits of NaN; nil if the format has no NaN.
    let nan: UInt8?
    /// The bits of infinity; nil if the format has no infinity.
    let infinity: UInt8?
    /// Whether the bits of negative zero are NaN.
    var hasOneZero = false
    /// Whether all bits are exponent bits.
    var isExponent = false

    static let e4m3fn = SmallFloat(bitCount: 8, mantissaBits: 3, bias: 7, maximum: 448, nan: 0x7F, infinity: nil)
    static let e4m3fnuz = SmallFloat(
        bitCount: 8, mantissaBits: 3, bias: 8, maximum: 240, nan: 0x80, infinity: nil, hasOneZero: true)
    static let e5m2 = SmallFloat(bitCount: 8, mantissaBits: 2, bias: 15, maximum: 57344, nan: 0x7F, infinity: 0x7C)
    static let e5m2fnuz = SmallFloat(
        bitCount: 8, mantissaBits: 2, bias: 16, maximum: 57344, nan: 0x80, infinity: nil, hasOneZero: true)
    static let e2m1 = SmallFloat(bitCount: 4, mantissaBits: 1, bias: 1, maximum: 6, nan: nil, infinity: nil)
    static let e8m0 = SmallFloat(
        bitCount: 8, mantissaBits: 0, bias: 127, maximum: 0x1p127, nan: 0xFF, infinity: nil, isExponent: true)

    /// The rounding mode for powers of two.
    enum Rounding: String { case up, down, nearest }

    /// The number with these bits.
    func decode(_ bits: UInt8) -> Float {
        if isExponent { return bits == 0xFF ? .nan : Float(sign: .plus, exponent: Int(bits) - 127, significand: 1) }
        let magnitude = bits & UInt8(1 << (bitCount - 1) - 1)
        let isNegative = Int(bits) >> (bitCount - 1) == 1
        if let nan, hasOneZero ? bits == nan : magnitude == nan || (infinity != nil && magnitude > 0x7C) {
            return .nan
        }
        if let infinity, magnitude == infinity { return isNegative ? -.infinity : .infinity }
        let exponent = Int(magnitude) >> mantissaBits
        let mantissa = Float(Int(magnitude) & (1 << mantissaBits - 1))
        let scale = Float(1 << mantissaBits)
        let value =
            exponent == 0
            ? mantissa / scale * Float(sign: .plus, exponent: 1 - bias, significand: 1)
            : (1 + mantissa / scale) * Float(sign: .plus, exponent: exponent - bias, significand: 1)
        return isNegative ? -value : value
    }

    /// The nearest number of the format, ties to even. Values above the maximum become the maximum with `saturate`, and
    /// infinity or NaN otherwise.
    func round(_ value: Float, saturate: Bool = true, rounding: Rounding = .up) -> Float {
        if isExponent { return roundExponent(value, saturate: saturate, rounding) }
        // NaN becomes negative zero in a format without NaN, as in NumPy's types of these formats (ml_dtypes).
        if value.isNaN { return nan == nil ? -0.0 : .nan }
        let magnitude = value.magnitude
        var result: Float
        if magnitude.isInfinite {
            result = .infinity
        } else {
            let exponent = magnitude == 0 ? 1 - bias : max(Int(magnitude.exponent), 1 - bias)
            let quantum = Float(sign: .plus, exponent: exponent - mantissaBits, significand: 1)
            result = (magnitude / quantum).rounded(.toNearestOrEven) * quantum
        }
        if result > maximum {
            result = saturate || nan == nil ? maximum : infinity == nil ? .nan : .infinity
        }
        if result.isNaN { return .nan }
        if result == 0 && hasOneZero { return 0 }
        return value.sign == .minus ? -result : result
    }

    private func roundExponent(_ value: Float, saturate: Bool, _ rounding: Rounding) -> Float {
        if value.isNaN { return .nan }
        let smallest = Float(sign: .plus, exponent: -127, significand: 1)
        let magnitude = value.magnitude
        if magnitude.isInfinite { return saturate ? maximum : .nan }
        if magnitude <= smallest { return smallest }
        let low = Float(sign: .plus, exponent: Int(magnitude.exponent), significand: 1)
        let isUp: Bool =
            switch rounding {
            case .up: magnitude > low
            case .down: false
            case .nearest: magnitude / low >= 1.5
            }
        if !isUp { return low }
        return low >= maximum ? (saturate ? maximum : .nan) : low * 2
    }

    /// The bits of a number of the format.
    func encode(_ value: Float) -> UInt8 {
        if isExponent { return value.isNaN ? 0xFF : UInt8(clamping: Int(value.exponent) + 127) }
        if value.isNaN { return nan ?? 0 }
        let sign: UInt8 = value.sign == .minus ? UInt8(1 << (bitCount - 1)) : 0
        if value.isInfinite { return sign | (infinity ?? 0) }
        if value == 0 { return hasOneZero ? 0 : sign }
        let exponent = Int(value.exponent)
        if exponent < 1 - bias {
            return sign | UInt8(value.magnitude / Float(sign: .plus, exponent: 1 - bias - mantissaBits, significand: 1))
        }
        let mantissa =
            (value.magnitude / Float(sign: .plus, exponent: exponent, significand: 1) - 1) * Float(1 << mantissaBits)
        return sign | UInt8((exponent + bias) << mantissaBits) | UInt8(mantissa)
    }

    /// The numbers of all bit patterns.
    var table: [Float] { (0..<(1 << bitCount)).map { decode(UInt8($0)) } }
}
