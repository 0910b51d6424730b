import CKernels

/// Whether each element is not a number.
package struct IsNaN: ConstantUnaryPrimitive {
    package static let name = "isnan"
    package static let kernel = TL_UNARY_ISNAN
    package static let domain = UnaryDomain.predicate
}

/// Whether each element is infinite.
package struct IsInf: ConstantUnaryPrimitive {
    package static let name = "isinf"
    package static let kernel = TL_UNARY_ISINF
    package static let domain = UnaryDomain.predicate
}

/// Whether each element is neither infinite nor NaN.
package struct IsFinite: ConstantUnaryPrimitive {
    package static let name = "isfinite"
    package static let kernel = TL_UNARY_ISFINITE
    package static let domain = UnaryDomain.predicate
}

/// Whether each element is 0.
package struct LogicalNot: ConstantUnaryPrimitive {
    package static let name = "logicalNot"
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
    /// Where elements are not a number, as bool.
    public func isnan() -> Tensor { apply(IsNaN(), self) }
    /// Where elements are infinite, as bool.
    public func isinf() -> Tensor { apply(IsInf(), self) }
    /// Where elements are neither infinite nor NaN, as bool.
    public func isfinite() -> Tensor { apply(IsFinite(), self) }
    /// Where elements are 0 or false, as bool.
    public func logicalNot() -> Tensor { apply(LogicalNot(), self) }
    /// 1 where elements are 0 or false and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func logicalNot_() -> Tensor { applyInPlace(LogicalNot(), on: self, Few(self), name: "logicalNot_") }
    /// Where the sign bit is set, as bool.
    public func signbit() -> Tensor { apply(SignBit(), self) }
    /// Where elements are 0 or false, as bool.
    public static prefix func ! (x: Tensor) -> Tensor { x.logicalNot() }
}
