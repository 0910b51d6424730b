extension Tensor {
    /// The spherical Bessel function of the first kind of order 0: `sin(x) / x`, 1 at 0 and 0 at the infinities.
    ///
    /// Near 0 it is computed from its Taylor series, so that derivatives of any order are accurate there.
    public func sphericalBesselJ0() -> Tensor {
        if isPlaceholder { return self }
        if dtype.isComplex {
            return fail(
                .dtype("sphericalBesselJ0", [self], expected: "real numbers", fix: "use x.sin() / x"), like: self)
        }
        let x = dtype.isFloatingPoint ? self : to(.default)
        let (isNear, isInfinite) = noGrad { (x.abs() < 0.5, x.isinf()) }
        let square = x.maskedFill(isNear.logicalNot(), 0).square()
        // sum over k of (-1)^k x^(2k) / (2k + 1)!, whose next term is below the rounding of float64.
        var series = Tensor.full(like: square, 0)
        for k in (0..<9).reversed() {
            let factorial = (1...(2 * k + 1)).reduce(1.0) { $0 * Double($1) }
            series = series * square + (k % 2 == 0 ? 1 : -1) / factorial
        }
        let far = x.maskedFill(isNear.logicalOr(isInfinite), 1)
        return Tensor.where(isNear, series, far.sin() / far).maskedFill(isInfinite, 0)
    }
}
