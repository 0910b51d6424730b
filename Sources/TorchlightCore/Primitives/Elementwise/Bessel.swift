import CKernels

// Bessel functions of orders 0 and 1 (Abramowitz and Stegun, chapter 9), each the derivative of another but for a
// quotient. float32 is computed in float64, so that its error is at most one unit in the last place, also near the
// zeros.

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
        let x = context.input(0)
        return gradient * (x.besselJ0() - besselQuotient(x, ofSquare: -1, near: { $1 }, far: { $0.besselJ1() / $0 }))
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

/// `J1(x) / x` or `I1(x) / x`, whose derivatives cancel near 0 where they are computed as quotients. For |x| < 1 it
/// comes from the series `sum over k of (s x^2 / 4)^k / (2 k! (k + 1)!)`, with `s` -1 for J and 1 for I.
///
/// - Parameters:
///   - near: makes the result of x and the series, for |x| < 1.
///   - far: the result elsewhere.
func besselQuotient(
    _ x: Tensor, ofSquare sign: Double, near: (Tensor, Tensor) -> Tensor, far: (Tensor) -> Tensor
) -> Tensor {
    let isNear = noGrad { x.abs() < 1 }
    let held = x.maskedFill(isNear.logicalNot(), 0)
    let square = held.square()
    // The first term that is left out is below the rounding of float64.
    var series = Tensor.full(like: square, 0)
    for k in (0..<11).reversed() {
        let factorials = (1...(k + 1)).reduce(1.0) { $0 * Double($1) * Double(Swift.max($1 - 1, 1)) }
        series = series * square + Double(k % 2 == 0 ? 1 : sign) / (2 * Double(1 << (2 * k)) * factorials)
    }
    return Tensor.where(isNear, near(held, series), far(x.maskedFill(isNear, 1)))
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
