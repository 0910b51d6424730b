import CKernels

// The size and the sign of numbers. At 0 both gradients are 0.

/// The absolute value of `x`, of complex numbers the real `sqrt(re^2 + im^2)`; the lowest integer is unchanged.
package struct Abs: UnaryPrimitive {
    package static let name = "abs"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ABS
    package static let domain = UnaryDomain.number

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        var result = try unarySpec(Self.name, Self.domain, inputs[0])
        result.dtype = result.dtype.toReal
        return Few(result)
    }

    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient * context.input(0).sgn()
    }
}

/// -1, 0 or 1 by the sign of `x`; 0 for NaN.
package struct Sign: UnaryPrimitive {
    package static let name = "sign"
    package static let kernel = TL_UNARY_SIGN
    package static let domain = UnaryDomain.any
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

/// The sign of a complex number, `z / |z|`, and 0 at 0. The gradient is `(g - Re(g conj(s)) s) / |z|` with the sign `s`.
package struct Sgn: UnaryPrimitive {
    package static let name = "sgn"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_SIGN
    package static let domain = UnaryDomain.any
    package func saved(for needs: Needs) -> Saved { .input(0) }

    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let z = context.input(0)
        guard z.dtype.isComplex else { return .zeros(like: gradient) }
        let size = z.abs()
        let isZero = noGrad { size .== 0 }
        let sign = z.sgn()
        let across = gradient - (gradient * sign.conj()).real * sign
        return (across / size.maskedFill(isZero, 1)).maskedFill(isZero, 0)
    }
}

extension Tensor {
    /// The absolute value `|x|`, element by element.
    public func abs() -> Tensor { apply(Abs(), self) }
    /// The absolute value, in place.
    @discardableResult
    public func abs_() -> Tensor { applyInPlace(Abs(), on: self, Few(self), name: "abs_") }

    /// The sign of each element: -1, 0 or 1. For complex numbers see ``sgn()``.
    public func sign() -> Tensor { apply(Sign(), self) }
    /// The sign of each element, in place.
    @discardableResult
    public func sign_() -> Tensor { applyInPlace(Sign(), on: self, Few(self), name: "sign_") }

    /// The sign `x / |x|` of complex numbers, 0 at 0; for real numbers the same as `sign`.
    public func sgn() -> Tensor { dtype.isComplex ? apply(Sgn(), self) : sign() }
    /// The sign of each element, in place.
    @discardableResult
    public func sgn_() -> Tensor {
        let primitive: any Primitive = dtype.isComplex ? Sgn() : Sign()
        return applyInPlace(primitive, on: self, Few(self), name: "sgn_")
    }
}

/// The absolute value `|x|`, element by element.
public func abs(_ x: Tensor) -> Tensor { x.abs() }

/// The sign of each element: -1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { x.sign() }
