import CKernels

/// `a + b`. Bool with bool is a logical or.
package struct Add: BinaryPrimitive {
    package static let name = "add"
    package static let kernel = TL_BINARY_ADD
    package static let domain = BinaryDomain.any
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient, context.gradient)
    }
}

extension Tensor {
    /// `a + b`, element by element, with broadcasting and promotion.
    public static func + (a: Tensor, b: Tensor) -> Tensor { apply(Add(), a, b) }
    /// `a + b` for every element of `a`.
    public static func + (a: Tensor, b: some TensorScalar) -> Tensor { apply(Add(), a, .wrap(b.scalar)) }
    /// `a + b` for every element of `b`.
    public static func + (a: some TensorScalar, b: Tensor) -> Tensor { apply(Add(), .wrap(a.scalar), b) }
}
