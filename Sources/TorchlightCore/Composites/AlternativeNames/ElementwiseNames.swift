// Further names of element-wise functions, as in PyTorch.

extension Tensor {
    /// The same as ``abs()``.
    public func absolute() -> Tensor { abs() }
    /// The same as ``abs_()``.
    @discardableResult
    public func absolute_() -> Tensor { abs_() }
    /// The same as ``neg()``.
    public func negative() -> Tensor { neg() }
    /// The same as ``neg_()``.
    @discardableResult
    public func negative_() -> Tensor { neg_() }
    /// The same as ``acos()``.
    public func arccos() -> Tensor { acos() }
    /// The same as ``acos_()``.
    @discardableResult
    public func arccos_() -> Tensor { acos_() }
    /// The same as ``acosh()``.
    public func arccosh() -> Tensor { acosh() }
    /// The same as ``acosh_()``.
    @discardableResult
    public func arccosh_() -> Tensor { acosh_() }
    /// The same as ``asin()``.
    public func arcsin() -> Tensor { asin() }
    /// The same as ``asin_()``.
    @discardableResult
    public func arcsin_() -> Tensor { asin_() }
    /// The same as ``asinh()``.
    public func arcsinh() -> Tensor { asinh() }
    /// The same as ``asinh_()``.
    @discardableResult
    public func arcsinh_() -> Tensor { asinh_() }
    /// The same as ``atan()``.
    public func arctan() -> Tensor { atan() }
    /// The same as ``atan_()``.
    @discardableResult
    public func arctan_() -> Tensor { atan_() }
    /// The same as ``atanh()``.
    public func arctanh() -> Tensor { atanh() }
    /// The same as ``atanh_()``.
    @discardableResult
    public func arctanh_() -> Tensor { atanh_() }
    /// The same as ``trunc()``.
    public func fix() -> Tensor { trunc() }
    /// The same as ``trunc_()``.
    @discardableResult
    public func fix_() -> Tensor { trunc_() }
    /// The same as ``atan2(_:)``.
    public func arctan2(_ other: Tensor) -> Tensor { atan2(other) }
    /// The same as ``atan2_(_:)``.
    @discardableResult
    public func arctan2_(_ other: Tensor) -> Tensor { atan2_(other) }
    /// The same as `clamp(min:max:)` with numbers.
    public func clip(min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
        clamp(min: min, max: max)
    }
    /// The same as ``clamp(min:max:)-(Tensor?,_)``.
    public func clip(min: Tensor?, max: Tensor?) -> Tensor { clamp(min: min, max: max) }
    /// The same as `clamp_(min:max:)` with numbers.
    @discardableResult
    public func clip_(min: (any TensorScalar)? = nil, max: (any TensorScalar)? = nil) -> Tensor {
        clamp_(min: min, max: max)
    }
    /// The same as ``clamp_(min:max:)-(Tensor?,_)``.
    @discardableResult
    public func clip_(min: Tensor?, max: Tensor?) -> Tensor { clamp_(min: min, max: max) }

    /// The same as ``mul(_:)-(Tensor)``.
    public func multiply(_ other: Tensor) -> Tensor { mul(other) }
    /// The product with a number.
    public func multiply(_ other: some TensorScalar) -> Tensor { self * other }
    /// The same as ``mul_(_:)-(Tensor)``.
    @discardableResult
    public func multiply_(_ other: Tensor) -> Tensor { mul_(other) }
    /// The product with a number, in place.
    @discardableResult
    public func multiply_(_ other: some TensorScalar) -> Tensor { mul_(other) }

