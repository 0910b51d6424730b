import CKernels

/// The Euclidean length over dimensions, `sqrt(sum(x^2))`, of floating-point numbers. Its gradient is 0 at 0. Squares
/// neither overflow nor underflow: those of float32 are formed in float64, those of float64 scaled where it is
/// necessary.
package struct EuclideanNorm: ReductionPrimitive {
    package static let name = "norm"
    package static let supportsComplex = true
    package static let kernel = TL_REDUCE_NORM
    package static let hasIdentity = true
    package var algebra: Algebra { .other }
    package var dims: Dims
    package var keepdim: Bool

    package func resultType(of x: TensorSpec) throws(TensorError) -> DType {
        try floatingPointType(of: x, in: Self.name).toReal
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let length = context.output().unfolded(dims, keepdim: keepdim, rank: x.rank)
        let g = context.gradient.unfolded(dims, keepdim: keepdim, rank: x.rank)
        let isZero = noGrad { length .== 0 }
        // The quotient is at most 1 at any scale.
        return Few((x / length.maskedFill(isZero, 1)) * g.maskedFill(isZero, 0))
    }
}

extension Tensor {
    /// The p-norm `sum(|x|^p)^(1/p)` over dimensions or, by default, all elements: the largest (smallest) magnitude for
    /// `p` infinity (-infinity), and the number of elements other than 0 for `p` 0. Floating-point dtypes.
    ///
    /// - Parameter dtype: a floating-point dtype to which the tensor is converted first; its range must include that of
    ///   the dtype of the tensor.
    public func norm(p: Double = 2, dim: [Int] = [], keepdim: Bool = false, dtype: DType?) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            try widened(to: dtype, in: "norm").norm(p: p, dim: dim, keepdim: keepdim)
        }
    }

    /// The tensor in a wider floating-point dtype, in which a norm is to be computed.
    func widened(to wide: DType?, in operation: String) throws(TensorError) -> Tensor {
        guard let wide, !isPlaceholder else { return self }
        guard wide.isDifferentiable, DType.promote(dtype, wide) == wide else {
            throw TensorError(
                .dtype, in: operation, "the dtype cannot represent the numbers of the tensor", got: "dtype \(wide)",
                expected: "\(dtype) or a wider floating-point dtype", fix: "convert the result with .to(.\(wide))",
                operands: [self])
        }
        return to(wide)
    }

    /// The p-norm `sum(|x|^p)^(1/p)` over dimensions or, by default, all elements: the largest (smallest) magnitude for
    /// `p` infinity (-infinity), and the number of elements other than 0 for `p` 0. Floating-point dtypes. Default: `p`
    /// 2.
    public func norm(p: Double = 2, dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        guard dtype.isDifferentiable || isPlaceholder else {
            return reduced(dim, "norm") { EuclideanNorm(dims: $0, keepdim: keepdim) }
        }
        switch p {
        case 2: return reduced(dim, "norm") { EuclideanNorm(dims: $0, keepdim: keepdim) }
        case 1: return abs().sum(dim: dim, keepdim: keepdim)
        case 0:
            // A count has the gradient 0 where it has one.
            let isCounted = noGrad { self .!= 0 }
            let counted = requiresGrad ? (self * 0).abs().maskedFill(isCounted, 1) : isCounted.to(dtype.toReal)
            return counted.sum(dim: dim, keepdim: keepdim)
        case .infinity: return abs().amax(dim: dim, keepdim: keepdim)
        case -.infinity: return abs().amin(dim: dim, keepdim: keepdim)
        default: return powerNorm(p, dim, keepdim)
        }
    }

    /// `sum(|x|^p)^(1/p)` for any other p. The magnitudes are scaled by the power of two next to the one that counts
    /// most, so that the powers neither overflow nor underflow. For a negative p the norm is 0 where an element is 0.
    /// The gradient is 0 at elements that are 0.
    private func powerNorm(_ p: Double, _ dim: [Int], _ keepdim: Bool) -> Tensor {
        if isPlaceholder { return self }
        let isZero = noGrad { self .== 0 }
        let scale = noGrad {
            let size = abs()
            if size.count == 0 { return size.sum(dim: dim, keepdim: true) + 1 }
            let most =
                p > 0
                ? size.amax(dim: dim, keepdim: true)
                : size.maskedFill(isZero, Double.infinity).amin(dim: dim, keepdim: true)
            return most.powerOfTwo()
        }
        // Zeros add 0. The derivative of their power may be infinite, and must not be multiplied by the derivative 0 of
        // |x|.
        let neutral = p > 0 ? 1 : Double.infinity
        var powers = (abs().maskedFill(isZero, neutral) / scale).pow(p)
        if p > 0 { powers = powers.maskedFill(isZero, 0) }
        let sum = powers.sum(dim: dim, keepdim: true)
        let hasZero = noGrad { isZero.any(dim: dim, keepdim: true) }
        let isZeroNorm = noGrad { p > 0 ? sum .== 0 : (sum .== 0).logicalOr(hasZero) }
        var norm = (sum.maskedFill(isZeroNorm, 1).pow(1 / p) * scale).maskedFill(
            isZeroNorm, p > 0 ? 0 : Double.infinity)
        if p < 0 { norm = norm.maskedFill(hasZero, 0) }
        return keepdim ? norm : norm.withoutFolded(dim)
    }

    /// A result of a reduction without the dimensions of size 1 that it kept; all where none is named.
    private func withoutFolded(_ dim: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            dim.isEmpty ? reshape([]) : squeeze(try resolve(dim, in: "norm"))
        }
    }

    /// The power of two next above each magnitude, as far as the dtype has one; 1 for 0, the infinities and NaN.
    private func powerOfTwo() -> Tensor {
        let (low, high): (Int, Int) =
            switch dtype {
            case .float64: (-1022, 1023)
            case .float16: (-14, 15)
            default: (-126, 127)
            }
        return apply(FrexpExponent(), self).clamp(min: low, max: high).to(dtype).exp2()
    }

    /// The p-norm over one dimension.
    public func norm(p: Double = 2, dim: Int, keepdim: Bool = false) -> Tensor {
        norm(p: p, dim: [dim], keepdim: keepdim)
    }

    /// The number of elements other than 0 over dimensions or, by default, of all elements, as int64.
    public func countNonzero(dim: [Int] = []) -> Tensor { (self .!= 0).sum(dim: dim) }
}
