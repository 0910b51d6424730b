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

    package func kernel(for dtype: DType) -> tl_unary_op {
        // A bool has one bit, the integer that it is computed as has more.
        dtype == .bool ? LogicalNot.kernel : Self.kernel
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        runUnary(kernel(for: inputs[0].dtype), Self.domain, parameters, inputs[0], outputs[0])
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
    /// Bitwise AND of integers; logical AND of bools. Shapes broadcast; dtypes are promoted.
    public static func & (a: Tensor, b: Tensor) -> Tensor { apply(BitwiseAnd(), a, b) }
    /// Bitwise AND of each element and a number.
    public static func & (a: Tensor, b: some TensorScalar) -> Tensor { apply(BitwiseAnd(), a, .wrap(b.scalar)) }
    /// Bitwise AND of a number and each element.
    public static func & (a: some TensorScalar, b: Tensor) -> Tensor { apply(BitwiseAnd(), .wrap(a.scalar), b) }
    /// Bitwise OR of integers; logical OR of bools. Shapes broadcast; dtypes are promoted.
    public static func | (a: Tensor, b: Tensor) -> Tensor { apply(BitwiseOr(), a, b) }
    /// Bitwise OR of each element and a number.
    public static func | (a: Tensor, b: some TensorScalar) -> Tensor { apply(BitwiseOr(), a, .wrap(b.scalar)) }
    /// Bitwise OR of a number and each element.
    public static func | (a: some TensorScalar, b: Tensor) -> Tensor { apply(BitwiseOr(), .wrap(a.scalar), b) }
    /// Bitwise XOR of integers; logical XOR of bools. Shapes broadcast; dtypes are promoted.
    public static func ^ (a: Tensor, b: Tensor) -> Tensor { apply(BitwiseXor(), a, b) }
    /// Bitwise XOR of each element and a number.
    public static func ^ (a: Tensor, b: some TensorScalar) -> Tensor { apply(BitwiseXor(), a, .wrap(b.scalar)) }
    /// Bitwise XOR of a number and each element.
    public static func ^ (a: some TensorScalar, b: Tensor) -> Tensor { apply(BitwiseXor(), .wrap(a.scalar), b) }
    /// Bitwise NOT of integers; logical NOT of bools.
    public static prefix func ~ (x: Tensor) -> Tensor { apply(BitwiseNot(), x) }
    /// Bitwise left shift of `a` by `b` bits.
    public static func << (a: Tensor, b: Tensor) -> Tensor { apply(ShiftLeft(), a, b) }
    /// Bitwise left shift by a number of bits.
    public static func << (a: Tensor, b: some TensorScalar) -> Tensor { apply(ShiftLeft(), a, .wrap(b.scalar)) }
    /// Bitwise left shift of a number by `b` bits.
    public static func << (a: some TensorScalar, b: Tensor) -> Tensor { apply(ShiftLeft(), .wrap(a.scalar), b) }
    /// Arithmetic right shift of `a` by `b` bits; the sign is kept.
    public static func >> (a: Tensor, b: Tensor) -> Tensor { apply(ShiftRight(), a, b) }
    /// Arithmetic right shift by a number of bits; the sign is kept.
    public static func >> (a: Tensor, b: some TensorScalar) -> Tensor { apply(ShiftRight(), a, .wrap(b.scalar)) }
    /// Arithmetic right shift of a number by `b` bits; the sign is kept.
    public static func >> (a: some TensorScalar, b: Tensor) -> Tensor { apply(ShiftRight(), .wrap(a.scalar), b) }
}

