import CKernels

/// `a * b`. Bool with bool is a logical and.
package struct Mul: BinaryPrimitive {
    package static let name = "mul"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_MUL
    package static let domain = BinaryDomain.any
    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        return Few(
            context.needs[0] ? g * context.input(1).conj() : nil,
            context.needs[1] ? g * context.input(0).conj() : nil)
    }
}

extension Tensor {
    /// Element-wise product `a * b`. Shapes broadcast; dtypes are promoted.
    public static func * (a: Tensor, b: Tensor) -> Tensor { apply(Mul(), a, b) }
    /// Element-wise product of a tensor and a number.
    public static func * (a: Tensor, b: some TensorScalar) -> Tensor { apply(Mul(), a, .wrap(b.scalar)) }
    /// Element-wise product of a number and a tensor.
    public static func * (a: some TensorScalar, b: Tensor) -> Tensor { apply(Mul(), .wrap(a.scalar), b) }

    /// Element-wise product `self * other`. Shapes broadcast; dtypes are promoted.
    public func mul(_ other: Tensor) -> Tensor { apply(Mul(), self, other) }
    /// Element-wise product of the tensor and a number.
    public func mul(_ other: some TensorScalar) -> Tensor { apply(Mul(), self, .wrap(other.scalar)) }
    /// `self *= other`, in place.
    @discardableResult
    public func mul_(_ other: Tensor) -> Tensor { applyInPlace(Mul(), on: self, Few(self, other), name: "mul_") }
    /// Multiplies the tensor by a number, in place.
    @discardableResult
    public func mul_(_ other: some TensorScalar) -> Tensor { mul_(.wrap(other.scalar)) }
}
