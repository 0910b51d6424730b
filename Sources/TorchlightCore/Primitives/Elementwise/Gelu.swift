import CKernels

/// `x P(x)` with the normal distribution `P(x) = (1 + erf(x / sqrt(2))) / 2` (Hendrycks and Gimpel 2016).
package struct Gelu: UnaryPrimitive {
    package static let name = "gelu"
    package static let kernel = TL_UNARY_GELU
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        apply(GeluBackward(), gradient, context.input(0))
    }
}

/// `x / 2 * (1 + tanh u)` with `u = sqrt(2/pi) (x + 0.044715 x^3)`: gelu as it was first approximated.
package struct GeluTanh: UnaryPrimitive {
    package static let name = "geluTanh"
    package static let kernel = TL_UNARY_GELU_TANH
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        apply(GeluTanhBackward(), gradient, context.input(0))
    }
}

/// The gradient of `gelu` by its operand: `(g, x) -> g (P(x) + x p(x))` with the density `p`.
package struct GeluBackward: ActivationGradientPrimitive {
    package static let name = "geluBackward"
    package static let kernel = TL_BINARY_GELU_GRAD

    package static func factorDerivative(_ x: Tensor) -> Tensor {
        // d/dx (P + x p) = p (2 - x^2), which is 0 for large x, where the square overflows.
        let square = x.held(within: 40).square()
        let density = (square * -0.5).exp() * 0.398942280401432677940
        return density * (2 - square)
    }
}

/// The gradient of the tanh form of gelu by its operand: `(g, x) -> g (1 + t + x (1 - t^2) u') / 2` with `t = tanh u`.
package struct GeluTanhBackward: ActivationGradientPrimitive {
    package static let name = "geluTanhBackward"
    package static let kernel = TL_BINARY_GELU_TANH_GRAD

    package static func factorDerivative(_ x: Tensor) -> Tensor {
        // (1 - t^2) (u' + x/2 (u'' - 2 t u'^2)), an even function that is 0 for large x.
        let x = x.held(within: 40)
        let k = 0.797884560802865355880
        let square = x.square()
        let t = (x * (square * 0.044715 + 1) * k).tanh()
        let first = (square * 0.134145 + 1) * k
        let bend = x * (6 * 0.044715 * k) - t * first.square() * 2
        return (1 - t.square()) * (first + x * bend * 0.5)
    }
}

extension Tensor {
    /// The elements, with those of magnitude above the limit replaced by the limit: for even functions that are constant beyond
    /// it and whose formulas overflow there. NaN is kept.
    func held(within limit: Double) -> Tensor { maskedFill(noGrad { abs() > limit }, limit) }
}

/// The computation of the normal distribution function in GELU.
public enum GeluApproximation: Sendable, Hashable {
    /// Exact, with the error function.
    case none
    /// Approximation with `tanh`, as used by GPT-2.
    case tanh
}

extension Tensor {
    /// Gaussian error linear unit: `x P(x)`, where `P` is the standard normal distribution function (Hendrycks and
    /// Gimpel, 2016). With `.tanh`: `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`. Default: `.none`.
    public func gelu(approximate: GeluApproximation = .none) -> Tensor {
        switch approximate {
        case .none: apply(Gelu(), self)
        case .tanh: apply(GeluTanh(), self)
        }
    }
}

/// Gaussian error linear unit: `x P(x)`, where `P` is the standard normal distribution function (Hendrycks and Gimpel,
/// 2016). Shapes: `[*] -> [*]`.
///
/// - Parameters:
///   - x: the input, of a floating-point dtype.
///   - approximate: `.none` for the definition with `P(x) = (1 + erf(x / √2)) / 2`, `.tanh` for
///     `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`, which GPT-2 uses. Default: `.none`.
public func gelu(_ x: Tensor, approximate: GeluApproximation = .none) -> Tensor { x.gelu(approximate: approximate) }