// The same by name, and in place.
extension Tensor {
    /// Bitwise AND of integers; logical AND of bools.
    public func bitwiseAnd(_ other: Tensor) -> Tensor { self & other }
    /// Bitwise AND of each element and a number.
    public func bitwiseAnd(_ other: some TensorScalar) -> Tensor { self & other }
    /// Bitwise AND, in place.
    @discardableResult
    public func bitwiseAnd_(_ other: Tensor) -> Tensor {
        applyInPlace(BitwiseAnd(), on: self, Few(self, other), name: "bitwiseAnd_")
    }
    /// Bitwise AND of each element and a number, in place.
    @discardableResult
    public func bitwiseAnd_(_ other: some TensorScalar) -> Tensor { bitwiseAnd_(.wrap(other.scalar)) }

    /// Bitwise OR of integers; logical OR of bools.
    public func bitwiseOr(_ other: Tensor) -> Tensor { self | other }
    /// Bitwise OR of each element and a number.
    public func bitwiseOr(_ other: some TensorScalar) -> Tensor { self | other }
    /// Bitwise OR, in place.
    @discardableResult
    public func bitwiseOr_(_ other: Tensor) -> Tensor {
        applyInPlace(BitwiseOr(), on: self, Few(self, other), name: "bitwiseOr_")
    }
    /// Bitwise OR of each element and a number, in place.
    @discardableResult
    public func bitwiseOr_(_ other: some TensorScalar) -> Tensor { bitwiseOr_(.wrap(other.scalar)) }

    /// Bitwise XOR of integers; logical XOR of bools.
    public func bitwiseXor(_ other: Tensor) -> Tensor { self ^ other }
    /// Bitwise XOR of each element and a number.
    public func bitwiseXor(_ other: some TensorScalar) -> Tensor { self ^ other }
    /// Bitwise XOR, in place.
    @discardableResult
    public func bitwiseXor_(_ other: Tensor) -> Tensor {
        applyInPlace(BitwiseXor(), on: self, Few(self, other), name: "bitwiseXor_")
    }
    /// Bitwise XOR of each element and a number, in place.
    @discardableResult
    public func bitwiseXor_(_ other: some TensorScalar) -> Tensor { bitwiseXor_(.wrap(other.scalar)) }

    /// Bitwise left shift by `other` bits.
    public func bitwiseLeftShift(_ other: Tensor) -> Tensor { self << other }
    /// Bitwise left shift by a number of bits.
    public func bitwiseLeftShift(_ other: some TensorScalar) -> Tensor { self << other }
    /// Bitwise left shift by `other` bits, in place.
    @discardableResult
    public func bitwiseLeftShift_(_ other: Tensor) -> Tensor {
        applyInPlace(ShiftLeft(), on: self, Few(self, other), name: "bitwiseLeftShift_")
    }
    /// Bitwise left shift by a number of bits, in place.
    @discardableResult
    public func bitwiseLeftShift_(_ other: some TensorScalar) -> Tensor { bitwiseLeftShift_(.wrap(other.scalar)) }

    /// Arithmetic right shift by `other` bits; the sign is kept.
    public func bitwiseRightShift(_ other: Tensor) -> Tensor { self >> other }
    /// Arithmetic right shift by a number of bits; the sign is kept.
    public func bitwiseRightShift(_ other: some TensorScalar) -> Tensor { self >> other }
    /// Arithmetic right shift by `other` bits, in place; the sign is kept.
    @discardableResult
    public func bitwiseRightShift_(_ other: Tensor) -> Tensor {
        applyInPlace(ShiftRight(), on: self, Few(self, other), name: "bitwiseRightShift_")
    }
    /// Arithmetic right shift by a number of bits, in place; the sign is kept.
    @discardableResult
    public func bitwiseRightShift_(_ other: some TensorScalar) -> Tensor { bitwiseRightShift_(.wrap(other.scalar)) }

    /// Bitwise NOT of integers; logical NOT of bools.
    public func bitwiseNot() -> Tensor { ~self }
    /// Bitwise NOT, in place.
    @discardableResult
    public func bitwiseNot_() -> Tensor { applyInPlace(BitwiseNot(), on: self, Few(self), name: "bitwiseNot_") }
}
