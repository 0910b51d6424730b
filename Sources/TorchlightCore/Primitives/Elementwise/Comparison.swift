import CKernels

// The six comparisons: one scalar function and one name each, bool results, no gradient.

/// `a == b`, element by element.
package struct Eq: ConstantBinaryPrimitive {
    package static let name = "eq"
    package static let supportsComplex = true
    package static let kernel = TL_BINARY_EQ
    package static let domain = BinaryDomain.predicate
}

/// `a != b`, element by element.
package struct Ne: ConstantBinaryPrimitive {
    package static let name = "ne"
    package static let supportsComplex = true
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
    /// Whether `a == b`, element by element, as bool. (`==` compares the identity of the tensor objects.) Shapes
    /// broadcast; NaN is not equal to NaN.
    public static func .== (a: Tensor, b: Tensor) -> Tensor { apply(Eq(), a, b) }
    /// Whether each element is equal to a number, as bool.
    public static func .== (a: Tensor, b: some TensorScalar) -> Tensor { apply(Eq(), a, .wrap(b.scalar)) }
    /// Whether `a != b`, element by element, as bool.
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { apply(Ne(), a, b) }
    /// Whether each element is not equal to a number, as bool.
    public static func .!= (a: Tensor, b: some TensorScalar) -> Tensor { apply(Ne(), a, .wrap(b.scalar)) }
    /// Whether `a < b`, element by element, as bool. Shapes broadcast; comparisons with NaN are false.
    public static func < (a: Tensor, b: Tensor) -> Tensor { apply(Lt(), a, b) }
    /// Whether each element is less than a number, as bool.
    public static func < (a: Tensor, b: some TensorScalar) -> Tensor { apply(Lt(), a, .wrap(b.scalar)) }
    /// Whether a number is less than each element, as bool.
    public static func < (a: some TensorScalar, b: Tensor) -> Tensor { apply(Lt(), .wrap(a.scalar), b) }
    /// Whether `a <= b`, element by element, as bool.
    public static func <= (a: Tensor, b: Tensor) -> Tensor { apply(Le(), a, b) }
    /// Whether each element is less than or equal to a number, as bool.
    public static func <= (a: Tensor, b: some TensorScalar) -> Tensor { apply(Le(), a, .wrap(b.scalar)) }
    /// Whether a number is less than or equal to each element, as bool.
    public static func <= (a: some TensorScalar, b: Tensor) -> Tensor { apply(Le(), .wrap(a.scalar), b) }
    /// Whether `a > b`, element by element, as bool.
    public static func > (a: Tensor, b: Tensor) -> Tensor { apply(Gt(), a, b) }
    /// Whether each element is greater than a number, as bool.
    public static func > (a: Tensor, b: some TensorScalar) -> Tensor { apply(Gt(), a, .wrap(b.scalar)) }
    /// Whether a number is greater than each element, as bool.
    public static func > (a: some TensorScalar, b: Tensor) -> Tensor { apply(Gt(), .wrap(a.scalar), b) }
    /// Whether `a >= b`, element by element, as bool.
    public static func >= (a: Tensor, b: Tensor) -> Tensor { apply(Ge(), a, b) }
    /// Whether each element is greater than or equal to a number, as bool.
    public static func >= (a: Tensor, b: some TensorScalar) -> Tensor { apply(Ge(), a, .wrap(b.scalar)) }
    /// Whether a number is greater than or equal to each element, as bool.
    public static func >= (a: some TensorScalar, b: Tensor) -> Tensor { apply(Ge(), .wrap(a.scalar), b) }

    /// Whether a number is equal to each element, as bool.
    public static func .== (a: some TensorScalar, b: Tensor) -> Tensor { apply(Eq(), .wrap(a.scalar), b) }
    /// Whether a number is not equal to each element, as bool.
    public static func .!= (a: some TensorScalar, b: Tensor) -> Tensor { apply(Ne(), .wrap(a.scalar), b) }
}

// The comparisons by name, and those that write 1 and 0 over the elements in their own dtype.
extension Tensor {
    /// Whether `self == other`, element by element, as bool.
    public func eq(_ other: Tensor) -> Tensor { self .== other }
    /// Whether each element is equal to a number, as bool.
    public func eq(_ other: some TensorScalar) -> Tensor { self .== other }
    /// Whether `self == other`, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func eq_(_ other: Tensor) -> Tensor { applyInPlace(Eq(), on: self, Few(self, other), name: "eq_") }
    /// Whether each element is equal to a number, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func eq_(_ other: some TensorScalar) -> Tensor { eq_(.wrap(other.scalar)) }
    /// Whether `self != other`, element by element, as bool.
    public func ne(_ other: Tensor) -> Tensor { self .!= other }
    /// Whether each element is not equal to a number, as bool.
    public func ne(_ other: some TensorScalar) -> Tensor { self .!= other }
    /// Whether `self != other`, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func ne_(_ other: Tensor) -> Tensor { applyInPlace(Ne(), on: self, Few(self, other), name: "ne_") }
    /// Whether each element is not equal to a number, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func ne_(_ other: some TensorScalar) -> Tensor { ne_(.wrap(other.scalar)) }
    /// Whether `self < other`, element by element, as bool.
    public func lt(_ other: Tensor) -> Tensor { self < other }
    /// Whether each element is less than a number, as bool.
    public func lt(_ other: some TensorScalar) -> Tensor { self < other }
    /// Whether `self < other`, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func lt_(_ other: Tensor) -> Tensor { applyInPlace(Lt(), on: self, Few(self, other), name: "lt_") }
    /// Whether each element is less than a number, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func lt_(_ other: some TensorScalar) -> Tensor { lt_(.wrap(other.scalar)) }
    /// Whether `self <= other`, element by element, as bool.
    public func le(_ other: Tensor) -> Tensor { self <= other }
    /// Whether each element is less than or equal to a number, as bool.
    public func le(_ other: some TensorScalar) -> Tensor { self <= other }
    /// Whether `self <= other`, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func le_(_ other: Tensor) -> Tensor { applyInPlace(Le(), on: self, Few(self, other), name: "le_") }
    /// Whether each element is less than or equal to a number, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func le_(_ other: some TensorScalar) -> Tensor { le_(.wrap(other.scalar)) }
    /// Whether `self > other`, element by element, as bool.
    public func gt(_ other: Tensor) -> Tensor { self > other }
    /// Whether each element is greater than a number, as bool.
    public func gt(_ other: some TensorScalar) -> Tensor { self > other }
    /// Whether `self > other`, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func gt_(_ other: Tensor) -> Tensor { applyInPlace(Gt(), on: self, Few(self, other), name: "gt_") }
    /// Whether each element is greater than a number, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func gt_(_ other: some TensorScalar) -> Tensor { gt_(.wrap(other.scalar)) }
    /// Whether `self >= other`, element by element, as bool.
    public func ge(_ other: Tensor) -> Tensor { self >= other }
    /// Whether each element is greater than or equal to a number, as bool.
    public func ge(_ other: some TensorScalar) -> Tensor { self >= other }
    /// Whether `self >= other`, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func ge_(_ other: Tensor) -> Tensor { applyInPlace(Ge(), on: self, Few(self, other), name: "ge_") }
    /// Whether each element is greater than or equal to a number, in place: 1 or 0 in the dtype of this tensor.
    @discardableResult
    public func ge_(_ other: some TensorScalar) -> Tensor { ge_(.wrap(other.scalar)) }
}
