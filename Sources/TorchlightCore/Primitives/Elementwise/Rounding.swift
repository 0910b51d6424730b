import CKernels

// Rounding to integers: the identity for integer dtypes, with the gradient 0 everywhere, also at jumps. `frac`, what is
// rounded away, passes the gradient.

/// The largest whole number that is at most `x`.
package struct Floor: UnaryPrimitive {
    package static let name = "floor"
    package static let kernel = TL_UNARY_FLOOR
    package static let domain = UnaryDomain.rounding
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

/// The smallest whole number that is at least `x`.
package struct Ceil: UnaryPrimitive {
    package static let name = "ceil"
    package static let kernel = TL_UNARY_CEIL
    package static let domain = UnaryDomain.rounding
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

/// The nearest whole number, halves to the even one.
package struct Round: UnaryPrimitive {
    package static let name = "round"
    package static let kernel = TL_UNARY_ROUND
    package static let domain = UnaryDomain.rounding
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

/// `x` to so many places after the decimal point, or before it where `decimals` is negative: the nearest multiple of
/// `10^-decimals`, halves to the even one. Floating point only.
package struct RoundDecimals: UnaryPrimitive {
    package static let name = "roundDecimals"
    package static let kernel = TL_UNARY_ROUND_SCALED
    package static let domain = UnaryDomain.floatingPoint
    package var decimals: Int
    package var publicName: String { Round.name }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        guard inputs[0].dtype.isFloatingPoint else {
            throw .dtype(
                Round.name, Array(inputs), expected: "floating-point numbers where decimals are given",
                fix: "convert it first, as in x.to(.float64)")
        }
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package var parameters: (Double, Double) {
        // Powers of ten beyond those of the dtype are infinite, and give NaN as they do in PyTorch.
        ((0..<min(decimals.magnitude, 400)).reduce(1) { scale, _ in scale * 10 }, decimals > 0 ? 1 : 0)
    }

    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

/// The whole part of `x`, rounded towards 0.
package struct Trunc: UnaryPrimitive {
    package static let name = "trunc"
    package static let kernel = TL_UNARY_TRUNC
    package static let domain = UnaryDomain.rounding
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { .zeros(like: gradient) }
}

/// `x - trunc(x)`, with the sign of `x`.
package struct Frac: UnaryPrimitive {
    package static let name = "frac"
    package static let kernel = TL_UNARY_FRAC
    package static let domain = UnaryDomain.floatingPoint
    package func saved(for needs: Needs) -> Saved { .none }
    package func derivative(_ gradient: Tensor, _ context: GradientContext) -> Tensor { gradient }
}

extension Tensor {
    /// Rounds each element down to an integer. The dtype is kept.
    public func floor() -> Tensor { apply(Floor(), self) }
    /// Rounds each element down to an integer, in place.
    @discardableResult
    public func floor_() -> Tensor { applyInPlace(Floor(), on: self, Few(self), name: "floor_") }

    /// Rounds each element up to an integer. The dtype is kept.
    public func ceil() -> Tensor { apply(Ceil(), self) }
    /// Rounds each element up to an integer, in place.
    @discardableResult
    public func ceil_() -> Tensor { applyInPlace(Ceil(), on: self, Few(self), name: "ceil_") }

    /// Rounds each element to the nearest integer; ties round to even. The dtype is kept.
    public func round() -> Tensor { apply(Round(), self) }
    /// Rounds each element to the nearest integer, in place; ties round to even.
    @discardableResult
    public func round_() -> Tensor { applyInPlace(Round(), on: self, Few(self), name: "round_") }

    /// Rounds each element to `decimals` decimal places; ties round to even. A negative number rounds to the left of
    /// the decimal point.
    ///
    /// Floating-point dtypes; integers only for `decimals` 0.
    public func round(decimals: Int) -> Tensor {
        decimals == 0 ? round() : apply(RoundDecimals(decimals: decimals), self)
    }
    /// Rounds each element to `decimals` decimal places, in place; ties round to even.
    @discardableResult
    public func round_(decimals: Int) -> Tensor {
        decimals == 0
            ? round_() : applyInPlace(RoundDecimals(decimals: decimals), on: self, Few(self), name: "round_")
    }

    /// Truncates each element: rounds towards 0 to an integer. The dtype is kept.
    public func trunc() -> Tensor { apply(Trunc(), self) }
    /// Truncates each element, in place.
    @discardableResult
    public func trunc_() -> Tensor { applyInPlace(Trunc(), on: self, Few(self), name: "trunc_") }

    /// The fractional part `x - trunc(x)`, with the sign of `x`.
    public func frac() -> Tensor { apply(Frac(), self) }
    /// The fractional part `x - trunc(x)`, in place.
    @discardableResult
    public func frac_() -> Tensor { applyInPlace(Frac(), on: self, Few(self), name: "frac_") }
}

/// Rounds each element down to an integer.
public func floor(_ x: Tensor) -> Tensor { x.floor() }

/// Rounds each element up to an integer.
public func ceil(_ x: Tensor) -> Tensor { x.ceil() }

/// Rounds each element to the nearest integer; ties round to even.
public func round(_ x: Tensor) -> Tensor { x.round() }

/// Rounds each element to `decimals` decimal places; ties round to even.
public func round(_ x: Tensor, decimals: Int) -> Tensor { x.round(decimals: decimals) }

/// Truncates each element: rounds towards 0 to an integer.
public func trunc(_ x: Tensor) -> Tensor { x.trunc() }

/// The fractional part `x - trunc(x)`, with the sign of `x`.
public func frac(_ x: Tensor) -> Tensor { x.frac() }
