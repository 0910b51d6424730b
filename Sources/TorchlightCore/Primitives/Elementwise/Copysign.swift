import CKernels

/// The size of `a` with the sign of `b`, that of -0.0 included. The gradient at `a = 0` is 0, and that of `b` is 0.
package struct Copysign: BinaryPrimitive {
    package static let name = "copysign"
    package static let kernel = TL_BINARY_COPYSIGN
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[0] ? [.input(0), .output(0)] : .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(
            context.needs[0]
                ? (context.gradient * (context.output() / context.input(0))).maskedFill(context.input(0) .== 0, 0)
                : nil,
            context.needs[1] ? Tensor.zeros(like: context.gradient) : nil)
    }
}

extension Tensor {
    /// The magnitude of each element with the sign of the element of `other`. Shapes broadcast.
    public func copysign(_ other: Tensor) -> Tensor { apply(Copysign(), self, other) }
    /// The magnitude of each element with the sign of a number.
    public func copysign(_ other: some TensorScalar) -> Tensor { apply(Copysign(), self, .wrap(other.scalar)) }
    /// The magnitude of each element with the sign of the element of `other`, in place.
    @discardableResult
    public func copysign_(_ other: Tensor) -> Tensor {
        applyInPlace(Copysign(), on: self, Few(self, other), name: "copysign_")
    }
    /// The magnitude of each element with the sign of a number, in place.
    @discardableResult
    public func copysign_(_ other: some TensorScalar) -> Tensor { copysign_(.wrap(other.scalar)) }
}
