import CKernels

/// The Euclidean length over dimensions, `sqrt(sum(x^2))`, of floating-point numbers. Its gradient is 0 at 0.
package struct EuclideanNorm: ReductionPrimitive {
    package static let name = "norm"
    package static let kernel = TL_REDUCE_NORM
    package static let hasIdentity = true
    package var algebra: Algebra { .other }
    package var dims: Dims
    package var keepdim: Bool

    package func resultType(of x: TensorSpec) throws(TensorError) -> DType {
        try floatingPointType(of: x, in: Self.name)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let length = context.output().unfolded(dims, keepdim: keepdim, rank: x.rank)
        let g = context.gradient.unfolded(dims, keepdim: keepdim, rank: x.rank)
        let isZero = noGrad { length .== 0 }
        return Few(x * (g / length.maskedFill(isZero, 1)).maskedFill(isZero, 0))
    }
}

extension Tensor {
    /// The p-norm over the dimensions, or of all elements: `sum(|x|^p)^(1/p)`; the largest or smallest `|x|` for an
    /// infinite `p`, the number of elements that are not 0 for `p = 0`. Floating point only.
    ///
    /// - Parameter dtype: converts before anything is added up; a floating-point dtype that holds all numbers of the
    ///   tensor's.
    public func norm(p: Double = 2, dim: [Int] = [], keepdim: Bool = false, dtype: DType?) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            try widened(to: dtype, in: "norm").norm(p: p, dim: dim, keepdim: keepdim)
        }
    }

    /// The tensor in a wider floating-point dtype, in which a norm is to be computed.
    func widened(to wide: DType?, in operation: String) throws(TensorError) -> Tensor {
        guard let wide, !isPlaceholder else { return self }
        guard wide.isFloatingPoint, DType.promote(dtype, wide) == wide else {
            throw TensorError(
                .dtype, in: operation, "the dtype does not hold the numbers of the tensor", got: "dtype \(wide)",
                expected: "\(dtype) or a wider floating-point dtype", fix: "convert the result with .to(.\(wide))",
                operands: [self])
        }
        return to(wide)
    }

    /// The p-norm over the dimensions, or of all elements: `sum(|x|^p)^(1/p)`; the largest or smallest `|x|` for an
    /// infinite `p`, the number of elements that are not 0 for `p = 0`. Floating point only.
    public func norm(p: Double = 2, dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        guard dtype.isFloatingPoint || isPlaceholder else {
            return reduced(dim, "norm") { EuclideanNorm(dims: $0, keepdim: keepdim) }
        }
        switch p {
        case 2: return reduced(dim, "norm") { EuclideanNorm(dims: $0, keepdim: keepdim) }
        case 1: return abs().sum(dim: dim, keepdim: keepdim)
        case 0:
            // A count has the gradient 0 where it has one.
            let isCounted = noGrad { self .!= 0 }
            let counted = requiresGrad ? (self * 0).maskedFill(isCounted, 1) : isCounted.to(dtype)
            return counted.sum(dim: dim, keepdim: keepdim)
        case .infinity: return abs().amax(dim: dim, keepdim: keepdim)
        case -.infinity: return abs().amin(dim: dim, keepdim: keepdim)
        default:
            // Powers below 1 have an infinite slope at 0, which the gradient of |x| there, 0, is meant to stop.
            let isZero = noGrad { self .== 0 }
            let magnitude =
                p < 1 && requiresGrad ? abs().maskedFill(isZero, 1).pow(p).maskedFill(isZero, 0) : abs().pow(p)
            let sum = magnitude.sum(dim: dim, keepdim: keepdim)
            let isNothing = noGrad { sum .== 0 }
            return sum.requiresGrad
                ? sum.maskedFill(isNothing, 1).pow(1 / p).maskedFill(isNothing, 0) : sum.pow(1 / p)
        }
    }

    /// The p-norm over one dimension.
    public func norm(p: Double = 2, dim: Int, keepdim: Bool = false) -> Tensor {
        norm(p: p, dim: [dim], keepdim: keepdim)
    }

    /// The number of elements that are not 0, over the dimensions or of all, as int64.
    public func countNonzero(dim: [Int] = []) -> Tensor { (self .!= 0).sum(dim: dim) }
}
