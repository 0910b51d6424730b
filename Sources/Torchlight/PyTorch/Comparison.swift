// The comparisons `.<`, `.<=`, `.>` and `.>=`, so that all six have the form of `.==`, and operators that Swift gives
// another meaning, with the form to write.

/// The product of matrices: `a • b` is `matmul(a, b)`. It binds as tightly as `*`.
infix operator • : MultiplicationPrecedence

/// Not available: in Swift `-x ** 2` would be `(-x) ** 2`.
infix operator ** : MultiplicationPrecedence

extension Tensor {
    /// Returns `a < b`, element by element.
    public static func .< (a: Tensor, b: Tensor) -> Tensor { a < b }
    /// Returns `a < b`, element by element.
    public static func .< (a: Tensor, b: some TensorScalar) -> Tensor { a < b }
    /// Returns `a <= b`, element by element.
    public static func .<= (a: Tensor, b: Tensor) -> Tensor { a <= b }
    /// Returns `a <= b`, element by element.
    public static func .<= (a: Tensor, b: some TensorScalar) -> Tensor { a <= b }
    /// Returns `a > b`, element by element.
    public static func .> (a: Tensor, b: Tensor) -> Tensor { a > b }
    /// Returns `a > b`, element by element.
    public static func .> (a: Tensor, b: some TensorScalar) -> Tensor { a > b }
    /// Returns `a >= b`, element by element.
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { a >= b }
    /// Returns `a >= b`, element by element.
    public static func .>= (a: Tensor, b: some TensorScalar) -> Tensor { a >= b }

    /// Returns `matmul(a, b)`.
    public static func • (a: Tensor, b: Tensor) -> Tensor { a.matmul(b) }

    /// Not available: `==` is whether two variables refer to one tensor.
    @available(*, unavailable, message: "elements are compared by 'a .== b'; 'a == b' is whether both are one tensor")
    public static func == (a: Tensor, b: Tensor) -> Tensor { a .== b }
    /// Not available: elements are compared by `.==`.
    @available(*, unavailable, message: "elements are compared by 'a .== b'")
    public static func == (a: Tensor, b: some TensorScalar) -> Tensor { a .== b }
    /// Not available: a comparison of elements is a tensor.
    @available(*, unavailable, message: "elements are compared by 'a .== b'; a condition is 'a.item() == 1'")
    @_disfavoredOverload
    public static func == (a: Tensor, b: some TensorScalar) -> Bool { fatalError() }
    /// Not available: a comparison of elements is a tensor.
    @available(*, unavailable, message: "elements are compared by 'a .!= b'; a condition is 'a.item() != 1'")
    @_disfavoredOverload
    public static func != (a: Tensor, b: some TensorScalar) -> Bool { fatalError() }
    /// Not available: elements are compared by `.!=`.
    @available(*, unavailable, message: "elements are compared by 'a .!= b'; 'a != b' is whether they are two tensors")
    public static func != (a: Tensor, b: Tensor) -> Tensor { a .!= b }
    /// Not available: elements are compared by `.!=`.
    @available(*, unavailable, message: "elements are compared by 'a .!= b'")
    public static func != (a: Tensor, b: some TensorScalar) -> Tensor { a .!= b }

    /// Not available: a comparison of tensors is a tensor.
    @available(*, unavailable, message: "'a < b' is a tensor; a condition is 'a.item() < b.item()' or '(a < b).all()'")
    public static func < (a: Tensor, b: Tensor) -> Bool { fatalError() }
    /// Not available: a comparison of tensors is a tensor.
    @available(*, unavailable, message: "'a < b' is a tensor; a condition is 'a.item() < b' or '(a < b).all()'")
    public static func < (a: Tensor, b: some TensorScalar) -> Bool { fatalError() }
    /// Not available: a comparison of tensors is a tensor.
    @available(*, unavailable, message: "'a > b' is a tensor; a condition is 'a.item() > b.item()' or '(a > b).all()'")
    public static func > (a: Tensor, b: Tensor) -> Bool { fatalError() }
    /// Not available: a comparison of tensors is a tensor.
    @available(*, unavailable, message: "'a > b' is a tensor; a condition is 'a.item() > b' or '(a > b).all()'")
    public static func > (a: Tensor, b: some TensorScalar) -> Bool { fatalError() }

    /// Not available: the logical operations on elements are `&` and `|`.
    @available(*, unavailable, message: "elements are combined by 'a & b'")
    public static func && (a: Tensor, b: Tensor) -> Tensor { a & b }
    /// Not available: the logical operations on elements are `&` and `|`.
    @available(*, unavailable, message: "elements are combined by 'a | b'")
    public static func || (a: Tensor, b: Tensor) -> Tensor { a | b }

    /// Not available: in Swift `-x ** 2` would be `(-x) ** 2`.
    @available(*, unavailable, message: "a power is 'pow(x, 2)' or 'x.pow(2)'")
    public static func ** (a: Tensor, b: Tensor) -> Tensor { a.pow(b) }
    /// Not available: in Swift `-x ** 2` would be `(-x) ** 2`.
    @available(*, unavailable, message: "a power is 'pow(x, 2)' or 'x.pow(2)'")
    public static func ** (a: Tensor, b: some TensorScalar) -> Tensor { a.pow(b) }
    /// Not available: in Swift `-x ** 2` would be `(-x) ** 2`.
    @available(*, unavailable, message: "a power is 'pow(2, x)'")
    public static func ** (a: some TensorScalar, b: Tensor) -> Tensor { fatalError() }
}

/// Not available: in Swift `-x ** 2` would be `(-x) ** 2`.
@available(*, unavailable, message: "a power of numbers is 'pow(x, 2)' of Foundation")
public func ** (a: Double, b: Double) -> Double { fatalError() }
/// Not available: in Swift `-x ** 2` would be `(-x) ** 2`.
@available(*, unavailable, message: "a power of integers is '1 << n' for 2, or a product: 'n * n'")
public func ** (a: Int, b: Int) -> Int { fatalError() }
