import CKernels

/// `-x`.
package struct Neg: UnaryPrimitive {
    package static let name = "neg"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_NEG
    package static let domain = UnaryDomain.number
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { -gradient }
}

extension Tensor {
    /// The negative `-x`, element by element. An error for bool.
    public static prefix func - (x: Tensor) -> Tensor { apply(Neg(), x) }
    /// The negative `-x`, element by element. An error for bool.
    public func neg() -> Tensor { apply(Neg(), self) }
    /// The negative `-x`, in place.
    @discardableResult
    public func neg_() -> Tensor { applyInPlace(Neg(), on: self, Few(self), name: "neg_") }
}
