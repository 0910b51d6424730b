// What a type does for a protocol is documented there.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

import Glibc

/// The Swift types of the parts of complex numbers: Float and Double.
public protocol ComplexPart: BinaryFloatingPoint, Codable, Sendable {
    /// The dtype of complex numbers with parts of this type.
    static var complexDType: DType { get }
}

extension Float: ComplexPart { public static var complexDType: DType { .complex64 } }
extension Double: ComplexPart { public static var complexDType: DType { .complex128 } }

/// A complex number `real + imag i`, stored as `DType.complex64` or `DType.complex128`.
///
///     let z = Complex(3, 4)                          // Complex<Double>
///     Tensor([Complex(1, 2), Complex(0, -1)])        // complex64, as Double literals become the default dtype
///     x * Complex(0, 1)
public struct Complex<Part: ComplexPart>: Hashable, Codable, Sendable {
    /// The real part.
    public var real: Part
    /// The imaginary part.
    public var imag: Part

    /// `real + imag i`.
    public init(_ real: Part, _ imag: Part = 0) {
        self.real = real
        self.imag = imag
    }

    /// The number of magnitude `abs` at an angle in radians from the positive real axis.
    public static func polar(_ abs: Part, _ angle: Part) -> Complex {
        Complex(abs * Part(Glibc.cos(Double(angle))), abs * Part(Glibc.sin(Double(angle))))
    }

    /// The number with parts of another type.
    public init(_ other: Complex<some ComplexPart>) { self.init(Part(other.real), Part(other.imag)) }

    /// The imaginary unit.
    public static var i: Complex { Complex(0, 1) }
    /// `real - imag i`.
    public var conjugate: Complex { Complex(real, -imag) }
    /// The magnitude `sqrt(real^2 + imag^2)`, without overflow of the squares.
    public var abs: Part {
        if real.isInfinite || imag.isInfinite { return .infinity }
        if real.isNaN || imag.isNaN { return .nan }
        let (large, small) = (Swift.max(real.magnitude, imag.magnitude), Swift.min(real.magnitude, imag.magnitude))
        if large == 0 { return 0 }
        let ratio = small / large
        return large * (1 + ratio * ratio).squareRoot()
    }

    public static func + (a: Complex, b: Complex) -> Complex { Complex(a.real + b.real, a.imag + b.imag) }
    public static func - (a: Complex, b: Complex) -> Complex { Complex(a.real - b.real, a.imag - b.imag) }
    public static prefix func - (z: Complex) -> Complex { Complex(-z.real, -z.imag) }
    public static func * (a: Complex, b: Complex) -> Complex {
        Complex(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)
    }
    public static func / (a: Complex, b: Complex) -> Complex {
        // Smith's algorithm: no square overflows or vanishes.
        if b.imag.magnitude > b.real.magnitude {
            let ratio = b.real / b.imag
            let scale = 1 / (b.imag + b.real * ratio)
            return Complex((a.real * ratio + a.imag) * scale, (a.imag * ratio - a.real) * scale)
        }
        if b.real == 0 { return Complex(a.real / b.real, a.imag / b.real) }
        let ratio = b.imag / b.real
        let scale = 1 / (b.real + b.imag * ratio)
        return Complex((a.real + a.imag * ratio) * scale, (a.imag - a.real * ratio) * scale)
    }
}

extension Complex where Part == Double {
    /// `real + imag i` in double precision, which plain literals give: `Complex(0, 1)`.
    public init(_ real: Double, _ imag: Double = 0) {
        self.real = real
        self.imag = imag
    }
}

extension Complex: CustomStringConvertible {
    /// The number as it is written: "1.5-2.0i".
    public var description: String { imag.sign == .minus ? "\(real)\(imag)i" : "\(real)+\(imag)i" }
}

extension Complex: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    public init(floatLiteral value: Double) { self.init(Part(value)) }
    public init(integerLiteral value: Int) { self.init(Part(value)) }
}

extension Complex: TensorElement { public static var dtype: DType { Part.complexDType } }
extension Complex: TensorData { public typealias Leaf = Complex }
extension Complex: TensorScalar { public var scalar: Scalar { .complex(Complex<Double>(self)) } }
