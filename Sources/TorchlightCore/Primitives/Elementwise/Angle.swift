import CKernels

/// The angle of a number in the complex plane: pi for negative ones, 0 for others, NaN for NaN. The gradient is 0.
package struct Angle: UnaryPrimitive {
    package static let name = "angle"
    package static let kernel = TL_UNARY_ANGLE
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

extension Tensor {
    /// The argument of each number in the complex plane: pi for negative numbers, 0 for others, NaN for NaN.
    ///
    /// Floating-point dtypes are kept; integers give float32.
    public func angle() -> Tensor { apply(Angle(), self) }

    /// The real part. Since there are no complex dtypes, the tensor itself.
    public var real: Tensor { self }
    /// The complex conjugate. Since there are no complex dtypes, the tensor itself.
    public func conj() -> Tensor { self }
    /// The complex conjugate, computed eagerly. Since there are no complex dtypes, the tensor itself.
    public func conjPhysical() -> Tensor { self }
    /// The complex conjugate, in place. Since there are no complex dtypes, no effect.
    @discardableResult
    public func conjPhysical_() -> Tensor { self }
    /// Whether the imaginary part of each element is 0, as bool. Since there are no complex dtypes, true everywhere.
    public func isreal() -> Tensor { isPlaceholder ? self : Tensor.ones(like: self, dtype: .bool) }
}

/// The argument of each number in the complex plane: pi for negative numbers, 0 for others.
public func angle(_ x: Tensor) -> Tensor { x.angle() }
/// The real part. Since there are no complex dtypes, the tensor itself.
public func real(_ x: Tensor) -> Tensor { x }
