import CKernels

/// `e^x`; the gradient is the result itself.
package struct Exp: UnaryPrimitive {
    package static let name = "exp"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_EXP
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.output().conj()
    }
}

extension Tensor {
    /// The exponential function `exp(x)`, element by element. Integers give float32.
    public func exp() -> Tensor { apply(Exp(), self) }
    /// The exponential function, in place.
    @discardableResult
    public func exp_() -> Tensor { applyInPlace(Exp(), on: self, Few(self), name: "exp_") }
}

/// The exponential function `exp(x)`, element by element.
public func exp(_ x: Tensor) -> Tensor { x.exp() }
