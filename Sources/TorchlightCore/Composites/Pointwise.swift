// Element-wise operations that others express.

extension Tensor {
    /// The tensor itself; bool is refused, as by the other signs.
    public func positive() -> Tensor {
        dtype != .bool
            ? self
            : fail(.dtype("positive", [self], expected: "a number", fix: "convert it with .to(.int64)"), like: self)
    }

    /// Degrees as radians.
    public func deg2rad() -> Tensor { self * (Double.pi / 180) }
    /// Degrees as radians, in place.
    @discardableResult
    public func deg2rad_() -> Tensor {
        applyInPlace(Mul(), on: self, Few(self, .wrap(.double(Double.pi / 180))), name: "deg2rad_")
    }
    /// Radians as degrees.
    public func rad2deg() -> Tensor { self * (180 / Double.pi) }
    /// Radians as degrees, in place.
    @discardableResult
    public func rad2deg_() -> Tensor {
        applyInPlace(Mul(), on: self, Few(self, .wrap(.double(180 / Double.pi))), name: "rad2deg_")
    }

    /// `log(x / (1 - x))`, with `x` first held to `[eps, 1 - eps]` where that is given.
    ///
    /// Without `eps` the value and the gradient are NaN outside `[0, 1]`, and infinite at the ends.
    public func logit(eps: Double? = nil) -> Tensor {
        guard let eps else { return apply(Logit(), self) }
        // From below first, also where the ends cross; held in float32, where half types would round 1 - eps to 1.
        let p = to(dtype.orFloat.computeType)
        return apply(Logit(), Tensor.where(p < eps, eps, p.clamp(max: 1 - eps))).to(dtype.orFloat)
    }

    /// `log(x / (1 - x))` in place, with `x` first held to `[eps, 1 - eps]` where that is given.
    @discardableResult
    public func logit_(eps: Double? = nil) -> Tensor { overwrite(by: "logit_") { $0.logit(eps: eps) } }

    /// NaN replaced by a number, the infinities by the largest and smallest of the dtype or by what is given.
    public func nanToNum(nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
        guard dtype.isFloatingPoint else { return self }
        let largest = dtype.greatestFinite
        return maskedFill(isnan(), nan).maskedFill(isposinf(), posinf ?? largest).maskedFill(
            isneginf(), neginf ?? -largest)
    }

    /// NaN replaced by a number and the infinities by the largest and smallest of the dtype or by what is given, in
    /// place.
    @discardableResult
    public func nanToNum_(nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
        overwrite(by: "nanToNum_") { $0.nanToNum(nan: nan, posinf: posinf, neginf: neginf) }
    }

    /// Where elements are positive infinity, as bool.
    public func isposinf() -> Tensor { isinf().logicalAnd(signbit().logicalNot()) }
    /// Where elements are negative infinity, as bool.
    public func isneginf() -> Tensor { isinf().logicalAnd(signbit()) }

    /// 0 for negative elements, 1 for positive ones, `values` for 0.
    public func heaviside(_ values: Tensor) -> Tensor { Tensor.where(self .== 0, values, (self > 0).to(values.dtype)) }

    /// 0 for negative elements, 1 for positive ones, `values` for 0, in place.
    @discardableResult
    public func heaviside_(_ values: Tensor) -> Tensor { overwrite(by: "heaviside_") { $0.heaviside(values) } }

    /// The power in float64.
    public func floatPower(_ exponent: Tensor) -> Tensor { to(.float64).pow(exponent.to(.float64)) }
    /// The power in float64, for a number.
    public func floatPower(_ exponent: some TensorScalar) -> Tensor { to(.float64).pow(exponent.scalar.asDouble) }
    /// The power in float64, in place in a float64 tensor.
    @discardableResult
    public func floatPower_(_ exponent: Tensor) -> Tensor {
        guard dtype == .float64 || isPlaceholder else {
            return fail(
                .dtype("floatPower_", [self], expected: "float64, the dtype of the result", fix: "use floatPower(_:)"),
                like: self)
        }
        return applyInPlace(Pow(), on: self, Few(self, exponent), name: "floatPower_")
    }
    /// The power in float64 for a number, in place in a float64 tensor.
    @discardableResult
    public func floatPower_(_ exponent: some TensorScalar) -> Tensor { floatPower_(.wrap(exponent.scalar)) }

    /// The sum over the dimensions, or of all elements, with NaN counted as 0.
    public func nansum(dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        maskedFill(isnan(), 0).sum(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// The mean over the dimensions, or of all elements, of those that are not NaN.
    public func nanmean(dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        nansum(dim: dim, keepdim: keepdim) / isnan().logicalNot().sum(dim: dim, keepdim: keepdim)
    }

    /// The smallest and the largest elements along a dimension, or of all.
    public func aminmax(dim: Int? = nil, keepdim: Bool = false) -> (min: Tensor, max: Tensor) {
        let dims = dim.map { [$0] } ?? []
        return (amin(dim: dims, keepdim: keepdim), amax(dim: dims, keepdim: keepdim))
    }
}

/// A number to every power in `exponent`, in float64.
public func floatPower(_ base: some TensorScalar, _ exponent: Tensor) -> Tensor {
    Tensor.full([], base.scalar.asDouble, dtype: .float64, device: exponent.device).pow(exponent.to(.float64))
}
