import CKernels

/// `sqrt(a^2 + b^2)`, without overflow of the squares. The gradient is 0 where both are 0.
package struct Hypot: BinaryPrimitive {
    package static let name = "hypot"
    package static let kernel = TL_BINARY_HYPOT
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let length = context.output()
        let isZero = noGrad { length .== 0 }
        let safe = length.maskedFill(isZero, 1)
        let g = context.gradient.maskedFill(isZero, 0)
        // The quotients are at most 1 at any scale.
        return Few(
            context.needs[0] ? (context.input(0) / safe) * g : nil,
            context.needs[1] ? (context.input(1) / safe) * g : nil)
    }
}

extension Tensor {
    /// The hypotenuse `sqrt(self^2 + other^2)`, element by element, without overflow of the squares. Shapes broadcast.
    public func hypot(_ other: Tensor) -> Tensor { apply(Hypot(), self, other) }
    /// The hypotenuse `sqrt(self^2 + other^2)`, in place.
    @discardableResult
    public func hypot_(_ other: Tensor) -> Tensor { applyInPlace(Hypot(), on: self, Few(self, other), name: "hypot_") }
}

/// The hypotenuse `sqrt(a^2 + b^2)`, element by element.
public func hypot(_ a: Tensor, _ b: Tensor) -> Tensor { a.hypot(b) }
