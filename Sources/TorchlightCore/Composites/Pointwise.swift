// Element-wise operations composed of other operations.

extension Tensor {
    /// Returns the tensor itself. An error for bool, as for `neg`.
    public func positive() -> Tensor {
        dtype != .bool
            ? self
            : fail(.dtype("positive", [self], expected: "a number", fix: "convert it with .to(.int64)"), like: self)
    }

    /// Converts degrees to radians: `x π / 180`.
    public func deg2rad() -> Tensor { self * (Double.pi / 180) }
    /// Converts degrees to radians, in place.
    @discardableResult
    public func deg2rad_() -> Tensor {
        applyInPlace(Mul(), on: self, Few(self, .wrap(.double(Double.pi / 180))), name: "deg2rad_")
    }
    /// Converts radians to degrees: `x 180 / π`.
    public func rad2deg() -> Tensor { self * (180 / Double.pi) }
    /// Converts radians to degrees, in place.
    @discardableResult
    public func rad2deg_() -> Tensor {
        applyInPlace(Mul(), on: self, Few(self, .wrap(.double(180 / Double.pi))), name: "rad2deg_")
    }

    /// The logit function `log(x / (1 - x))`. With `eps`, `x` is clamped to `[eps, 1 - eps]` first.
    ///
    /// Without `eps` the result and the gradient are NaN outside of `[0, 1]`, and infinite at 0 and 1.
    public func logit(eps: Double? = nil) -> Tensor {
        guard let eps else { return apply(Logit(), self) }
        // The lower bound is applied first, also if eps > 0.5. Clamped in float32, since 1 - eps may round to 1 in
        // float16 and bfloat16.
        let p = to(dtype.orFloat.computeType)
        return apply(Logit(), Tensor.where(p < eps, eps, p.clamp(max: 1 - eps))).to(dtype.orFloat)
    }

    /// Logit function in place; see `logit(eps:)`.
    @discardableResult
    public func logit_(eps: Double? = nil) -> Tensor { overwrite(by: "logit_") { $0.logit(eps: eps) } }

    /// Replaces NaN by `nan` and infinities by `posinf` and `neginf`. Default: 0, and the largest and smallest finite
    /// number of the dtype.
    public func nanToNum(nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
        if dtype.isComplex {
            return complex(
                real.nanToNum(nan: nan, posinf: posinf, neginf: neginf),
                imag.nanToNum(nan: nan, posinf: posinf, neginf: neginf))
        }
        guard dtype.isFloatingPoint else { return clone() }
        let largest = dtype.greatestFinite
        return maskedFill(isnan(), nan).maskedFill(isposinf(), posinf ?? largest).maskedFill(
            isneginf(), neginf ?? -largest)
    }

    /// Replaces NaN and infinities, in place; see `nanToNum(nan:posinf:neginf:)`.
    @discardableResult
    public func nanToNum_(nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
        overwrite(by: "nanToNum_") { $0.nanToNum(nan: nan, posinf: posinf, neginf: neginf) }
    }

    /// Whether each element is positive infinity, as bool.
    public func isposinf() -> Tensor { isinf().logicalAnd(signbit().logicalNot()) }
    /// Whether each element is negative infinity, as bool.
    public func isneginf() -> Tensor { isinf().logicalAnd(signbit()) }

    /// The Heaviside step function: 0 if `x < 0`, 1 if `x > 0`, the element of `values` if `x` is 0.
    public func heaviside(_ values: Tensor) -> Tensor { Tensor.where(self .== 0, values, (self > 0).to(values.dtype)) }

    /// The Heaviside step function, in place.
    @discardableResult
    public func heaviside_(_ values: Tensor) -> Tensor { overwrite(by: "heaviside_") { $0.heaviside(values) } }

    /// Element-wise power `x^exponent`, computed in float64, or in complex128 if an operand is complex.
    public func floatPower(_ exponent: Tensor) -> Tensor {
        let wide = widest(with: exponent.dtype)
        return to(wide).pow(exponent.to(wide))
    }
    /// Element-wise power with a number as exponent, computed in float64, or in complex128 if an operand is complex.
    public func floatPower(_ exponent: some TensorScalar) -> Tensor {
        if case .complex(let value) = exponent.scalar { return to(.complex128).pow(value) }
        return to(widest(with: dtype)).pow(exponent.scalar.asDouble)
    }
    /// float64, or complex128 where this or another dtype is complex.
    private func widest(with other: DType) -> DType {
        dtype.isComplex || other.isComplex ? .complex128 : .float64
    }
    /// Element-wise power, in place. The tensor must be float64.
    @discardableResult
    public func floatPower_(_ exponent: Tensor) -> Tensor {
        guard dtype == .float64 || isPlaceholder else {
            return fail(
                .dtype("floatPower_", [self], expected: "float64, the dtype of the result", fix: "use floatPower(_:)"),
                like: self)
        }
        return applyInPlace(Pow(), on: self, Few(self, exponent), name: "floatPower_")
    }
    /// Element-wise power with a number as exponent, in place. The tensor must be float64.
    @discardableResult
    public func floatPower_(_ exponent: some TensorScalar) -> Tensor { floatPower_(.wrap(exponent.scalar)) }

    /// The sum over dimensions, or of all elements, with NaN treated as 0.
    public func nansum(dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        maskedFill(isnan(), 0).sum(dim: dim, keepdim: keepdim, dtype: dtype)
    }

    /// The mean over dimensions, or of all elements, ignoring NaN; NaN if all elements are NaN.
    public func nanmean(dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        let numbers = isnan().logicalNot().sum(dim: dim, keepdim: keepdim)
        // The sum can lie outside the range of a dtype that holds the mean.
        let wide: DType? = dtype.isFloatingPoint ? (dtype == .float16 ? .float32 : .float64) : nil
        let mean = nansum(dim: dim, keepdim: keepdim, dtype: wide) / numbers
        return wide == nil ? mean : mean.to(dtype)
    }

    /// The minimum and maximum along a dimension, or of all elements.
    public func aminmax(dim: Int? = nil, keepdim: Bool = false) -> (min: Tensor, max: Tensor) {
        let dims = dim.map { [$0] } ?? []
        return (amin(dim: dims, keepdim: keepdim), amax(dim: dims, keepdim: keepdim))
    }
}

/// The same as ``Tensor/floatPower(_:)-(Tensor)``.
public func floatPower(_ base: Tensor, _ exponent: Tensor) -> Tensor { base.floatPower(exponent) }
/// The same as ``Tensor/floatPower(_:)-(TensorScalar)``.
public func floatPower(_ base: Tensor, _ exponent: some TensorScalar) -> Tensor { base.floatPower(exponent) }

/// Element-wise power of a number with a tensor of exponents, computed in float64.
public func floatPower(_ base: some TensorScalar, _ exponent: Tensor) -> Tensor {
    Tensor.full([], base, dtype: base.scalar.dtype.isComplex ? .complex128 : .float64, device: exponent.device)
        .floatPower(exponent)
}
