import CKernels

/// `x / (1 + e^-x)`, also called swish (Elfwing, Uchibe and Doya 2017).
package struct Silu: UnaryPrimitive {
    package static let name = "silu"
    package static let kernel = TL_UNARY_SILU
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        apply(SiluBackward(), gradient, context.input(0))
    }
}

/// The gradient of `silu` by its operand: `(g, x) -> g s (1 + x (1 - s))` with `s = sigmoid(x)`.
package struct SiluBackward: ActivationGradientPrimitive {
    package static let name = "siluBackward"
    package static let kernel = TL_BINARY_SILU_GRAD

    package static func factorDerivative(_ x: Tensor) -> Tensor {
        // s (1 - s) (2 + x (1 - 2 s))
        let s = x.sigmoid()
        return s * (1 - s) * (x * (1 - s * 2) + 2)
    }
}

extension Tensor {
    /// Sigmoid linear unit (swish): `x / (1 + exp(-x))`, element by element.
    public func silu() -> Tensor { dtype.isComplex ? self * sigmoid() : apply(Silu(), self) }
    /// Sigmoid linear unit, in place.
    @discardableResult
    public func silu_() -> Tensor {
        dtype.isComplex
            ? overwrite(by: "silu_") { $0.silu() } : applyInPlace(Silu(), on: self, Few(self), name: "silu_")
    }
}

/// Sigmoid linear unit (swish): `x / (1 + exp(-x))`, element by element.
public func silu(_ x: Tensor) -> Tensor { x.silu() }
