import CKernels

/// The Airy function: the solution of `y'' = x y` that vanishes to the right (Abramowitz and Stegun, 10.4).
///
/// There is no derivative, as in PyTorch: it would need the function Ai', which is not part of the interface.
package struct AiryAi: UnaryPrimitive {
    package static let name = "airyAi"
    package static let kernel = TL_UNARY_AIRY_AI
    package static let domain = UnaryDomain.floatingPoint
    package var differentiability: Differentiability { .unavailable("the derivative of Ai is not among the functions") }
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { gradient * 0 }
}

extension Tensor {
    /// The Airy function Ai(x), `1/pi * integral of cos(t^3/3 + x t) from 0 to infinity`. It has no gradient.
    ///
    /// For negative x it oscillates with the phase `2/3 |x|^(3/2)`. Results are accurate down to `x = -10^10`; below,
    /// only their order of magnitude is. NaN at the infinities, as in PyTorch.
    public func airyAi() -> Tensor { apply(AiryAi(), self) }
}
