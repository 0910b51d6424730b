import CKernels

// The greatest common divisor and the least common multiple of integers: never negative, no gradient.

/// The largest integer that divides both; `|a|` where `b` is 0.
package struct Gcd: ConstantBinaryPrimitive {
    package static let name = "gcd"
    package static let kernel = TL_BINARY_GCD
    package static let domain = BinaryDomain.shift
}

/// The smallest positive integer that both divide, and 0 where one of them is 0. Results outside the dtype wrap around.
package struct Lcm: ConstantBinaryPrimitive {
    package static let name = "lcm"
    package static let kernel = TL_BINARY_LCM
    package static let domain = BinaryDomain.shift
}

extension Tensor {
    /// The greatest common divisor of each pair of elements; `|self|` if `other` is 0.
    ///
    /// Shapes broadcast. Integer dtypes, promoted.
    public func gcd(_ other: Tensor) -> Tensor { apply(Gcd(), self, other) }
    /// The greatest common divisor, in place.
    @discardableResult
    public func gcd_(_ other: Tensor) -> Tensor { applyInPlace(Gcd(), on: self, Few(self, other), name: "gcd_") }

    /// The least common multiple of each pair of elements; 0 if one of them is 0.
    ///
    /// Shapes broadcast. Integer dtypes, promoted; results wrap around on overflow.
    public func lcm(_ other: Tensor) -> Tensor { apply(Lcm(), self, other) }
    /// The least common multiple, in place.
    @discardableResult
    public func lcm_(_ other: Tensor) -> Tensor { applyInPlace(Lcm(), on: self, Few(self, other), name: "lcm_") }
}

/// The greatest common divisor of integers, element by element.
public func gcd(_ a: Tensor, _ b: Tensor) -> Tensor { a.gcd(b) }
/// The least common multiple of integers, element by element.
public func lcm(_ a: Tensor, _ b: Tensor) -> Tensor { a.lcm(b) }
