import CKernels

/// `sin(pi x) / (pi x)`, and 1 at 0. The zeros at the other integers are exact.
package struct Sinc: UnaryPrimitive {
    package static let name = "sinc"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_SINC
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }

    /// `(cos(pi x) - sinc(x)) / x`, of which nothing is left near 0: there its Taylor series,
    /// `sum over k from 1 of (-1)^k 2k pi^(2k) / (2k + 1)! x^(2k - 1)`, which derivatives of higher order pass through too.
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let x = context.input(0)
        let isNear = noGrad { x.abs() < 0.5 }
        let near = x.maskedFill(isNear.logicalNot(), 0)
        let square = near * near
        var series = square * Self.coefficients[0] + Self.coefficients[1]
        for coefficient in Self.coefficients[2...] { series = series * square + coefficient }
        let far = x.maskedFill(isNear, 1)
        if x.dtype.isComplex {
            let slope = ((far * Double.pi).cos() - far.sinc()) / far
            return gradient * Tensor.where(isNear, series * near, slope).conj()
        }
        // Whole turns are exact in x and not in pi x.
        let turns = noGrad { (far * 0.5).round() * 2 }
        let slope = (((far - turns) * Double.pi).cos() - far.sinc()) / far
        return gradient * Tensor.where(isNear, series * near, slope)
    }

    /// Highest power first; the first one left out is below the rounding of float64 for |x| < 1/2.
    private static let coefficients: [Double] = {
        var term = 1.0
        var all: [Double] = []
        for k in 1...14 {
            term *= -Double.pi * Double.pi / Double(2 * k * (2 * k + 1))
            all.insert(Double(2 * k) * term, at: 0)
        }
        return all
    }()
}

extension Tensor {
    /// The normalised sinc function: `sin(pi x) / (pi x)`, 1 at 0.
    public func sinc() -> Tensor { apply(Sinc(), self) }
    /// The normalised sinc function, in place.
    @discardableResult
    public func sinc_() -> Tensor { applyInPlace(Sinc(), on: self, Few(self), name: "sinc_") }
}
