import CKernels

/// The argument of a real number in the complex plane: pi for negative ones, 0 for others, NaN for NaN. The gradient is 0.
package struct Angle: UnaryPrimitive {
    package static let name = "angle"
    package static let kernel = TL_UNARY_ANGLE
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

/// The argument of a complex number, `atan2(im, re)` in `[-pi, pi]`, as a real number. The gradient is `g i z / |z|^2`, and 0
/// at 0.
package struct ComplexAngle: UnaryPrimitive {
    package static let name = "complexAngle"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ANGLE
    package static let domain = UnaryDomain.floatingPoint
    package var publicName: String { Angle.name }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        var result = try unarySpec(Angle.name, Self.domain, inputs[0])
        result.dtype = result.dtype.toReal
        return Few(result)
    }

    package func saved(for needs: Needs) -> Saved { .input(0) }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor {
        let z = context.input(0)
        guard z.dtype.isComplex else { return .zeros(like: gradient) }
        let size = z.abs()
        let isZero = noGrad { size .== 0 }
        let safe = size.maskedFill(isZero, 1)
        return ((z / safe) * (gradient / safe) * Complex<Double>.i).maskedFill(isZero, 0)
    }
}

/// The complex conjugate, `re - im i`; real numbers stay. The gradient is conjugated too.
package struct Conj: UnaryPrimitive {
    package static let name = "conj"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_CONJ
    package static let domain = UnaryDomain.any
    package var algebra: Algebra { .linear }
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { gradient.conj() }
}

extension Tensor {
    /// The argument of each number in the complex plane, in radians: of complex numbers `atan2(im, re)`, of real ones pi for
    /// negative numbers, 0 for others and NaN for NaN.
    ///
    /// Dtypes: floating point stays, integers give float32, complex64 gives float32 and complex128 float64.
    public func angle() -> Tensor { dtype.isComplex ? apply(ComplexAngle(), self) : apply(Angle(), self) }

    /// The complex conjugates `re - im i`, in new memory; of real numbers the tensor itself.
    public func conj() -> Tensor { dtype.isComplex ? apply(Conj(), self) : self }
    /// The complex conjugates, in new memory; of real numbers the tensor itself.
    public func conjPhysical() -> Tensor { conj() }
    /// The complex conjugates, in place: real numbers stay as they are.
    @discardableResult
    public func conjPhysical_() -> Tensor {
        dtype.isComplex ? applyInPlace(Conj(), on: self, Few(self), name: "conjPhysical_") : self
    }
    /// The tensor itself: conjugates are computed at once, so that none is left to compute.
    public func resolveConj() -> Tensor { self }
    /// Whether conjugation is still to be computed: never, see ``conj()``.
    public var isConj: Bool { false }
    /// Where the imaginary part is 0, as bool: everywhere in real tensors.
    public func isreal() -> Tensor {
        if isPlaceholder { return self }
        return dtype.isComplex ? imag .== 0 : Tensor.ones(like: self, dtype: .bool)
    }
}

/// The argument of each number in the complex plane, in radians.
public func angle(_ x: Tensor) -> Tensor { x.angle() }
/// The complex conjugates; of real numbers the tensor itself.
public func conj(_ x: Tensor) -> Tensor { x.conj() }
