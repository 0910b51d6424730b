import CKernels

// The normal distribution function `Phi(x) = 1/sqrt(2 pi) * integral of e^(-t^2/2) from -infinity to x`, its kin, and
// the entropy.

private let rootOfHalf = 0.707106781186547524401
private let twoOverRootOfPi = 1.128379167095512573896
private let rootOfTwoOverPi = 0.797884560802865355880

/// `e^(x^2) erfc(x)`, which falls like `1/x` where `erfc` vanishes.
package struct Erfcx: UnaryPrimitive {
    package static let name = "erfcx"
    package static let kernel = TL_UNARY_ERFCX
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        // 2 x erfcx(x) - 2 / sqrt(pi), of which little is left for large x: there by the asymptotic series
        // 2 / sqrt(pi) * sum over n from 1 of (-1)^n (2n - 1)!! / (2 x^2)^n.
        let x = context.input(0)
        // At infinity it is NaN, as in PyTorch.
        let isFar = noGrad { (x > 8).logicalAnd(x < Double.infinity) }
        let inverse = x.maskedFill(isFar.logicalNot(), 1).reciprocal()
        let step = inverse.square() * -0.5
        var series = step * 31
        for factor in stride(from: 29.0, through: 1, by: -2) { series = (series + 1) * step * factor }
        let near = x.maskedFill(isFar, 0) * context.output() * 2 - twoOverRootOfPi
        return gradient * Tensor.where(isFar, series * twoOverRootOfPi, near)
    }
}

/// `Phi(x)`.
package struct Ndtr: UnaryPrimitive {
    package static let name = "ndtr"
    package static let kernel = TL_UNARY_NDTR
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * ((context.input(0).square() * -0.5).exp() * 0.398942280401432677940)
    }
}

/// `log Phi(x)`, also where `Phi` vanishes. The derivative `Phi'/Phi` is the inverse Mills ratio.
package struct LogNdtr: UnaryPrimitive {
    package static let name = "logNdtr"
    package static let kernel = TL_UNARY_LOG_NDTR
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * apply(InverseMillsRatio(), context.input(0))
    }
}

/// The inverse Mills ratio `h(x) = Phi'(x) / Phi(x)`. With `Phi(x) = e^(-x^2/2) erfcx(-x / sqrt 2) / 2` it is
/// `sqrt(2/pi) / erfcx(-x / sqrt 2)`, which neither overflows nor underflows.
///
/// Shapes: `[*] -> [*]`. Dtypes: floating point; bool and integers give float32.
///
/// The derivative is `-h (x + h)`. For large negative `x` little is left of `x + h`: there by the asymptotic series
/// `x + h = s(x^-2) / |x|` (the coefficients are A000698 of the On-Line Encyclopedia of Integer Sequences).
package struct InverseMillsRatio: CompositePrimitive {
    package static let name = "inverseMillsRatio"

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(try unarySpec(Self.name, .floatingPoint, inputs[0]))
    }

    package func resultLayout(of inputs: Specs, shape: Dims) -> Layout { .following(inputs, shape: shape) }

    package func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        let dtype = inputs[0].dtype.orFloat
        let ratio = rootOfTwoOverPi / (inputs[0].to(dtype.computeType) * -rootOfHalf).erfcx()
        return Few(ratio.to(dtype))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let wide = context.input(0).dtype.computeType
        let (x, ratio) = (context.input(0).to(wide), context.output().to(wide))
        let isFar = noGrad { x < -16 }
        let square = x.maskedFill(isFar.logicalNot(), -16).reciprocal().square()
        var series = Tensor.full(like: square, Self.coefficients[0])
        for coefficient in Self.coefficients[1...] { series = series * square + coefficient }
        let far = (series * square + 1) * series
        // The ratio is 0 at the far right; its product with an infinite x would be NaN.
        let near =
            ratio.maskedFill(isFar, 0)
            * (x.maskedFill(noGrad { isFar.logicalOr(x > 64) }, 0) + ratio.maskedFill(isFar, 0))
        return Few(-context.gradient * Tensor.where(isFar, far, near))
    }

    /// Highest power first; the first one left out is below the rounding of float64 for `x < -16`.
    private static let coefficients: [Double] = [29_752_066, -1_708_394, 110_410, -8162, 706, -74, 10, -2, 1]

    package var effects: Effects { .pure }
    package var algebra: Algebra { .elementwise }
}

/// The number whose `Phi` is `x`: infinite at 0 and 1, NaN beyond.
package struct Ndtri: UnaryPrimitive {
    package static let name = "ndtri"
    package static let kernel = TL_UNARY_NDTRI
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * ((context.output().square() * 0.5).exp() * 2.50662827463100050242)
    }
}

/// `-x log x`: 0 at 0, minus infinity to the left.
package struct Entr: UnaryPrimitive {
    package static let name = "entr"
    package static let kernel = TL_UNARY_ENTR
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        -gradient * (context.input(0).log() + 1)
    }
}

extension Tensor {
    /// The scaled complementary error function `exp(x^2) erfc(x)`.
    public func erfcx() -> Tensor { apply(Erfcx(), self) }
    /// The standard normal distribution function: `(1 + erf(x / sqrt(2))) / 2`, accurate for tiny results too.
    public func ndtr() -> Tensor { apply(Ndtr(), self) }
    /// The logarithm of the standard normal distribution function, computed without underflow.
    public func logNdtr() -> Tensor { apply(LogNdtr(), self) }
    /// The inverse of the standard normal distribution function (quantile function): infinite at 0 and 1, NaN outside.
    public func ndtri() -> Tensor { apply(Ndtri(), self) }
    /// The entropy function `-x log(x)`: 0 at 0, -infinity for negative x.
    public func entr() -> Tensor { apply(Entr(), self) }
}
