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
    /// The angle of each number in the complex plane: pi for negative ones, 0 for others, NaN for NaN.
    ///
    /// Dtypes: floating point stays, integers give float32.
    public func angle() -> Tensor { apply(Angle(), self) }

    /// The real part: of real numbers the tensor itself.
    public var real: Tensor { self }
    /// The complex conjugates: of real numbers the tensor itself.
    public func conj() -> Tensor { self }
    /// The complex conjugates in memory of their own: of real numbers the tensor itself.
    public func conjPhysical() -> Tensor { self }
    /// The complex conjugates, in place: real numbers stay as they are.
    @discardableResult
    public func conjPhysical_() -> Tensor { self }
    /// Where the imaginary part is 0, as bool: everywhere, since all numbers are real.
    public func isreal() -> Tensor { isPlaceholder ? self : Tensor.ones(like: self, dtype: .bool) }
}

/// The angle of each number in the complex plane: pi for negative ones, 0 for others.
public func angle(_ x: Tensor) -> Tensor { x.angle() }
/// The real part: of real numbers the tensor itself.
public func real(_ x: Tensor) -> Tensor { x }
