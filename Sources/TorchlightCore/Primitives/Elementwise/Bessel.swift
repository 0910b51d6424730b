import CKernels

// Bessel functions of orders 0 and 1 (Abramowitz and Stegun, chapter 9), each the derivative of another but for a
// quotient. float32 is computed in float64, so that it is right to the last place but one also near the zeros.

/// The Bessel function of the first kind of order 0: `J0(x) = 1/pi * integral of cos(x sin t) from 0 to pi`.
package struct BesselJ0: UnaryPrimitive {
    package static let name = "besselJ0"
    package static let kernel = TL_UNARY_BESSEL_J0
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        -gradient * context.input(0).besselJ1()
    }
}

/// The Bessel function of the first kind of order 1, `-J0'(x)`.
package struct BesselJ1: UnaryPrimitive {
    package static let name = "besselJ1"
    package static let kernel = TL_UNARY_BESSEL_J1
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * exceptAtZero(context.input(0), 0.5) { $0.besselJ0() - $0.besselJ1() / $0 }
    }
}

/// The Bessel function of the second kind of order 0: minus infinity at 0, NaN to the left.
package struct BesselY0: UnaryPrimitive {
    package static let name = "besselY0"
    package static let kernel = TL_UNARY_BESSEL_Y0
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        -gradient * context.input(0).besselY1()
    }
}

/// The Bessel function of the second kind of order 1, `-Y0'(x)`.
package struct BesselY1: UnaryPrimitive {
    package static let name = "besselY1"
    package static let kernel = TL_UNARY_BESSEL_Y1
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        return gradient * (x.besselY0() - x.besselY1() / x)
    }
}

/// A derivative that a formula gives everywhere but at 0, where it is a number.
private func exceptAtZero(_ x: Tensor, _ value: Double, _ formula: (Tensor) -> Tensor) -> Tensor {
    // The formula is kept from 0, where its branch is not taken but differentiated.
    let isZero = noGrad { x .== 0 }
    return formula(x.maskedFill(isZero, 1)).maskedFill(isZero, value)
}

extension Tensor {
    /// The Bessel function of the first kind of order 0, J0(x). Computed in float32 or float64; integers are converted
    /// to float32.
    ///
    /// It satisfies `x^2 y'' + x y' + x^2 y = 0` with `J0(0) = 1`. Float32 results are accurate to 1 unit in the last
    /// place, near the zeros too. NaN at the infinities, as in PyTorch; also for the other Bessel functions J, Y and I.
    public func besselJ0() -> Tensor { apply(BesselJ0(), self) }
    /// The Bessel function of the first kind of order 1, `J1(x) = -J0'(x)`, which is odd. Float32 results are accurate
    /// to 1 unit in the last place.
    public func besselJ1() -> Tensor { apply(BesselJ1(), self) }
    /// The Bessel function of the second kind of order 0, Y0(x): -infinity at 0, NaN for negative x.
    public func besselY0() -> Tensor { apply(BesselY0(), self) }
    /// The Bessel function of the second kind of order 1, `Y1(x) = -Y0'(x)`: -infinity at 0, NaN for negative x.
    public func besselY1() -> Tensor { apply(BesselY1(), self) }
}
