import CKernels

// Angles are in radians; integers give float32.

/// The sine of `x`.
package struct Sin: UnaryPrimitive {
    package static let name = "sin"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_SIN
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).cos().conj()
    }
}

/// The cosine of `x`.
package struct Cos: UnaryPrimitive {
    package static let name = "cos"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_COS
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        -gradient * context.input(0).sin().conj()
    }
}

/// The tangent of `x`.
package struct Tan: UnaryPrimitive {
    package static let name = "tan"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_TAN
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * (context.output().square() + 1).conj()
    }
}

/// The angle in `[-pi/2, pi/2]` whose sine is `x`; NaN outside `[-1, 1]`.
package struct Asin: UnaryPrimitive {
    package static let name = "asin"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ASIN
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return gradient * ((1 - x) * (1 + x)).rsqrt().conj()
    }
}

/// The angle in `[0, pi]` whose cosine is `x`; NaN outside `[-1, 1]`.
package struct Acos: UnaryPrimitive {
    package static let name = "acos"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ACOS
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return -gradient * ((1 - x) * (1 + x)).rsqrt().conj()
    }
}

/// The angle in `[-pi/2, pi/2]` whose tangent is `x`.
package struct Atan: UnaryPrimitive {
    package static let name = "atan"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ATAN
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient / (context.input(0).square() + 1).conj()
    }
}

extension Tensor {
    /// The sine of `x` in radians. Integers give float32.
    public func sin() -> Tensor { apply(Sin(), self) }
    /// The sine, in place.
    @discardableResult
    public func sin_() -> Tensor { applyInPlace(Sin(), on: self, Few(self), name: "sin_") }

    /// The cosine of `x` in radians. Integers give float32.
    public func cos() -> Tensor { apply(Cos(), self) }
    /// The cosine, in place.
    @discardableResult
    public func cos_() -> Tensor { applyInPlace(Cos(), on: self, Few(self), name: "cos_") }

    /// The tangent of `x` in radians. Integers give float32.
    public func tan() -> Tensor { apply(Tan(), self) }
    /// The tangent, in place.
    @discardableResult
    public func tan_() -> Tensor { applyInPlace(Tan(), on: self, Few(self), name: "tan_") }

    /// The arcsine in `[-pi/2, pi/2]`; NaN for `|x| > 1`. Integers give float32.
    public func asin() -> Tensor { apply(Asin(), self) }
    /// The arcsine, in place.
    @discardableResult
    public func asin_() -> Tensor { applyInPlace(Asin(), on: self, Few(self), name: "asin_") }

    /// The arccosine in `[0, pi]`; NaN for `|x| > 1`. Integers give float32.
    public func acos() -> Tensor { apply(Acos(), self) }
    /// The arccosine, in place.
    @discardableResult
    public func acos_() -> Tensor { applyInPlace(Acos(), on: self, Few(self), name: "acos_") }

    /// The arctangent in `[-pi/2, pi/2]`. Integers give float32.
    public func atan() -> Tensor { apply(Atan(), self) }
    /// The arctangent, in place.
    @discardableResult
    public func atan_() -> Tensor { applyInPlace(Atan(), on: self, Few(self), name: "atan_") }
}

/// The sine of `x` in radians, element by element.
public func sin(_ x: Tensor) -> Tensor { x.sin() }

/// The cosine of `x` in radians, element by element.
public func cos(_ x: Tensor) -> Tensor { x.cos() }

/// The tangent of `x` in radians, element by element.
public func tan(_ x: Tensor) -> Tensor { x.tan() }

/// The arcsine in `[-pi/2, pi/2]`, element by element; NaN for `|x| > 1`.
public func asin(_ x: Tensor) -> Tensor { x.asin() }

/// The arccosine in `[0, pi]`, element by element; NaN for `|x| > 1`.
public func acos(_ x: Tensor) -> Tensor { x.acos() }

/// The arctangent in `[-pi/2, pi/2]`, element by element.
public func atan(_ x: Tensor) -> Tensor { x.atan() }
