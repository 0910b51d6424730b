import CKernels

// Numbers as m 2^e: `ldexp` puts them together, `frexp` takes them apart.

/// `a 2^b`; integers give float32.
package struct Ldexp: BinaryPrimitive {
    package static let name = "ldexp"
    package static let kernel = TL_BINARY_LDEXP
    package static let domain = BinaryDomain.floatingPoint
    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.output(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        return Few(
            context.needs[0] ? g.ldexp(context.input(1)) : nil,
            context.needs[1] ? g * (context.output() * 0.693147180559945309417) : nil)
    }
}

/// The `m` of `x = m 2^e` with `|m|` in `[1/2, 1)`; 0, the infinities and NaN are their own.
package struct FrexpMantissa: UnaryPrimitive {
    package static let name = "frexp"
    package static let kernel = TL_UNARY_FREXP_MANTISSA
    package static let domain = UnaryDomain.floatingPoint

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        Few(ResultSpec(inputs[0].layout.shape, try floatingPointType(of: inputs[0], in: Self.name)))
    }

    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        gradient.ldexp(-apply(FrexpExponent(), context.input(0)))
    }
}

/// The `e` of `x = m 2^e` as int32; 0 for 0, the infinities and NaN.
package struct FrexpExponent: ConstantUnaryPrimitive {
    package static let name = "frexpExponent"
    package static let kernel = TL_UNARY_FREXP_EXPONENT
    package static let domain = UnaryDomain.floatingPoint

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        _ = try floatingPointType(of: inputs[0], in: Self.name)
        return Few(ResultSpec(inputs[0].layout.shape, .int32))
    }
}

extension Tensor {
    /// `self * 2^other`, element by element.
    ///
    /// Shapes broadcast. Dtypes are promoted; integers give float32, and complex numbers stay complex.
    public func ldexp(_ other: Tensor) -> Tensor {
        dtype.isComplex || other.dtype.isComplex ? self * TorchlightCore.pow(2.0, other) : apply(Ldexp(), self, other)
    }
    /// `self * 2^other`, in place.
    @discardableResult
    public func ldexp_(_ other: Tensor) -> Tensor { applyInPlace(Ldexp(), on: self, Few(self, other), name: "ldexp_") }

    /// Decomposes each number into mantissa and exponent: `x = mantissa * 2^exponent` with `|mantissa|` in `[1/2, 1)`.
    ///
    /// Floating-point dtypes. The mantissa has the dtype of the tensor; the exponent is int32. For 0, infinities and
    /// NaN the mantissa is the number itself and the exponent 0.
    public func frexp() -> (mantissa: Tensor, exponent: Tensor) {
        (apply(FrexpMantissa(), self), apply(FrexpExponent(), self))
    }
}

/// `a * 2^b`, element by element.
public func ldexp(_ a: Tensor, _ b: Tensor) -> Tensor { a.ldexp(b) }
/// Decomposes each number into mantissa and exponent: `x = mantissa * 2^exponent`.
public func frexp(_ x: Tensor) -> (mantissa: Tensor, exponent: Tensor) { x.frexp() }
