import CKernels

// Hyperbolic functions and their inverses; `tanh` has a file of its own. Integers give float32.

/// `(e^x - e^-x) / 2`.
package struct Sinh: UnaryPrimitive {
    package static let name = "sinh"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_SINH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).cosh().conj()
    }
}

/// `(e^x + e^-x) / 2`.
package struct Cosh: UnaryPrimitive {
    package static let name = "cosh"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_COSH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).sinh().conj()
    }
}

/// The inverse of `sinh`.
package struct Asinh: UnaryPrimitive {
    package static let name = "asinh"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ASINH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        if x.dtype.isComplex { return gradient / (x.square() + 1).sqrt().conj() }
        return gradient / x.hypot(Tensor.wrap(.double(1)))
    }
}

/// The inverse of `cosh`; NaN below 1.
package struct Acosh: UnaryPrimitive {
    package static let name = "acosh"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ACOSH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        // Two roots, so that x^2 does not overflow and the 1 is not lost to rounding.
        let x = context.input(0).dtype.isComplex ? context.input(0) : context.input(0).abs()
        return gradient * ((x - 1).rsqrt() * (x + 1).rsqrt()).conj()
    }
}

/// The inverse of `tanh`; infinite at -1 and 1, NaN beyond.
package struct Atanh: UnaryPrimitive {
    package static let name = "atanh"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ATANH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return gradient / ((1 - x) * (1 + x)).conj()
    }
}

extension Tensor {
    /// The hyperbolic sine: `(exp(x) - exp(-x)) / 2`. Integers give float32.
    public func sinh() -> Tensor { apply(Sinh(), self) }
    /// The hyperbolic sine, in place.
    @discardableResult
    public func sinh_() -> Tensor { applyInPlace(Sinh(), on: self, Few(self), name: "sinh_") }

    /// The hyperbolic cosine: `(exp(x) + exp(-x)) / 2`. Integers give float32.
    public func cosh() -> Tensor { apply(Cosh(), self) }
    /// The hyperbolic cosine, in place.
    @discardableResult
    public func cosh_() -> Tensor { applyInPlace(Cosh(), on: self, Few(self), name: "cosh_") }

    /// The inverse hyperbolic sine. Integers give float32.
    public func asinh() -> Tensor { apply(Asinh(), self) }
    /// The inverse hyperbolic sine, in place.
    @discardableResult
    public func asinh_() -> Tensor { applyInPlace(Asinh(), on: self, Few(self), name: "asinh_") }

    /// The inverse hyperbolic cosine; NaN for `x < 1`. Integers give float32.
    public func acosh() -> Tensor { apply(Acosh(), self) }
    /// The inverse hyperbolic cosine, in place.
    @discardableResult
    public func acosh_() -> Tensor { applyInPlace(Acosh(), on: self, Few(self), name: "acosh_") }

    /// The inverse hyperbolic tangent: infinite at -1 and 1, NaN outside. Integers give float32.
    public func atanh() -> Tensor { apply(Atanh(), self) }
    /// The inverse hyperbolic tangent, in place.
    @discardableResult
    public func atanh_() -> Tensor { applyInPlace(Atanh(), on: self, Few(self), name: "atanh_") }
}

/// The hyperbolic sine: `(exp(x) - exp(-x)) / 2`, element by element.
public func sinh(_ x: Tensor) -> Tensor { x.sinh() }

/// The hyperbolic cosine: `(exp(x) + exp(-x)) / 2`, element by element.
public func cosh(_ x: Tensor) -> Tensor { x.cosh() }

/// The inverse hyperbolic sine, element by element.
public func asinh(_ x: Tensor) -> Tensor { x.asinh() }

/// The inverse hyperbolic cosine, element by element; NaN for `x < 1`.
public func acosh(_ x: Tensor) -> Tensor { x.acosh() }

/// The inverse hyperbolic tangent, element by element; NaN for `|x| > 1`.
public func atanh(_ x: Tensor) -> Tensor { x.atanh() }
