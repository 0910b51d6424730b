import CKernels

// Piecewise linear stand-ins for `sigmoid` and `silu` (Howard et al. 2019). At the kinks the outer gradient holds.

/// `clamp(x / 6 + 1/2, 0, 1)`.
package struct HardSigmoid: UnaryPrimitive {
    package static let name = "hardsigmoid"
    package static let kernel = TL_UNARY_HARDSIGMOID
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        Tensor.where(context.input(0).abs() < 3, gradient / 6, Tensor.zeros(like: gradient))
    }
}

/// `x * clamp(x / 6 + 1/2, 0, 1)`.
package struct HardSwish: UnaryPrimitive {
    package static let name = "hardswish"
    package static let kernel = TL_UNARY_HARDSWISH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        let isBetween = noGrad { x.abs() < 3 }
        let between = x.maskedFill(isBetween.logicalNot(), 0)
        // NaN passes the gradient on.
        return Tensor.where(isBetween, gradient * (between / 3 + 0.5), gradient.maskedFill(x <= -3, 0))
    }
}

extension Tensor {
    /// Hard sigmoid: `clamp(x / 6 + 1/2, 0, 1)`.
    public func hardsigmoid() -> Tensor { apply(HardSigmoid(), self) }
    /// Hard sigmoid, in place.
    @discardableResult
    public func hardsigmoid_() -> Tensor { applyInPlace(HardSigmoid(), on: self, Few(self), name: "hardsigmoid_") }

    /// Hard swish: `x * clamp(x / 6 + 1/2, 0, 1)` (Howard et al., 2019).
    public func hardswish() -> Tensor { apply(HardSwish(), self) }
    /// Hard swish, in place.
    @discardableResult
    public func hardswish_() -> Tensor { applyInPlace(HardSwish(), on: self, Few(self), name: "hardswish_") }
}

/// Hard sigmoid: `clamp(x / 6 + 1/2, 0, 1)`, element by element.
public func hardsigmoid(_ x: Tensor) -> Tensor { x.hardsigmoid() }

/// Hard swish: `x * clamp(x / 6 + 1/2, 0, 1)`, element by element (Howard et al., 2019).
public func hardswish(_ x: Tensor) -> Tensor { x.hardswish() }
