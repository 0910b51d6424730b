import CKernels

/// The hyperbolic tangent.
package struct TanhForward: UnaryPrimitive {
    package static let name = "tanh"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_TANH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let y = context.output()
        return y.dtype.isComplex ? gradient * (1 - y * y).conj() : apply(TanhBackward(), gradient, y)
    }
}

/// The gradient of `tanh` by its result `y`: `(g, y) -> g (1 - y^2)`.
package struct TanhBackward: ActivationGradientPrimitive {
    package static let name = "tanhBackward"
    package static let kernel = TL_BINARY_TANH_GRAD

    package static func factorDerivative(_ y: Tensor) -> Tensor {
        y * -2
    }
}

extension Tensor {
    /// The hyperbolic tangent `(exp(x) - exp(-x)) / (exp(x) + exp(-x))`, element by element. Integers give float32.
    public func tanh() -> Tensor { apply(TanhForward(), self) }
    /// The hyperbolic tangent, in place.
    @discardableResult
    public func tanh_() -> Tensor { applyInPlace(TanhForward(), on: self, Few(self), name: "tanh_") }
}

/// The hyperbolic tangent `(exp(x) - exp(-x)) / (exp(x) + exp(-x))`, element by element.
public func tanh(_ x: Tensor) -> Tensor { x.tanh() }
