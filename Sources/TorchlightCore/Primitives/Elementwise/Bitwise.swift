import CKernels

// Operations on the bits of integers; on bool they are the logical ones. No gradient.

/// The bits that both operands have.
package struct BitwiseAnd: ConstantBinaryPrimitive {
    package static let name = "bitwiseAnd"
    package static let kernel = TL_BINARY_BITWISE_AND
    package static let domain = BinaryDomain.integral
}

/// The bits that one of the operands has, or both.
package struct BitwiseOr: ConstantBinaryPrimitive {
    package static let name = "bitwiseOr"
    package static let kernel = TL_BINARY_BITWISE_OR
    package static let domain = BinaryDomain.integral
}

/// The bits that exactly one operand has.
package struct BitwiseXor: ConstantBinaryPrimitive {
    package static let name = "bitwiseXor"
    package static let kernel = TL_BINARY_BITWISE_XOR
    package static let domain = BinaryDomain.integral
}

/// All bits inverted.
package struct BitwiseNot: ConstantUnaryPrimitive {
    package static let name = "bitwiseNot"
    package static let kernel = TL_UNARY_BITWISE_NOT
    package static let domain = UnaryDomain.integral

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        // A bool has one bit, the integer that it is computed as has more.
        let kernel = inputs[0].dtype == .bool ? LogicalNot.kernel : Self.kernel
        runUnary(kernel, Self.domain, parameters, inputs[0], outputs[0])
    }
}

/// `a * 2^b` by moving bits; those that leave the dtype are lost.
package struct ShiftLeft: ConstantBinaryPrimitive {
    package static let name = "bitwiseLeftShift"
    package static let kernel = TL_BINARY_SHIFT_LEFT
    package static let domain = BinaryDomain.shift
}

/// `a / 2^b` rounded down, by moving bits; the sign stays.
package struct ShiftRight: ConstantBinaryPrimitive {
    package static let name = "bitwiseRightShift"
    package static let kernel = TL_BINARY_SHIFT_RIGHT
    package static let domain = BinaryDomain.shift
}

extension Tensor {
    /// The bits that both operands have; the logical and of bools.
    public static func & (a: Tensor, b: Tensor) -> Tensor { apply(BitwiseAnd(), a, b) }
    /// The bits that each element shares with a number.
    public static func & (a: Tensor, b: some TensorScalar) -> Tensor { apply(BitwiseAnd(), a, .wrap(b.scalar)) }
    /// The bits that each element shares with a number.
    public static func & (a: some TensorScalar, b: Tensor) -> Tensor { apply(BitwiseAnd(), .wrap(a.scalar), b) }
    /// The bits that one of the operands has; the logical or of bools.
    public static func | (a: Tensor, b: Tensor) -> Tensor { apply(BitwiseOr(), a, b) }
    /// The bits that each element or a number has.
    public static func | (a: Tensor, b: some TensorScalar) -> Tensor { apply(BitwiseOr(), a, .wrap(b.scalar)) }
    /// The bits that each element or a number has.
    public static func | (a: some TensorScalar, b: Tensor) -> Tensor { apply(BitwiseOr(), .wrap(a.scalar), b) }
    /// The bits that exactly one operand has; whether bools differ.
    public static func ^ (a: Tensor, b: Tensor) -> Tensor { apply(BitwiseXor(), a, b) }
    /// The bits that exactly one of each element and a number has.
    public static func ^ (a: Tensor, b: some TensorScalar) -> Tensor { apply(BitwiseXor(), a, .wrap(b.scalar)) }
    /// The bits that exactly one of each element and a number has.
    public static func ^ (a: some TensorScalar, b: Tensor) -> Tensor { apply(BitwiseXor(), .wrap(a.scalar), b) }
    /// All bits inverted; the logical not of bools.
    public static prefix func ~ (x: Tensor) -> Tensor { apply(BitwiseNot(), x) }
    /// The bits moved up by `b` places.
    public static func << (a: Tensor, b: Tensor) -> Tensor { apply(ShiftLeft(), a, b) }
    /// The bits moved up by a number of places.
    public static func << (a: Tensor, b: some TensorScalar) -> Tensor { apply(ShiftLeft(), a, .wrap(b.scalar)) }
    /// The bits of a number moved up by `b` places.
    public static func << (a: some TensorScalar, b: Tensor) -> Tensor { apply(ShiftLeft(), .wrap(a.scalar), b) }
    /// The bits moved down by `b` places; the sign stays.
    public static func >> (a: Tensor, b: Tensor) -> Tensor { apply(ShiftRight(), a, b) }
    /// The bits moved down by a number of places; the sign stays.
    public static func >> (a: Tensor, b: some TensorScalar) -> Tensor { apply(ShiftRight(), a, .wrap(b.scalar)) }
    /// The bits of a number moved down by `b` places; the sign stays.
    public static func >> (a: some TensorScalar, b: Tensor) -> Tensor { apply(ShiftRight(), .wrap(a.scalar), b) }
}

