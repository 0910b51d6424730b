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

    /// Where the elements equal, as bool.
    public func eq(_ other: Tensor) -> Tensor { self .== other }
    /// Where the elements differ, as bool.
    public func ne(_ other: Tensor) -> Tensor { self .!= other }
    /// Where `self < other`, as bool.
    public func lt(_ other: Tensor) -> Tensor { self < other }
    /// Where `self <= other`, as bool.
    public func le(_ other: Tensor) -> Tensor { self <= other }
    /// Where `self > other`, as bool.
    public func gt(_ other: Tensor) -> Tensor { self > other }
    /// Where `self >= other`, as bool.
    public func ge(_ other: Tensor) -> Tensor { self >= other }
}
