import CKernels

/// The angle in `(-pi, pi]` of the point `(b, a)`: `atan(a / b)` in the right quadrant. The gradient is 0 at the origin.
package struct Atan2: BinaryPrimitive {
    package static let name = "atan2"
    package static let kernel = TL_BINARY_ATAN2
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let b = context.input(1)
        // a^2 + b^2 would underflow and overflow long before its root does.
        let length = a.hypot(b)
        let isZero = noGrad { length .== 0 }
        let safe = length.maskedFill(isZero, 1)
        let scaled = context.gradient / safe
        return Few(
            context.needs[0] ? (scaled * (b / safe)).maskedFill(isZero, 0) : nil,
            context.needs[1] ? (-scaled * (a / safe)).maskedFill(isZero, 0) : nil)
    }
}

extension Tensor {
    /// The arctangent of `self / other` with the quadrant from both signs: the angle in `(-pi, pi]` of the point
    /// `(other, self)`. Shapes broadcast.
    public func atan2(_ other: Tensor) -> Tensor { apply(Atan2(), self, other) }
    /// The arctangent of `self / other` with the quadrant from both signs, in place.
    @discardableResult
    public func atan2_(_ other: Tensor) -> Tensor { applyInPlace(Atan2(), on: self, Few(self, other), name: "atan2_") }
}

/// The arctangent of `y / x` with the quadrant from both signs: the angle in `(-pi, pi]` of the point `(x, y)`, element
/// by element.
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor { y.atan2(x) }
