import CKernels

// Logarithms: of negative numbers NaN, of 0 negative infinity.

/// The natural logarithm of `x`; integers give float32.
package struct Log: UnaryPrimitive {
    package static let name = "log"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_LOG
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient / context.input(0).conj()
    }
}

/// The logarithm of `x` to the base 2.
package struct Log2: UnaryPrimitive {
    package static let name = "log2"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_LOG2
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient / (context.input(0).conj() * 0.693147180559945309417)
    }
}

/// The logarithm of `x` to the base 10.
package struct Log10: UnaryPrimitive {
    package static let name = "log10"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_LOG10
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient / (context.input(0).conj() * 2.302585092994045684018)
    }
}

/// `log(1 + x)`, exact near 0.
package struct Log1p: UnaryPrimitive {
    package static let name = "log1p"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_LOG1P
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient / (context.input(0).conj() + 1)
    }
}

extension Tensor {
    /// The natural logarithm: -infinity at 0, NaN for negative numbers. Integers give float32.
    public func log() -> Tensor { apply(Log(), self) }
    /// The natural logarithm, in place.
    @discardableResult
    public func log_() -> Tensor { applyInPlace(Log(), on: self, Few(self), name: "log_") }

    /// The logarithm to base 2. Integers give float32.
    public func log2() -> Tensor { apply(Log2(), self) }
    /// The logarithm to base 2, in place.
    @discardableResult
    public func log2_() -> Tensor { applyInPlace(Log2(), on: self, Few(self), name: "log2_") }

    /// The logarithm to base 10. Integers give float32.
    public func log10() -> Tensor { apply(Log10(), self) }
    /// The logarithm to base 10, in place.
    @discardableResult
    public func log10_() -> Tensor { applyInPlace(Log10(), on: self, Few(self), name: "log10_") }

    /// `log(1 + x)`, accurate for small `x`. Integers give float32.
    public func log1p() -> Tensor { apply(Log1p(), self) }
    /// `log(1 + x)`, accurate for small `x`, in place.
    @discardableResult
    public func log1p_() -> Tensor { applyInPlace(Log1p(), on: self, Few(self), name: "log1p_") }
}

/// The natural logarithm, element by element.
public func log(_ x: Tensor) -> Tensor { x.log() }

/// The logarithm to base 2, element by element.
public func log2(_ x: Tensor) -> Tensor { x.log2() }

/// The logarithm to base 10, element by element.
public func log10(_ x: Tensor) -> Tensor { x.log10() }

/// `log(1 + x)`, accurate for small `x`, element by element.
public func log1p(_ x: Tensor) -> Tensor { x.log1p() }
