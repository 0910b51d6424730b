extension Tensor {
    /// Where `|self - other| <= atol + rtol * |other|`, as bool; equal infinities are close, NaN is only where
    /// `equalNan` says so.
    public func isclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNan: Bool = false) -> Tensor {
        guard rtol >= 0 && atol >= 0 else {
            return fail(
                TensorError(
                    .value, in: "isclose", "a tolerance is negative", got: "rtol \(rtol), atol \(atol)",
                    expected: "tolerances of at least 0", operands: [self, other]), like: self)
        }
        return noGrad {
            var close = self .== other
            // Distances of integers are taken in floating point, where they cannot overflow.
            let a = dtype.isFloatingPoint ? self : to(.float64)
            let b = other.dtype.isFloatingPoint ? other : other.to(.float64)
            let distance = (a - b).abs()
            close = close.logicalOr(distance.isfinite().logicalAnd(distance <= b.abs() * rtol + atol))
            return equalNan ? close.logicalOr(a.isnan().logicalAnd(b.isnan())) : close
        }
    }

    /// Whether all elements are close, as `isclose` says.
    public func allclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNan: Bool = false) -> Bool {
        isclose(other, rtol: rtol, atol: atol, equalNan: equalNan).all().item() != 0
    }
}
