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
    /// Radians as degrees.
    public func rad2deg() -> Tensor { self * (180 / Double.pi) }

    /// `log(x / (1 - x))`, with `x` first held to `[eps, 1 - eps]` where that is given.
    ///
    /// Without `eps` the value and the gradient are NaN outside `[0, 1]`, and infinite at the ends.
    public func logit(eps: Double? = nil) -> Tensor {
        // Half types lose near 1/2 what the two logarithms have in common.
        let p = to(dtype.orFloat.computeType)
        var x = p
        if let eps {
            // From below first, also where the ends cross.
            x = Tensor.where(p < eps, eps, p.clamp(max: 1 - eps))
        } else if requiresGrad {
            // The derivative 1 / x + 1 / (1 - x) is a number outside too; adding NaN takes it away there.
            x = p + noGrad { Tensor.zeros(like: p).maskedFill((p < 0).logicalOr(p > 1), Double.nan) }
        }
        return (x.log() - (-x).log1p()).to(dtype.orFloat)
    }

    /// `sin(pi x) / (pi x)`, and 1 at 0.
    public func sinc() -> Tensor {
        let isZero = noGrad { self .== 0 }
        let angle = (dtype.isFloatingPoint ? self : to(.default)).maskedFill(isZero, 1) * Double.pi
        return (angle.sin() / angle).maskedFill(isZero, 1)
    }

    /// NaN replaced by a number, the infinities by the largest and smallest of the dtype or by what is given.
    public func nanToNum(nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
        guard dtype.isFloatingPoint else { return self }
        let largest: Double =
            switch dtype {
            case .float64: Double.greatestFiniteMagnitude
            case .float16: 65504
            case .bfloat16: 0x1.FEp127
            default: Double(Float.greatestFiniteMagnitude)
            }
        return maskedFill(isnan(), nan).maskedFill(isposinf(), posinf ?? largest).maskedFill(
            isneginf(), neginf ?? -largest)
    }

    /// Where elements are positive infinity, as bool.
    public func isposinf() -> Tensor { isinf().logicalAnd(signbit().logicalNot()) }
    /// Where elements are negative infinity, as bool.
    public func isneginf() -> Tensor { isinf().logicalAnd(signbit()) }

    /// 0 for negative elements, 1 for positive ones, `values` for 0.
    public func heaviside(_ values: Tensor) -> Tensor { Tensor.where(self .== 0, values, (self > 0).to(values.dtype)) }

    /// The power in float64.
    public func floatPower(_ exponent: Tensor) -> Tensor { to(.float64).pow(exponent.to(.float64)) }

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
