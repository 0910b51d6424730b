import CKernels

/// `sin(pi x) / (pi x)`, and 1 at 0. The zeros at the other integers are exact.
package struct Sinc: UnaryPrimitive {
    package static let name = "sinc"
    package static let kernel = TL_UNARY_SINC
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }

    /// `(cos(pi x) - sinc(x)) / x`, and 0 at 0.
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let isZero = noGrad { context.input(0) .== 0 }
        let x = context.input(0).maskedFill(isZero, 1)
        return gradient * (((x * Double.pi).cos() - x.sinc()) / x).maskedFill(isZero, 0)
    }
}

extension Tensor {
    /// `sin(pi x) / (pi x)`, and 1 at 0.
    public func sinc() -> Tensor { apply(Sinc(), self) }
    /// `sin(pi x) / (pi x)`, and 1 at 0, in place.
    @discardableResult
    public func sinc_() -> Tensor { applyInPlace(Sinc(), on: self, Few(self), name: "sinc_") }
}
