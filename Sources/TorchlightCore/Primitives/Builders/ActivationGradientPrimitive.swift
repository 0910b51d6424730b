/// The gradient of an activation function as one kernel: `(g, s) -> g f(s)`, where `s` is the operand or the result that the
/// forward pass saved. The builder supplies the second order from the derivative of `f`.
///
/// Shapes: `[*], [*] -> [*]`.
package protocol ActivationGradientPrimitive: BinaryPrimitive {
    /// The derivative of the factor `f` by what was saved.
    static func factorDerivative(_ saved: Tensor) -> Tensor
}

extension ActivationGradientPrimitive {
    package static var domain: BinaryDomain { .floatingPoint }
    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        Saved.input(1).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let saved = context.input(1)
        return Few(
            context.needs[0] ? apply(self, context.gradient, saved) : nil,
            context.needs[1] ? context.gradient * context.input(0) * Self.factorDerivative(saved) : nil)
    }
}
