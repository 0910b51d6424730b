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

    /// The running `log(sum(exp(x)))` of complex numbers.
    func complexLogCumSumExp(_ dim: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let d = try resolve(dim, in: LogCumSumExp.name)
            let origin = exponentOrigin(rank == 0 ? [] : [d])
            return (self - origin).exp().cumsum(dim: d).log() + origin
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

    /// `log(e^self + e^other)` of complex numbers.
    func complexLogAddExp(_ other: Tensor) -> Tensor {
        let origin = noGrad {
            let largest = real.detach().maximum(other.real.detach())
            return largest.maskedFill(largest.isfinite().logicalNot(), 0)
        }
        return ((self - origin).exp() + (other - origin).exp()).log() + origin
    }
}
