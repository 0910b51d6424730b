// Further names of element-wise functions, as free functions.

/// The same as ``Tensor/abs()``.
public func absolute(_ x: Tensor) -> Tensor { x.abs() }
/// The same as ``Tensor/neg()``.
public func negative(_ x: Tensor) -> Tensor { x.neg() }
/// The same as ``Tensor/acos()``.
public func arccos(_ x: Tensor) -> Tensor { x.acos() }
/// The same as ``Tensor/acosh()``.
public func arccosh(_ x: Tensor) -> Tensor { x.acosh() }
/// The same as ``Tensor/asin()``.
public func arcsin(_ x: Tensor) -> Tensor { x.asin() }
/// The same as ``Tensor/asinh()``.
public func arcsinh(_ x: Tensor) -> Tensor { x.asinh() }
/// The same as ``Tensor/atan()``.
public func arctan(_ x: Tensor) -> Tensor { x.atan() }
/// The same as ``Tensor/atanh()``.
public func arctanh(_ x: Tensor) -> Tensor { x.atanh() }
/// The same as ``Tensor/trunc()``.
public func fix(_ x: Tensor) -> Tensor { x.trunc() }
/// The same as ``Tensor/atan2(_:)``: the angle of the point (x, y).
public func arctan2(_ y: Tensor, _ x: Tensor) -> Tensor { y.atan2(x) }
/// The same as ``clamp(_:min:max:)``.
public func clip(_ x: Tensor, min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
    x.clamp(min: min, max: max)
}
/// The same as ``Tensor/clamp(min:max:)-(Tensor?,_)``.
public func clip(_ x: Tensor, min: Tensor?, max: Tensor?) -> Tensor { x.clamp(min: min, max: max) }
/// The product, element by element.
public func multiply(_ a: Tensor, _ b: Tensor) -> Tensor { a * b }
/// The product with a number.
public func multiply(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a * b }
/// The difference `a - alpha b`.
public func subtract(_ a: Tensor, _ b: Tensor, alpha: some TensorScalar = 1) -> Tensor { a.sub(b, alpha: alpha) }
/// The difference `a - alpha b`.
public func subtract(_ a: Tensor, _ b: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
    a.sub(b, alpha: alpha)
}
/// The difference with exchanged operands, `b - alpha a`.
public func rsub(_ a: Tensor, _ b: Tensor, alpha: some TensorScalar = 1) -> Tensor { b.sub(a, alpha: alpha) }
/// The difference with exchanged operands, `b - alpha a`.
public func rsub(_ a: Tensor, _ b: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
    Tensor.wrap(b.scalar).sub(a, alpha: alpha)
}
/// The quotient, in floating point for integers too, or rounded.
public func divide(_ a: Tensor, _ b: Tensor, rounding: DivisionRounding = .none) -> Tensor {
    a.div(b, rounding: rounding)
}
/// The quotient by a number, in floating point for integers too, or rounded.
public func divide(_ a: Tensor, _ b: some TensorScalar, rounding: DivisionRounding = .none) -> Tensor {
    a.div(b, rounding: rounding)
}
/// The quotient, in floating point for integers too.
public func trueDivide(_ a: Tensor, _ b: Tensor) -> Tensor { a.div(b) }
/// The quotient by a number, in floating point for integers too.
public func trueDivide(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.div(b) }
/// The same as ``Tensor/gt(_:)-(Tensor)``.
public func greater(_ a: Tensor, _ b: Tensor) -> Tensor { a.gt(b) }
/// The same as ``Tensor/gt(_:)-(TensorScalar)``.
public func greater(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.gt(b) }
/// The same as ``Tensor/ge(_:)-(Tensor)``.
public func greaterEqual(_ a: Tensor, _ b: Tensor) -> Tensor { a.ge(b) }
/// The same as ``Tensor/ge(_:)-(TensorScalar)``.
public func greaterEqual(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.ge(b) }
/// The same as ``Tensor/lt(_:)-(Tensor)``.
public func less(_ a: Tensor, _ b: Tensor) -> Tensor { a.lt(b) }
/// The same as ``Tensor/lt(_:)-(TensorScalar)``.
public func less(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.lt(b) }
/// The same as ``Tensor/le(_:)-(Tensor)``.
public func lessEqual(_ a: Tensor, _ b: Tensor) -> Tensor { a.le(b) }
/// The same as ``Tensor/le(_:)-(TensorScalar)``.
public func lessEqual(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.le(b) }
/// The same as ``Tensor/ne(_:)-(Tensor)``.
public func notEqual(_ a: Tensor, _ b: Tensor) -> Tensor { a.ne(b) }
/// The same as ``Tensor/ne(_:)-(TensorScalar)``.
public func notEqual(_ a: Tensor, _ b: some TensorScalar) -> Tensor { a.ne(b) }
