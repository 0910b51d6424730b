import CKernels

// Roots and reciprocals: 0 gives infinity, negative roots NaN. Integers give float32.

/// The square root of `x`; its gradient is infinite at 0.
package struct Sqrt: UnaryPrimitive {
    package static let name = "sqrt"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_SQRT
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient / (context.output().conj() * 2)
    }
}

/// `1 / sqrt(x)`.
package struct Rsqrt: UnaryPrimitive {
    package static let name = "rsqrt"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_RSQRT
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        // One factor after the other: the cube may overflow where the product does not.
        let y = context.output().conj()
        return gradient * -0.5 * y * y * y
    }
}

/// `1 / x`.
package struct Reciprocal: UnaryPrimitive {
    package static let name = "reciprocal"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_RECIPROCAL
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .output(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        -gradient * context.output().conj() * context.output().conj()
    }
}

extension Tensor {
    /// The square root; NaN for negative numbers. Integers give float32.
    public func sqrt() -> Tensor { apply(Sqrt(), self) }
    /// The square root, in place.
    @discardableResult
    public func sqrt_() -> Tensor { applyInPlace(Sqrt(), on: self, Few(self), name: "sqrt_") }

    /// The reciprocal of the square root: `1 / sqrt(x)`. Integers give float32.
    public func rsqrt() -> Tensor { apply(Rsqrt(), self) }
    /// The reciprocal of the square root, in place.
    @discardableResult
    public func rsqrt_() -> Tensor { applyInPlace(Rsqrt(), on: self, Few(self), name: "rsqrt_") }

    /// The reciprocal `1 / x`. Integers give float32.
    public func reciprocal() -> Tensor { apply(Reciprocal(), self) }
    /// The reciprocal, in place.
    @discardableResult
    public func reciprocal_() -> Tensor { applyInPlace(Reciprocal(), on: self, Few(self), name: "reciprocal_") }
}

/// The square root, element by element; NaN for negative numbers.
public func sqrt(_ x: Tensor) -> Tensor { x.sqrt() }

/// The reciprocal of the square root: `1 / sqrt(x)`, element by element.
public func rsqrt(_ x: Tensor) -> Tensor { x.rsqrt() }

/// The reciprocal `1 / x`, element by element.
public func reciprocal(_ x: Tensor) -> Tensor { x.reciprocal() }
