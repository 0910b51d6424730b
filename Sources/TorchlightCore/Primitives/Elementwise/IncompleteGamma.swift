import CKernels

// The regularised incomplete gamma functions (Abramowitz and Stegun, 6.5): `P(a, x)` and `Q(a, x) = 1 - P(a, x)`, each
// computed for itself where it is small. As in PyTorch, there is a gradient for `x` alone:
// `P'(a, x) = x^(a-1) e^-x / gamma(a)`.

/// `P(a, x) = 1/gamma(a) * integral of t^(a-1) e^-t from 0 to x`; NaN for negative arguments.
package struct Igamma: BinaryPrimitive {
    package static let name = "igamma"
    package static let kernel = TL_BINARY_IGAMMA
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(try incompleteGammaSpec(Self.name, inputs[0], inputs[1]))
    }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        if context.needs[0] { throw .noDerivative(Self.name, "a, its first argument") }
        return Few(nil, context.gradient * incompleteGammaSlope(context.input(0), context.input(1)))
    }
}

/// `Q(a, x) = 1/gamma(a) * integral of t^(a-1) e^-t from x to infinity`; NaN for negative arguments.
package struct Igammac: BinaryPrimitive {
    package static let name = "igammac"
    package static let kernel = TL_BINARY_IGAMMAC
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(try incompleteGammaSpec(Self.name, inputs[0], inputs[1]))
    }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        if context.needs[0] { throw .noDerivative(Self.name, "a, its first argument") }
        return Few(nil, -context.gradient * incompleteGammaSlope(context.input(0), context.input(1)))
    }
}

/// Integers are refused, as in PyTorch.
private func incompleteGammaSpec(_ name: String, _ a: TensorSpec, _ x: TensorSpec) throws(TensorError) -> ResultSpec {
    guard ResultType.of(a, x).isFloatingPoint else {
        throw .dtype(name, [a, x], expected: "floating-point numbers", fix: "convert them first, as in x.to(.float32)")
    }
    return try binarySpec(name, .floatingPoint, a, x)
}

/// `x^(a-1) e^-x / gamma(a)`
private func incompleteGammaSlope(_ a: Tensor, _ x: Tensor) -> Tensor { ((a - 1).xlogy(x) - x - a.lgamma()).exp() }

extension Tensor {
    /// The regularised lower incomplete gamma function of `a = self` and `x`: `P(a, x) = 1/gamma(a) * integral of
    /// t^(a-1) exp(-t) from 0 to x`, between 0 and 1.
    ///
    /// Shapes broadcast. NaN for negative arguments. Only `x` has a gradient. Float64 results have 12 digits, fewer if
    /// `P` is below 1e-100.
    public func igamma(_ x: Tensor) -> Tensor { apply(Igamma(), self, x) }
    /// The regularised lower incomplete gamma function of `a = self` and `x`, in place.
    @discardableResult
    public func igamma_(_ x: Tensor) -> Tensor { applyInPlace(Igamma(), on: self, Few(self, x), name: "igamma_") }

    /// The regularised upper incomplete gamma function of `a = self` and `x`: `1 - P(a, x)`, computed without
    /// cancellation; see ``igamma(_:)``.
    public func igammac(_ x: Tensor) -> Tensor { apply(Igammac(), self, x) }
    /// The regularised upper incomplete gamma function of `a = self` and `x`, in place.
    @discardableResult
    public func igammac_(_ x: Tensor) -> Tensor { applyInPlace(Igammac(), on: self, Few(self, x), name: "igammac_") }
}
