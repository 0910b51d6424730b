import CKernels

/// `e^x`; the gradient is the result itself.
package struct Exp: UnaryPrimitive {
    package static let name = "exp"
    package static let kernel = TL_UNARY_EXP
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { gradient * context.output() }
}

extension Tensor {
    /// `e^x`, element by element; integers give float32.
    public func exp() -> Tensor { apply(Exp(), self) }
    /// `e^x` in place.
    @discardableResult
    public func exp_() -> Tensor { applyInPlace(Exp(), on: self, Few(self), name: "exp_") }
}

/// `e^x`, element by element.
public func exp(_ x: Tensor) -> Tensor { x.exp() }
