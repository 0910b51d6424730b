// Reductions of complex numbers that are composed of others. Exponentials are taken relative to the largest real part, so that
// none overflows; where that is infinite, relative to 0.

extension Tensor {
    /// The largest real part along dimensions, which are kept, without a history; 0 where it is infinite or there is none.
    private func exponentOrigin(_ dims: [Int]) -> Tensor {
        noGrad {
            let parts = real.detach()
            if parts.count == 0 { return parts.sum(dim: dims, keepdim: true) }
            let largest = parts.amax(dim: dims, keepdim: true)
            return largest.maskedFill(largest.isfinite().logicalNot(), 0)
        }
    }

    /// `log(sum(exp(x)))` of complex numbers.
    func complexLogSumExp(_ dim: [Int], keepdim: Bool) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let dims = rank == 0 ? [] : try resolve(dim, in: LogSumExp.name)
            let origin = exponentOrigin(dims)
            let sum = (self - origin).exp().sum(dim: dims, keepdim: true).log() + origin
            if keepdim { return sum }
            return dims.isEmpty ? sum.reshape([]) : sum.squeeze(dims)
        }
    }

    /// The running `log(sum(exp(x)))` of complex numbers, which is `x[i]` combined with the result before by
    /// `complexLogAddExp`: the imaginary part follows that of the number with the larger real part, beyond pi.
    func complexLogCumSumExp(_ dim: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let d = try resolve(dim, in: LogCumSumExp.name)
            if rank == 0 || count == 0 { return clone() }
            let origin = exponentOrigin([d])
            let principal = (self - origin).exp().cumsum(dim: d).log() + origin
            let turns = noGrad { () -> Tensor in
                let (y, x, size) = (principal.detach(), detach(), layout.shape[d])
                let before = y.narrow(d, start: 0, length: size - 1)
                let first = Tensor.zeros(like: x.real.narrow(d, start: 0, length: 1))
                let follows = cat(
                    [first, (before.real > x.real.narrow(d, start: 1, length: size - 1)).to(first.dtype)], dim: d)
                // Where the result before is the larger one the angle adds to its own, else to that of the element.
                let start = Tensor.where(follows .== 1, cat([first, before.imag], dim: d), x.imag)
                let turn = 2 * Double.pi
                let change = y.imag - start
                let step = change - (change / turn).round() * turn
                let angle = apply(
                    LinearScan(dim: d, isReversed: false), step + Tensor.where(follows .== 1, first, x.imag), follows)
                let turns = ((angle - y.imag) / turn).round() * turn
                return turns.maskedFill(turns.isfinite().logicalNot(), 0)
            }
            return principal + complex(Tensor.zeros(like: turns), turns)
        }
    }

    /// `exp(x) / sum(exp(x))` of complex numbers.
    func complexSoftmax(_ dim: Int, logarithm: Bool) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let dims = rank == 0 ? [] : [try resolve(dim, in: Softmax.name)]
            if logarithm { return self - complexLogSumExp(dims, keepdim: true) }
            let powers = (self - exponentOrigin(dims)).exp()
            return powers / powers.sum(dim: dims, keepdim: true)
        }
    }

    /// The variance of complex numbers, the sum of those of their parts, and their mean.
    func complexVariance(
        _ dim: [Int], _ correction: Double, _ keepdim: Bool, isRoot: Bool
    ) -> (variance: Tensor, mean: Tensor) {
        let (real, mean) = self.real.varMean(dim: dim, correction: correction, keepdim: keepdim)
        let (imag, side) = self.imag.varMean(dim: dim, correction: correction, keepdim: keepdim)
        let sum = real + imag
        return (isRoot ? sum.sqrt() : sum, complex(mean, side))
    }

    /// `log(e^self + e^other)` of complex numbers: `m + log(1 + e^(n - m))`, where m has the larger real part. The imaginary
    /// part follows that of m, beyond pi.
    func complexLogAddExp(_ other: Tensor) -> Tensor {
        let isLarger = noGrad { real >= other.real }
        let (m, n) = (Tensor.where(isLarger, self, other), Tensor.where(isLarger, other, self))
        // The difference of equal infinities is NaN: the other one counts for nothing.
        let areInfinite = noGrad { m.real.isinf() * (m.real .== n.real) }
        return m + (n - m).maskedFill(areInfinite, -Double.infinity).exp().log1p()
    }
}
