import CKernels

/// Whether each element is not a number.
package struct IsNaN: ConstantUnaryPrimitive {
    package static let name = "isnan"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ISNAN
    package static let domain = UnaryDomain.predicate
}

/// Whether each element is infinite.
package struct IsInf: ConstantUnaryPrimitive {
    package static let name = "isinf"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ISINF
    package static let domain = UnaryDomain.predicate
}

/// Whether each element is neither infinite nor NaN.
package struct IsFinite: ConstantUnaryPrimitive {
    package static let name = "isfinite"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_ISFINITE
    package static let domain = UnaryDomain.predicate
}

/// Whether each element is 0.
package struct LogicalNot: ConstantUnaryPrimitive {
    package static let name = "logicalNot"
    package static let supportsComplex = true
    package static let kernel = TL_UNARY_LOGICAL_NOT
    package static let domain = UnaryDomain.predicate
}

/// Whether each element has its sign bit set; -0.0 has.
package struct SignBit: ConstantUnaryPrimitive {
    package static let name = "signbit"
    package static let kernel = TL_UNARY_SIGNBIT
    package static let domain = UnaryDomain.predicate
}

extension Tensor {
    /// Whether each element is NaN, as bool.
    public func isnan() -> Tensor { apply(IsNaN(), self) }
    /// Whether each element is positive or negative infinity, as bool.
    public func isinf() -> Tensor { apply(IsInf(), self) }
    /// Whether each element is finite, as bool: neither infinite nor NaN.
    public func isfinite() -> Tensor { apply(IsFinite(), self) }
    /// Logical NOT, element by element, as bool: true for 0 and false.
    public func logicalNot() -> Tensor { apply(LogicalNot(), self) }
    /// Logical NOT, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func logicalNot_() -> Tensor { applyInPlace(LogicalNot(), on: self, Few(self), name: "logicalNot_") }
    /// Whether the sign bit of each element is set, as bool.
    public func signbit() -> Tensor { apply(SignBit(), self) }
    /// Logical NOT, element by element, as bool: true for 0 and false.
    public static prefix func ! (x: Tensor) -> Tensor { x.logicalNot() }
}