    /// The same as ``sub(_:alpha:)-(Tensor,_)``.
    public func subtract(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor { sub(other, alpha: alpha) }
    /// The same as ``sub(_:alpha:)-(TensorScalar,_)``.
    public func subtract(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        sub(other, alpha: alpha)
    }
    /// The same as ``sub_(_:alpha:)-(Tensor,_)``.
    @discardableResult
    public func subtract_(_ other: Tensor, alpha: some TensorScalar = 1) -> Tensor { sub_(other, alpha: alpha) }
    /// The same as ``sub_(_:alpha:)-(TensorScalar,_)``.
    @discardableResult
    public func subtract_(_ other: some TensorScalar, alpha: some TensorScalar = 1) -> Tensor {
        sub_(other, alpha: alpha)
    }

    /// The same as ``div(_:rounding:)-(Tensor,_)``.
    public func divide(_ other: Tensor, rounding: DivisionRounding = .none) -> Tensor { div(other, rounding: rounding) }
    /// The same as ``div(_:rounding:)-(TensorScalar,_)``.
    public func divide(_ other: some TensorScalar, rounding: DivisionRounding = .none) -> Tensor {
        div(other, rounding: rounding)
    }
    /// The same as ``div_(_:rounding:)-(Tensor,_)``.
    @discardableResult
    public func divide_(_ other: Tensor, rounding: DivisionRounding = .none) -> Tensor {
        div_(other, rounding: rounding)
    }
    /// The same as ``div_(_:rounding:)-(TensorScalar,_)``.
    @discardableResult
    public func divide_(_ other: some TensorScalar, rounding: DivisionRounding = .none) -> Tensor {
        div_(other, rounding: rounding)
    }
    /// The quotient, in floating point for integers too: ``div(_:rounding:)-(Tensor,_)`` without rounding.
    public func trueDivide(_ other: Tensor) -> Tensor { div(other) }
    /// The quotient by a number, in floating point for integers too.
    public func trueDivide(_ other: some TensorScalar) -> Tensor { div(other) }
    /// The quotient, in place.
    @discardableResult
    public func trueDivide_(_ other: Tensor) -> Tensor { div_(other) }
    /// The quotient by a number, in place.
    @discardableResult
    public func trueDivide_(_ other: some TensorScalar) -> Tensor { div_(other) }

    /// The same as ``gt(_:)-(Tensor)``.
    public func greater(_ other: Tensor) -> Tensor { gt(other) }
    /// The same as ``gt(_:)-(TensorScalar)``.
    public func greater(_ other: some TensorScalar) -> Tensor { gt(other) }
    /// The same as ``gt_(_:)-(Tensor)``.
    @discardableResult
    public func greater_(_ other: Tensor) -> Tensor { gt_(other) }
    /// The same as ``gt_(_:)-(TensorScalar)``.
    @discardableResult
    public func greater_(_ other: some TensorScalar) -> Tensor { gt_(other) }
    /// The same as ``ge(_:)-(Tensor)``.
    public func greaterEqual(_ other: Tensor) -> Tensor { ge(other) }
    /// The same as ``ge(_:)-(TensorScalar)``.
    public func greaterEqual(_ other: some TensorScalar) -> Tensor { ge(other) }
    /// The same as ``ge_(_:)-(Tensor)``.
    @discardableResult
    public func greaterEqual_(_ other: Tensor) -> Tensor { ge_(other) }
    /// The same as ``ge_(_:)-(TensorScalar)``.
    @discardableResult
    public func greaterEqual_(_ other: some TensorScalar) -> Tensor { ge_(other) }
    /// The same as ``lt(_:)-(Tensor)``.
    public func less(_ other: Tensor) -> Tensor { lt(other) }
    /// The same as ``lt(_:)-(TensorScalar)``.
    public func less(_ other: some TensorScalar) -> Tensor { lt(other) }
    /// The same as ``lt_(_:)-(Tensor)``.
    @discardableResult
    public func less_(_ other: Tensor) -> Tensor { lt_(other) }
    /// The same as ``lt_(_:)-(TensorScalar)``.
    @discardableResult
    public func less_(_ other: some TensorScalar) -> Tensor { lt_(other) }
    /// The same as ``le(_:)-(Tensor)``.
    public func lessEqual(_ other: Tensor) -> Tensor { le(other) }
    /// The same as ``le(_:)-(TensorScalar)``.
    public func lessEqual(_ other: some TensorScalar) -> Tensor { le(other) }
    /// The same as ``le_(_:)-(Tensor)``.
    @discardableResult
    public func lessEqual_(_ other: Tensor) -> Tensor { le_(other) }
    /// The same as ``le_(_:)-(TensorScalar)``.
    @discardableResult
    public func lessEqual_(_ other: some TensorScalar) -> Tensor { le_(other) }
    /// The same as ``ne(_:)-(Tensor)``.
    public func notEqual(_ other: Tensor) -> Tensor { ne(other) }
    /// The same as ``ne(_:)-(TensorScalar)``.
    public func notEqual(_ other: some TensorScalar) -> Tensor { ne(other) }
    /// The same as ``ne_(_:)-(Tensor)``.
    @discardableResult
    public func notEqual_(_ other: Tensor) -> Tensor { ne_(other) }
    /// The same as ``ne_(_:)-(TensorScalar)``.
    @discardableResult
    public func notEqual_(_ other: some TensorScalar) -> Tensor { ne_(other) }
}
