import CKernels

// Powers of 2, and `e^x - 1`.

/// `2^x`; integers give float32.
package struct Exp2: UnaryPrimitive {
    package static let name = "exp2"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_EXP2
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.output().conj() * 0.693147180559945309417
    }
}

/// `e^x - 1`, exact near 0; integers give float32.
package struct Expm1: UnaryPrimitive {
    package static let name = "expm1"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_EXPM1
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * (context.output().conj() + 1)
    }
}

extension Tensor {
    /// The exponential function to base 2: `2^x`. Integers give float32.
    public func exp2() -> Tensor { apply(Exp2(), self) }
    /// The exponential function to base 2, in place.
    @discardableResult
    public func exp2_() -> Tensor { applyInPlace(Exp2(), on: self, Few(self), name: "exp2_") }

    /// `exp(x) - 1`, accurate for small `x`. Integers give float32.
    public func expm1() -> Tensor { apply(Expm1(), self) }
    /// `exp(x) - 1`, accurate for small `x`, in place.
    @discardableResult
    public func expm1_() -> Tensor { applyInPlace(Expm1(), on: self, Few(self), name: "expm1_") }
}

/// The exponential function to base 2: `2^x`, element by element.
public func exp2(_ x: Tensor) -> Tensor { x.exp2() }

/// `exp(x) - 1`, accurate for small `x`, element by element.
public func expm1(_ x: Tensor) -> Tensor { x.expm1() }
