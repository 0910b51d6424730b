import CKernels

// The integral of the normal distribution: `erf(x) = 2/sqrt(pi) * integral of e^(-t^2) from 0 to x`.

/// The error function of `x`.
package struct Erf: UnaryPrimitive {
    package static let name = "erf"
    package static let kernel = TL_UNARY_ERF
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * ((-context.input(0).square()).exp() * 1.128379167095512573896)
    }
}

/// `1 - erf(x)`, exact where that is small.
package struct Erfc: UnaryPrimitive {
    package static let name = "erfc"
    package static let kernel = TL_UNARY_ERFC
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        -gradient * ((-context.input(0).square()).exp() * 1.128379167095512573896)
    }
}

/// The number whose error function is `x`; infinite at -1 and 1, NaN beyond.
package struct Erfinv: UnaryPrimitive {
    package static let name = "erfinv"
    package static let kernel = TL_UNARY_ERFINV
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * (context.output().square().exp() * 0.886226925452758013649)
    }
}

extension Tensor {
    /// The error function `erf(x) = 2/sqrt(pi) * integral of exp(-t^2) from 0 to x`. Integers give float32.
    public func erf() -> Tensor { apply(Erf(), self) }
    /// The error function, in place.
    @discardableResult
    public func erf_() -> Tensor { applyInPlace(Erf(), on: self, Few(self), name: "erf_") }

    /// The complementary error function `1 - erf(x)`, computed without cancellation.
    public func erfc() -> Tensor { apply(Erfc(), self) }
    /// The complementary error function, in place.
    @discardableResult
    public func erfc_() -> Tensor { applyInPlace(Erfc(), on: self, Few(self), name: "erfc_") }

    /// The inverse of the error function: infinite at -1 and 1, NaN outside.
    public func erfinv() -> Tensor { apply(Erfinv(), self) }
    /// The inverse of the error function, in place.
    @discardableResult
    public func erfinv_() -> Tensor { applyInPlace(Erfinv(), on: self, Few(self), name: "erfinv_") }
}

/// The error function, element by element.
public func erf(_ x: Tensor) -> Tensor { x.erf() }

/// The complementary error function `1 - erf(x)`, element by element, computed without cancellation.
public func erfc(_ x: Tensor) -> Tensor { x.erfc() }

/// The inverse of the error function, element by element.
public func erfinv(_ x: Tensor) -> Tensor { x.erfinv() }