// The same by name, and in place.
extension Tensor {
    /// The bits that both tensors have.
    public func bitwiseAnd(_ other: Tensor) -> Tensor { self & other }
    /// The bits that each element shares with a number.
    public func bitwiseAnd(_ other: some TensorScalar) -> Tensor { self & other }
    /// The bits that both tensors have, in place.
    @discardableResult
    public func bitwiseAnd_(_ other: Tensor) -> Tensor {
        applyInPlace(BitwiseAnd(), on: self, Few(self, other), name: "bitwiseAnd_")
    }
    /// The bits that each element shares with a number, in place.
    @discardableResult
    public func bitwiseAnd_(_ other: some TensorScalar) -> Tensor { bitwiseAnd_(.wrap(other.scalar)) }

    /// The bits that one of the tensors has, or both.
    public func bitwiseOr(_ other: Tensor) -> Tensor { self | other }
    /// The bits that each element or a number has.
    public func bitwiseOr(_ other: some TensorScalar) -> Tensor { self | other }
    /// The bits that one of the tensors has, or both, in place.
    @discardableResult
    public func bitwiseOr_(_ other: Tensor) -> Tensor {
        applyInPlace(BitwiseOr(), on: self, Few(self, other), name: "bitwiseOr_")
    }
    /// The bits that each element or a number has, in place.
    @discardableResult
    public func bitwiseOr_(_ other: some TensorScalar) -> Tensor { bitwiseOr_(.wrap(other.scalar)) }

    /// The bits that exactly one tensor has.
    public func bitwiseXor(_ other: Tensor) -> Tensor { self ^ other }
    /// The bits that exactly one of each element and a number has.
    public func bitwiseXor(_ other: some TensorScalar) -> Tensor { self ^ other }
    /// The bits that exactly one tensor has, in place.
    @discardableResult
    public func bitwiseXor_(_ other: Tensor) -> Tensor {
        applyInPlace(BitwiseXor(), on: self, Few(self, other), name: "bitwiseXor_")
    }
    /// The bits that exactly one of each element and a number has, in place.
    @discardableResult
    public func bitwiseXor_(_ other: some TensorScalar) -> Tensor { bitwiseXor_(.wrap(other.scalar)) }

    /// The bits moved up by `other` places.
    public func bitwiseLeftShift(_ other: Tensor) -> Tensor { self << other }
    /// The bits moved up by a number of places.
    public func bitwiseLeftShift(_ other: some TensorScalar) -> Tensor { self << other }
    /// The bits moved up by `other` places, in place.
    @discardableResult
    public func bitwiseLeftShift_(_ other: Tensor) -> Tensor {
        applyInPlace(ShiftLeft(), on: self, Few(self, other), name: "bitwiseLeftShift_")
    }
    /// The bits moved up by a number of places, in place.
    @discardableResult
    public func bitwiseLeftShift_(_ other: some TensorScalar) -> Tensor { bitwiseLeftShift_(.wrap(other.scalar)) }

    /// The bits moved down by `other` places; the sign stays.
    public func bitwiseRightShift(_ other: Tensor) -> Tensor { self >> other }
    /// The bits moved down by a number of places; the sign stays.
    public func bitwiseRightShift(_ other: some TensorScalar) -> Tensor { self >> other }
    /// The bits moved down by `other` places; the sign stays, in place.
    @discardableResult
    public func bitwiseRightShift_(_ other: Tensor) -> Tensor {
        applyInPlace(ShiftRight(), on: self, Few(self, other), name: "bitwiseRightShift_")
    }
    /// The bits moved down by a number of places; the sign stays, in place.
    @discardableResult
    public func bitwiseRightShift_(_ other: some TensorScalar) -> Tensor { bitwiseRightShift_(.wrap(other.scalar)) }

    /// All bits inverted.
    public func bitwiseNot() -> Tensor { ~self }
    /// All bits inverted, in place.
    @discardableResult
    public func bitwiseNot_() -> Tensor { applyInPlace(BitwiseNot(), on: self, Few(self), name: "bitwiseNot_") }
}
