import CKernels

/// `log(sum(e^x))` over dimensions, without overflow. Integers give float32.
package struct LogSumExp: ReductionPrimitive {
    package static let name = "logsumexp"
    package static let kernel = TL_REDUCE_LOGSUMEXP
    package static let hasIdentity = true
    package var algebra: Algebra { .other }
    package var dims: Dims
    package var keepdim: Bool
    package func resultType(of x: TensorSpec) throws(TensorError) -> DType { x.dtype.orFloat }
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let result = context.output().unfolded(dims, keepdim: keepdim, rank: x.rank)
        // Where all elements are negative infinity their difference from the result would be NaN.
        let finite = result.maskedFill(noGrad { result .== -Double.infinity }, 0)
        return Few(context.gradient.unfolded(dims, keepdim: keepdim, rank: x.rank) * (x - finite).exp())
    }
}

extension Tensor {
    /// The logarithm of the sum of exponentials, `log(sum(exp(x)))`, over dimensions or, by default, all elements,
    /// computed without overflow.
    public func logsumexp(dim: [Int] = [], keepdim: Bool = false) -> Tensor {
        if dtype.isComplex { return complexLogSumExp(dim, keepdim: keepdim) }
        return reduced(dim, "logsumexp") { LogSumExp(dims: $0, keepdim: keepdim) }
    }

    /// The logarithm of the sum of exponentials over one dimension.
    public func logsumexp(dim: Int, keepdim: Bool = false) -> Tensor { logsumexp(dim: [dim], keepdim: keepdim) }
}
