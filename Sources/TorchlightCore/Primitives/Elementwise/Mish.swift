import CKernels

/// `x * tanh(log(1 + e^x))` (Misra 2019).
package struct MishForward: UnaryPrimitive {
    package static let name = "mish"
    package static let kernel = TL_UNARY_MISH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        // Above 50 the slope is 1, and the factor of what vanishes would overflow. At infinity it is NaN, as in PyTorch.
        let input = context.input(0)
        let isFar = noGrad { (input > 50).logicalAnd(input < Double.infinity) }
        let x = input.maskedFill(isFar, 50)
        let t = x.softplus().tanh()
        return gradient * (t + x * x.sigmoid() * (1 - t.square()))
    }
}

extension Tensor {
    /// Mish: `x * tanh(log(1 + exp(x)))` (Misra, 2019).
    public func mish() -> Tensor { apply(MishForward(), self) }
    /// Mish, in place (Misra, 2019).
    @discardableResult
    public func mish_() -> Tensor { applyInPlace(MishForward(), on: self, Few(self), name: "mish_") }
}

/// Mish: `x * tanh(log(1 + exp(x)))`, element by element (Misra, 2019).
public func mish(_ x: Tensor) -> Tensor { x.mish() }
