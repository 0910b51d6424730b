import CKernels

// The logarithm of the gamma function and its derivatives.

/// `log |gamma(x)|`, infinite at 0 and the negative integers.
package struct Lgamma: UnaryPrimitive {
    package static let name = "lgamma"
    package static let kernel = TL_UNARY_LGAMMA
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).digamma()
    }
}

/// The derivative of `lgamma`.
package struct Digamma: UnaryPrimitive {
    package static let name = "digamma"
    package static let kernel = TL_UNARY_DIGAMMA
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * trigamma(context.input(0))
    }
}

/// The derivative of `digamma`.
///
/// For `x >= 1/2` by `trigamma(x) = 1/x^2 + trigamma(x + 1)` up to `z = x + 6`, where the asymptotic series
/// `1/z + 1/2z^2 + 1/6z^3 - 1/30z^5 + 1/42z^7 - 1/30z^9 + 5/66z^11 - 691/2730z^13` is exact to a few units in the last
/// place of float32 and to 1e-12 in float64; below 1/2 by the reflection
/// `trigamma(x) = pi^2 / sin^2(pi x) - trigamma(1 - x)` (Abramowitz and Stegun, 6.4.6, 6.4.7, 6.4.12).
private func trigamma(_ x: Tensor) -> Tensor {
    let isReflected = x < 0.5
    let positive = Tensor.where(isReflected, 1 - x, x)
    var sum = positive.square().reciprocal()
    for k in 1..<6 { sum = sum + (positive + k).square().reciprocal() }
    let r = (positive + 6).reciprocal()
    let s = r.square()
    var series = s * (-691.0 / 2730) + 5.0 / 66
    for coefficient in [-1.0 / 30, 1.0 / 42, -1.0 / 30, 1.0 / 6] { series = series * s + coefficient }
    sum = sum + r + s * 0.5 + series * s * r
    // Away from the reflected half the sine is kept from 0, where its branch is not taken but differentiated.
    let angle = Tensor.where(isReflected, x, Tensor.full(like: x, 0.5)) * Double.pi
    return Tensor.where(isReflected, angle.sin().square().reciprocal() * (Double.pi * Double.pi) - sum, sum)
}

extension Tensor {
    /// The logarithm of the absolute value of the gamma function.
    public func lgamma() -> Tensor { apply(Lgamma(), self) }
    /// The logarithm of the absolute value of the gamma function, in place.
    @discardableResult
    public func lgamma_() -> Tensor { applyInPlace(Lgamma(), on: self, Few(self), name: "lgamma_") }

    /// The derivative of the logarithm of the gamma function.
    public func digamma() -> Tensor { apply(Digamma(), self) }
    /// The derivative of the logarithm of the gamma function, in place.
    @discardableResult
    public func digamma_() -> Tensor { applyInPlace(Digamma(), on: self, Few(self), name: "digamma_") }
}

/// The logarithm of the absolute value of the gamma function.
public func lgamma(_ x: Tensor) -> Tensor { x.lgamma() }

/// The derivative of the logarithm of the gamma function.
public func digamma(_ x: Tensor) -> Tensor { x.digamma() }
