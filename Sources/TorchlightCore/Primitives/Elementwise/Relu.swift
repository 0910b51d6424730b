import CKernels

/// `max(x, 0)`; NaN stays NaN. The gradient at 0 is 0.
package struct Relu: UnaryPrimitive {
    package static let name = "relu"
    package static let kernel = TL_UNARY_RELU
    package static let domain = UnaryDomain.number
    // The result is positive exactly where the operand is, and is in memory anyway.
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        apply(ReluBackward(), gradient, context.output())
    }
}

/// The gradient of `relu`: the incoming one where the result `y` is positive, `(g, y) -> g`.
package struct ReluBackward: BinaryPrimitive {
    package static let name = "reluBackward"
    package static let kernel = TL_BINARY_RELU_GRAD
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[0] ? .input(1) : .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        // Constant in y almost everywhere.
        Few(context.needs[0] ? apply(ReluBackward(), context.gradient, context.input(1)) : nil, nil)
    }
}

extension Tensor {
    /// Rectified linear unit: `max(x, 0)`, element by element.
    public func relu() -> Tensor { apply(Relu(), self) }
    /// Rectified linear unit, in place.
    @discardableResult
    public func relu_() -> Tensor { applyInPlace(Relu(), on: self, Few(self), name: "relu_") }
}

/// Rectified linear unit: `max(x, 0)`, element by element. NaN gives NaN. The gradient at 0 is 0. Shapes: `[*] -> [*]`.
public func relu(_ x: Tensor) -> Tensor { x.relu() }
