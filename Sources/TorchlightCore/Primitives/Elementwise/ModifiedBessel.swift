import CKernels

// Modified Bessel functions of orders 0 and 1 (Abramowitz and Stegun, 9.6): solutions of
// `x^2 y'' + x y' - (x^2 + n^2) y = 0`, I growing and K vanishing like `e^x` and `e^-x`.

/// `I0(x) = 1/pi * integral of e^(x cos t) from 0 to pi`; an even function.
package struct I0: UnaryPrimitive {
    package static let name = "i0"
    package static let kernel = TL_UNARY_I0
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).i1()
    }
}

/// `e^-|x| I0(x)`, which does not overflow.
package struct I0e: UnaryPrimitive {
    package static let name = "i0e"
    package static let kernel = TL_UNARY_I0E
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return gradient * (x.i1e() - x.sign() * context.output())
    }
}

/// `I0'(x)`; an odd function.
package struct I1: UnaryPrimitive {
    package static let name = "i1"
    package static let kernel = TL_UNARY_I1
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return gradient * (x.i0() - besselQuotient(x, ofSquare: 1, near: { $1 }, far: { $0.i1() / $0 }))
    }
}

/// `e^-|x| I1(x)`, which does not overflow.
package struct I1e: UnaryPrimitive {
    package static let name = "i1e"
    package static let kernel = TL_UNARY_I1E
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        let quotient = besselQuotient(
            x, ofSquare: 1, near: { x, series in (-x.abs()).exp() * series }, far: { $0.i1e() / $0 })
        return gradient * (x.i0e() - x.sign() * x.i1e() - quotient)
    }
}

/// `K0(x) = integral of e^(-x cosh t) from 0 to infinity`: infinite at 0, NaN to the left.
package struct ModifiedBesselK0: UnaryPrimitive {
    package static let name = "modifiedBesselK0"
    package static let kernel = TL_UNARY_MODIFIED_BESSEL_K0
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        -gradient * context.input(0).modifiedBesselK1()
    }
}

/// `-K0'(x)`: infinite at 0, NaN to the left.
package struct ModifiedBesselK1: UnaryPrimitive {
    package static let name = "modifiedBesselK1"
    package static let kernel = TL_UNARY_MODIFIED_BESSEL_K1
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return -gradient * (x.modifiedBesselK0() + context.output() / x)
    }
}

/// `e^x K0(x)`, which does not underflow: infinite at 0, NaN to the left.
package struct ScaledModifiedBesselK0: UnaryPrimitive {
    package static let name = "scaledModifiedBesselK0"
    package static let kernel = TL_UNARY_SCALED_MODIFIED_BESSEL_K0
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * (context.output() - context.input(0).scaledModifiedBesselK1())
    }
}

/// `e^x K1(x)`, which does not underflow: infinite at 0, NaN to the left.
package struct ScaledModifiedBesselK1: UnaryPrimitive {
    package static let name = "scaledModifiedBesselK1"
    package static let kernel = TL_UNARY_SCALED_MODIFIED_BESSEL_K1
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let (x, y) = (context.input(0), context.output())
        return gradient * (y - x.scaledModifiedBesselK0() - y / x)
    }
}

extension Tensor {
    /// The modified Bessel function of the first kind of order 0: `I0(x) = 1/pi * integral of exp(x cos t) from 0 to
    /// pi`.
    public func i0() -> Tensor { apply(I0(), self) }
    /// The modified Bessel function of the first kind of order 0, in place.
    @discardableResult
    public func i0_() -> Tensor { applyInPlace(I0(), on: self, Few(self), name: "i0_") }
    /// The exponentially scaled modified Bessel function of the first kind of order 0: `exp(-|x|) I0(x)`.
    public func i0e() -> Tensor { apply(I0e(), self) }
    /// The modified Bessel function of the first kind of order 1: `I1(x) = I0'(x)`.
    public func i1() -> Tensor { apply(I1(), self) }
    /// The exponentially scaled modified Bessel function of the first kind of order 1: `exp(-|x|) I1(x)`.
    public func i1e() -> Tensor { apply(I1e(), self) }

    /// The modified Bessel function of the first kind of order 0; the same as ``i0()``.
    public func modifiedBesselI0() -> Tensor { i0() }
    /// The modified Bessel function of the first kind of order 1; the same as ``i1()``.
    public func modifiedBesselI1() -> Tensor { i1() }
    /// The modified Bessel function of the second kind of order 0, K0(x): infinite at 0, NaN for negative x.
    public func modifiedBesselK0() -> Tensor { apply(ModifiedBesselK0(), self) }
    /// The modified Bessel function of the second kind of order 1, K1(x): infinite at 0, NaN for negative x.
    public func modifiedBesselK1() -> Tensor { apply(ModifiedBesselK1(), self) }
    /// The exponentially scaled modified Bessel function of the second kind of order 0, `exp(x) K0(x)`: infinite at 0, NaN
    /// for negative x.
    public func scaledModifiedBesselK0() -> Tensor { apply(ScaledModifiedBesselK0(), self) }
    /// The exponentially scaled modified Bessel function of the second kind of order 1, `exp(x) K1(x)`: infinite at 0, NaN
    /// for negative x.
    public func scaledModifiedBesselK1() -> Tensor { apply(ScaledModifiedBesselK1(), self) }
}
