import CKernels

// The six comparisons: one scalar function and one name each, bool results, no gradient.

/// `a == b`, element by element.
package struct Eq: ConstantBinaryPrimitive {
    package static let name = "eq"
    package static let kernel = TL_BINARY_EQ
    package static let domain = BinaryDomain.predicate
}

/// `a != b`, element by element.
package struct Ne: ConstantBinaryPrimitive {
    package static let name = "ne"
    package static let kernel = TL_BINARY_NE
    package static let domain = BinaryDomain.predicate
}

/// `a < b`, element by element.
package struct Lt: ConstantBinaryPrimitive {
    package static let name = "lt"
    package static let kernel = TL_BINARY_LT
    package static let domain = BinaryDomain.predicate
}

/// `a <= b`, element by element.
package struct Le: ConstantBinaryPrimitive {
    package static let name = "le"
    package static let kernel = TL_BINARY_LE
    package static let domain = BinaryDomain.predicate
}

/// `a > b`, element by element.
package struct Gt: ConstantBinaryPrimitive {
    package static let name = "gt"
    package static let kernel = TL_BINARY_GT
    package static let domain = BinaryDomain.predicate
}

/// `a >= b`, element by element.
package struct Ge: ConstantBinaryPrimitive {
    package static let name = "ge"
    package static let kernel = TL_BINARY_GE
    package static let domain = BinaryDomain.predicate
}

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence

extension Tensor {
    /// Where `a` equals `b`, as bool. (`==` asks whether both are the same tensor object.)
    public static func .== (a: Tensor, b: Tensor) -> Tensor { apply(Eq(), a, b) }
    /// Where `a` equals a number.
    public static func .== (a: Tensor, b: some TensorScalar) -> Tensor { apply(Eq(), a, .wrap(b.scalar)) }
    /// Where `a` differs from `b`, as bool.
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { apply(Ne(), a, b) }
    /// Where `a` differs from a number.
    public static func .!= (a: Tensor, b: some TensorScalar) -> Tensor { apply(Ne(), a, .wrap(b.scalar)) }
    /// Where `a` is less than `b`, as bool.
    public static func < (a: Tensor, b: Tensor) -> Tensor { apply(Lt(), a, b) }
    /// Where `a` is less than a number.
    public static func < (a: Tensor, b: some TensorScalar) -> Tensor { apply(Lt(), a, .wrap(b.scalar)) }
    /// Where a number is less than `b`.
    public static func < (a: some TensorScalar, b: Tensor) -> Tensor { apply(Lt(), .wrap(a.scalar), b) }
    /// Where `a` is at most `b`, as bool.
    public static func <= (a: Tensor, b: Tensor) -> Tensor { apply(Le(), a, b) }
    /// Where `a` is at most a number.
    public static func <= (a: Tensor, b: some TensorScalar) -> Tensor { apply(Le(), a, .wrap(b.scalar)) }
    /// Where a number is at most `b`.
    public static func <= (a: some TensorScalar, b: Tensor) -> Tensor { apply(Le(), .wrap(a.scalar), b) }
    /// Where `a` is greater than `b`, as bool.
    public static func > (a: Tensor, b: Tensor) -> Tensor { apply(Gt(), a, b) }
    /// Where `a` is greater than a number.
    public static func > (a: Tensor, b: some TensorScalar) -> Tensor { apply(Gt(), a, .wrap(b.scalar)) }
    /// Where a number is greater than `b`.
    public static func > (a: some TensorScalar, b: Tensor) -> Tensor { apply(Gt(), .wrap(a.scalar), b) }
    /// Where `a` is at least `b`, as bool.
    public static func >= (a: Tensor, b: Tensor) -> Tensor { apply(Ge(), a, b) }
    /// Where `a` is at least a number.
    public static func >= (a: Tensor, b: some TensorScalar) -> Tensor { apply(Ge(), a, .wrap(b.scalar)) }
    /// Where a number is at least `b`.
    public static func >= (a: some TensorScalar, b: Tensor) -> Tensor { apply(Ge(), .wrap(a.scalar), b) }

