import CKernels

/// `1 / (1 + e^-x)`.
package struct SigmoidForward: UnaryPrimitive {
    package static let name = "sigmoid"
    package static let kernel = TL_UNARY_SIGMOID
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        apply(SigmoidBackward(), gradient, context.output())
    }
}

/// The gradient of `sigmoid` by its result `y`: `(g, y) -> g y (1 - y)`.
package struct SigmoidBackward: BinaryPrimitive {
    package static let name = "sigmoidBackward"
    package static let kernel = TL_BINARY_SIGMOID_GRAD
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        Saved.input(1).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let y = context.input(1)
        return Few(
            context.needs[0] ? apply(SigmoidBackward(), context.gradient, y) : nil,
            context.needs[1] ? context.gradient * context.input(0) * (1 - y * 2) : nil)
    }
}

extension Tensor {
    /// The sigmoid function `1 / (1 + exp(-x))`, element by element. Integers give float32.
    public func sigmoid() -> Tensor { apply(SigmoidForward(), self) }
    /// The sigmoid function, in place.
    @discardableResult
    public func sigmoid_() -> Tensor { applyInPlace(SigmoidForward(), on: self, Few(self), name: "sigmoid_") }
}

/// The sigmoid function `1 / (1 + exp(-x))`, element by element.
public func sigmoid(_ x: Tensor) -> Tensor { x.sigmoid() }
