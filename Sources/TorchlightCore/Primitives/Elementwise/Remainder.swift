import CKernels

/// `a - b * floor(a / b)`: the remainder with the sign of the divisor.
package struct Remainder: BinaryPrimitive {
    package static let name = "remainder"
    package static let kernel = TL_BINARY_REMAINDER
    package static let domain = BinaryDomain.checkedNumber
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[1] ? [.input(0), .input(1)] : .none }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) { try refuseZeroDivisor(Self.name, inputs) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(
            context.needs[0] ? context.gradient : nil,
            context.needs[1] ? -context.gradient * context.input(0).div(context.input(1), rounding: .floor) : nil)
    }
}

/// `a - b * trunc(a / b)`: the remainder with the sign of the dividend, as in C.
package struct Fmod: BinaryPrimitive {
    package static let name = "fmod"
    package static let kernel = TL_BINARY_FMOD
    package static let domain = BinaryDomain.checkedNumber
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[1] ? [.input(0), .input(1)] : .none }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) { try refuseZeroDivisor(Self.name, inputs) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(
            context.needs[0] ? context.gradient : nil,
            context.needs[1] ? -context.gradient * context.input(0).div(context.input(1), rounding: .trunc) : nil)
    }
}

extension Tensor {
    /// The remainder of `a / b` with the sign of `b`: `a - b floor(a / b)`, element by element. Shapes broadcast;
    /// dtypes are promoted.
    public static func % (a: Tensor, b: Tensor) -> Tensor { apply(Remainder(), a, b) }
    /// The remainder of `a / b` with the sign of `b`, for a number `b`.
    public static func % (a: Tensor, b: some TensorScalar) -> Tensor { apply(Remainder(), a, .wrap(b.scalar)) }
    /// The remainder of `a / b` with the sign of `b`, for a number `a`.
    public static func % (a: some TensorScalar, b: Tensor) -> Tensor { apply(Remainder(), .wrap(a.scalar), b) }

    /// The remainder of `self / other` with the sign of `other`: `self - other floor(self / other)`, element by
    /// element.
    public func remainder(_ other: Tensor) -> Tensor { apply(Remainder(), self, other) }
    /// The remainder of `self / other` with the sign of `other`, for a number `other`.
    public func remainder(_ other: some TensorScalar) -> Tensor { apply(Remainder(), self, .wrap(other.scalar)) }
    /// The remainder of `self / other` with the sign of `other`, in place.
    @discardableResult
    public func remainder_(_ other: Tensor) -> Tensor {
        applyInPlace(Remainder(), on: self, Few(self, other), name: "remainder_")
    }
    /// The remainder of `self / other` with the sign of `other`, for a number `other`, in place.
    @discardableResult
    public func remainder_(_ other: some TensorScalar) -> Tensor { remainder_(.wrap(other.scalar)) }

    /// The remainder of `self / other` with the sign of `self`: `self - other trunc(self / other)`, element by element.
    public func fmod(_ other: Tensor) -> Tensor { apply(Fmod(), self, other) }
    /// The remainder of `self / other` with the sign of `self`, for a number `other`.
    public func fmod(_ other: some TensorScalar) -> Tensor { apply(Fmod(), self, .wrap(other.scalar)) }
    /// The remainder of `self / other` with the sign of `self`, in place.
    @discardableResult
    public func fmod_(_ other: Tensor) -> Tensor { applyInPlace(Fmod(), on: self, Few(self, other), name: "fmod_") }
    /// The remainder of `self / other` with the sign of `self`, for a number `other`, in place.
    @discardableResult
    public func fmod_(_ other: some TensorScalar) -> Tensor { fmod_(.wrap(other.scalar)) }
}
