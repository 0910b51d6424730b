import CKernels

/// `a + b`. Bool with bool is a logical or.
package struct Add: BinaryPrimitive {
    package static let name = "add"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_ADD
    package static let domain = BinaryDomain.any
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.gradient, context.gradient)
    }
}

extension Tensor {
    /// Element-wise sum `a + b`. Shapes broadcast; dtypes are promoted.
    public static func + (a: Tensor, b: Tensor) -> Tensor { apply(Add(), a, b) }
    /// Element-wise sum of a tensor and a number.
    public static func + (a: Tensor, b: some TensorScalar) -> Tensor { apply(Add(), a, .wrap(b.scalar)) }
    /// Element-wise sum of a number and a tensor.
    public static func + (a: some TensorScalar, b: Tensor) -> Tensor { apply(Add(), .wrap(a.scalar), b) }
}
