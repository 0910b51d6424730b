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
        gradient * context.input(0).polygamma(1)
    }
}

/// The derivative of `digamma` of an order from 1 on, `(-1)^(n+1) n! * sum of (x + k)^(-n-1) over k >= 0`.
package struct Polygamma: UnaryPrimitive {
    package static let name = "polygamma"
    package static let kernel = TL_UNARY_POLYGAMMA
    package static let domain = UnaryDomain.floatingPoint
    package var order: Int
    package var parameters: (Double, Double) { (Double(order), 0) }
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        guard order >= 1 else {
            throw TensorError(
                .value, in: Self.name, "the order of a derivative cannot be negative", got: "\(order)",
                expected: "0 for digamma itself, 1 for its derivative, and so on", operands: Array(inputs))
        }
        return Few(try unarySpec(Self.name, Self.domain, inputs[0]))
    }
    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).polygamma(order +| 1)
    }
}

extension Tensor {
    /// The logarithm of the absolute value of the gamma function: `log|gamma(x)|`. Integers give float32.
    public func lgamma() -> Tensor { apply(Lgamma(), self) }
    /// The logarithm of the absolute value of the gamma function, in place.
    @discardableResult
    public func lgamma_() -> Tensor { applyInPlace(Lgamma(), on: self, Few(self), name: "lgamma_") }

    /// The digamma function: the derivative of `log(gamma(x))`. Integers give float32.
    public func digamma() -> Tensor { apply(Digamma(), self) }
    /// The digamma function, in place.
    @discardableResult
    public func digamma_() -> Tensor { applyInPlace(Digamma(), on: self, Few(self), name: "digamma_") }

    /// The polygamma function: the derivative of order `n >= 0` of ``digamma()``, `(-1)^(n+1) n! * sum of (x +
    /// k)^(-n-1) over k >= 0` for `n >= 1`.
    ///
    /// Infinite at 0 and the negative integers. Computed in float32 or float64; integers are converted to float32.
    public func polygamma(_ n: Int) -> Tensor { n == 0 ? digamma() : apply(Polygamma(order: n), self) }
    /// The polygamma function of order `n >= 0`, in place.
    @discardableResult
    public func polygamma_(_ n: Int) -> Tensor {
        n == 0 ? digamma_() : applyInPlace(Polygamma(order: n), on: self, Few(self), name: "polygamma_")
    }

    /// The logarithm of the multivariate gamma function of dimension `p >= 1`: `p (p - 1) / 4 * log(pi) + sum of
    /// lgamma(x - j / 2) over j < p`.
    ///
    /// Defined for `x > (p - 1) / 2`; for smaller x, each term is the logarithm of an absolute value.
    public func mvlgamma(_ p: Int) -> Tensor {
        // One term is computed for each dimension.
        guard (1...(1 << 20)).contains(p) else {
            return fail(
                TensorError(
                    .value, in: "mvlgamma", "the dimension is out of range", got: "\(p)", expected: "1 ... \(1 << 20)",
                    operands: [self]), like: self)
        }
        // Half types would round every term.
        let x = to(dtype.orFloat.computeType)
        var sum = (x - 0.0).lgamma()
        for j in stride(from: 1, to: p, by: 1) { sum = sum + (x - Double(j) * 0.5).lgamma() }
        return (sum + Double(p * (p - 1)) * 0.25 * 1.14472988584940017414).to(dtype.orFloat)
    }
    /// The logarithm of the multivariate gamma function of dimension `p >= 1`, in place.
    @discardableResult
    public func mvlgamma_(_ p: Int) -> Tensor {
        guard dtype.isFloatingPoint else {
            return fail(
                .dtype("mvlgamma_", [self], expected: "a floating-point tensor", fix: "use mvlgamma(_:)"), like: self)
        }
        return copy_(mvlgamma(p))
    }
}

/// The logarithm of the absolute value of the gamma function: `log|gamma(x)|`.
public func lgamma(_ x: Tensor) -> Tensor { x.lgamma() }

/// The digamma function: the derivative of `log(gamma(x))`.
public func digamma(_ x: Tensor) -> Tensor { x.digamma() }
