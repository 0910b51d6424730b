extension Tensor {
    /// Whether elements are close: `|self - other| <= atol + rtol * |other|`, as bool. Shapes broadcast.
    ///
    /// Equal infinities are close. NaN is close to NaN only if `equalNan` is true. Negative tolerances are an error.
    ///
    /// - Parameters:
    ///   - rtol: the relative tolerance. Default: 1e-5.
    ///   - atol: the absolute tolerance. Default: 1e-8.
    ///   - equalNan: whether NaN is close to NaN. Default: false.
    public func isclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNan: Bool = false) -> Tensor {
        guard rtol >= 0 && atol >= 0 else {
            return fail(
                TensorError(
                    .value, in: "isclose", "a tolerance is negative", got: "rtol \(rtol), atol \(atol)",
                    expected: "tolerances of at least 0", operands: [self, other]), like: self)
        }
        return noGrad {
            var close = self .== other
            // Differences of integers are computed in floating point, which does not overflow.
            let a = dtype.isDifferentiable ? self : to(.float64)
            let b = other.dtype.isDifferentiable ? other : other.to(.float64)
            let distance = (a - b).abs()
            close = close.logicalOr(distance.isfinite().logicalAnd(distance <= b.abs() * rtol + atol))
            return equalNan ? close.logicalOr(a.isnan().logicalAnd(b.isnan())) : close
        }
    }

    /// Whether all elements are close, as defined by `isclose`.
    public func allclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNan: Bool = false) -> Bool {
        isclose(other, rtol: rtol, atol: atol, equalNan: equalNan).all().item() != 0
    }
}
