import CKernels

/// `scale x` where it is positive, else `scale alpha (e^x - 1)`. The gradient at 0 is that of the left side.
package struct Elu: UnaryPrimitive {
    package static let name = "elu"
    package static let kernel = TL_UNARY_ELU
    package static let domain = UnaryDomain.floatingPoint
    package var alpha: Double
    package var scale = 1.0
    package var parameters: (Double, Double) { (alpha * scale, scale) }
    package func saved(for needs: Needs) -> Saved { .input(0) }

    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        // Clamped, because an overflow in the branch that is not taken would make the derivative NaN.
        let scaled = scale == 1 ? gradient : gradient * scale
        return Tensor.where(x <= 0, gradient * (x.clamp(max: 0).exp() * (alpha * scale)), scaled)
    }
}

extension Tensor {
    /// Exponential linear unit: `x` if `x > 0`, else `alpha (exp(x) - 1)` (Clevert et al., 2015). Default: `alpha` 1.
    public func elu(alpha: Double = 1) -> Tensor { apply(Elu(alpha: alpha), self) }
    /// Scaled exponential linear unit: `scale * elu(x, alpha)` with `scale = 1.0507...` and `alpha = 1.6732...`, which
    /// preserve mean 0 and variance 1 (Klambauer et al., 2017).
    public func selu() -> Tensor { apply(Elu(alpha: 1.6732632423543772, scale: 1.0507009873554805), self) }
    /// Exponential linear unit, in place.
    @discardableResult
    public func elu_(alpha: Double = 1) -> Tensor {
        applyInPlace(Elu(alpha: alpha), on: self, Few(self), name: "elu_")
    }
}

/// Exponential linear unit: `x` if `x > 0`, else `alpha (exp(x) - 1)` (Clevert et al., 2015). Default: `alpha` 1.
public func elu(_ x: Tensor, alpha: Double = 1) -> Tensor { x.elu(alpha: alpha) }
/// Scaled exponential linear unit, element by element (Klambauer et al., 2017).
public func selu(_ x: Tensor) -> Tensor { x.selu() }
