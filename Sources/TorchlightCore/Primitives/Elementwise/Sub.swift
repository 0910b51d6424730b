import CKernels

/// `a - b`. Bool with bool is refused; use `logicalXor` or integers.
package struct Sub: BinaryPrimitive {
    package static let name = "sub"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_SUB
    package static let domain = BinaryDomain.number
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(context.needs[0] ? context.gradient : nil, context.needs[1] ? -context.gradient : nil)
    }
}

extension Tensor {
    /// Element-wise difference `a - b`. Shapes broadcast; dtypes are promoted.
    public static func - (a: Tensor, b: Tensor) -> Tensor { apply(Sub(), a, b) }
    /// Element-wise difference of a tensor and a number.
    public static func - (a: Tensor, b: some TensorScalar) -> Tensor { apply(Sub(), a, .wrap(b.scalar)) }
    /// Element-wise difference of a number and a tensor.
    public static func - (a: some TensorScalar, b: Tensor) -> Tensor { apply(Sub(), .wrap(a.scalar), b) }
}
