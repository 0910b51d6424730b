import CKernels

/// `1 / (1 + e^-x)`.
package struct SigmoidForward: UnaryPrimitive {
    package static let name = "sigmoid"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_SIGMOID
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let y = context.output()
        return y.dtype.isComplex
            ? gradient * (y * (1 - y)).conj() : apply(SigmoidBackward(), gradient, y)
    }
}

/// The gradient of `sigmoid` by its result `y`: `(g, y) -> g y (1 - y)`.
package struct SigmoidBackward: ActivationGradientPrimitive {
    package static let name = "sigmoidBackward"
    package static let kernel = TL_BINARY_SIGMOID_GRAD

    package static func factorDerivative(_ y: Tensor) -> Tensor {
        1 - y * 2
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
