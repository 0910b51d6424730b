import CKernels

// The size and the sign of numbers. At 0 both gradients are 0.

/// The absolute value of `x`; the lowest integer stays what it is.
package struct Abs: UnaryPrimitive {
    package static let name = "abs"
    package static let kernel = TL_UNARY_ABS
    package static let domain = UnaryDomain.number
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).sign()
    }
}

/// -1, 0 or 1 by the sign of `x`; 0 for NaN.
package struct Sign: UnaryPrimitive {
    package static let name = "sign"
    package static let kernel = TL_UNARY_SIGN
    package static let domain = UnaryDomain.any
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

extension Tensor {
    /// The absolute value `|x|`, element by element.
    public func abs() -> Tensor { apply(Abs(), self) }
    /// The absolute value, in place.
    @discardableResult
    public func abs_() -> Tensor { applyInPlace(Abs(), on: self, Few(self), name: "abs_") }

    /// The sign of each element: -1, 0 or 1.
    public func sign() -> Tensor { apply(Sign(), self) }
    /// The sign of each element, in place.
    @discardableResult
    public func sign_() -> Tensor { applyInPlace(Sign(), on: self, Few(self), name: "sign_") }

    /// The sign `x / |x|` of complex numbers. Since there are no complex dtypes, the same as `sign`.
    public func sgn() -> Tensor { sign() }
    /// The sign of each element, in place; the same as `sign_`.
    @discardableResult
    public func sgn_() -> Tensor { applyInPlace(Sign(), on: self, Few(self), name: "sgn_") }
}

/// The absolute value `|x|`, element by element.
public func abs(_ x: Tensor) -> Tensor { x.abs() }

/// The sign of each element: -1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { x.sign() }