    /// Where a number equals `b`.
    public static func .== (a: some TensorScalar, b: Tensor) -> Tensor { apply(Eq(), .wrap(a.scalar), b) }
    /// Where a number differs from `b`.
    public static func .!= (a: some TensorScalar, b: Tensor) -> Tensor { apply(Ne(), .wrap(a.scalar), b) }
}

// The comparisons by name, and those that write 1 and 0 over the elements in their own dtype.
extension Tensor {
    /// Where the elements equal, as bool.
    public func eq(_ other: Tensor) -> Tensor { self .== other }
    /// Where the elements equal a number, as bool.
    public func eq(_ other: some TensorScalar) -> Tensor { self .== other }
    /// 1 where the elements equal and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func eq_(_ other: Tensor) -> Tensor { applyInPlace(Eq(), on: self, Few(self, other), name: "eq_") }
    /// 1 where the elements equal a number and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func eq_(_ other: some TensorScalar) -> Tensor { eq_(.wrap(other.scalar)) }
    /// Where the elements differ, as bool.
    public func ne(_ other: Tensor) -> Tensor { self .!= other }
    /// Where the elements differ from a number, as bool.
    public func ne(_ other: some TensorScalar) -> Tensor { self .!= other }
    /// 1 where the elements differ and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func ne_(_ other: Tensor) -> Tensor { applyInPlace(Ne(), on: self, Few(self, other), name: "ne_") }
    /// 1 where the elements differ from a number and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func ne_(_ other: some TensorScalar) -> Tensor { ne_(.wrap(other.scalar)) }
    /// Where `self < other`, as bool.
    public func lt(_ other: Tensor) -> Tensor { self < other }
    /// Where the elements are less than a number, as bool.
    public func lt(_ other: some TensorScalar) -> Tensor { self < other }
    /// 1 where `self < other` and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func lt_(_ other: Tensor) -> Tensor { applyInPlace(Lt(), on: self, Few(self, other), name: "lt_") }
    /// 1 where the elements are less than a number and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func lt_(_ other: some TensorScalar) -> Tensor { lt_(.wrap(other.scalar)) }
    /// Where `self <= other`, as bool.
    public func le(_ other: Tensor) -> Tensor { self <= other }
    /// Where the elements are at most a number, as bool.
    public func le(_ other: some TensorScalar) -> Tensor { self <= other }
    /// 1 where `self <= other` and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func le_(_ other: Tensor) -> Tensor { applyInPlace(Le(), on: self, Few(self, other), name: "le_") }
    /// 1 where the elements are at most a number and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func le_(_ other: some TensorScalar) -> Tensor { le_(.wrap(other.scalar)) }
    /// Where `self > other`, as bool.
    public func gt(_ other: Tensor) -> Tensor { self > other }
    /// Where the elements are greater than a number, as bool.
    public func gt(_ other: some TensorScalar) -> Tensor { self > other }
    /// 1 where `self > other` and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func gt_(_ other: Tensor) -> Tensor { applyInPlace(Gt(), on: self, Few(self, other), name: "gt_") }
    /// 1 where the elements are greater than a number and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func gt_(_ other: some TensorScalar) -> Tensor { gt_(.wrap(other.scalar)) }
    /// Where `self >= other`, as bool.
    public func ge(_ other: Tensor) -> Tensor { self >= other }
    /// Where the elements are at least a number, as bool.
    public func ge(_ other: some TensorScalar) -> Tensor { self >= other }
    /// 1 where `self >= other` and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func ge_(_ other: Tensor) -> Tensor { applyInPlace(Ge(), on: self, Few(self, other), name: "ge_") }
    /// 1 where the elements are at least a number and 0 elsewhere, in place and in this dtype.
    @discardableResult
    public func ge_(_ other: some TensorScalar) -> Tensor { ge_(.wrap(other.scalar)) }
}
