import CKernels

/// The product over dimensions. Bool and integers give int64.
package struct Prod: ReductionPrimitive {
    package static let name = "prod"
    package static let supportsComplex = true
    package static let kernel = TL_REDUCE_PROD
    package static let hasIdentity = true
    package var algebra: Algebra { .other }
    package var dims: Dims
    package var keepdim: Bool

    package func resultType(of x: TensorSpec) throws(TensorError) -> DType {
        x.dtype.isDifferentiable ? x.dtype : .int64
    }
    package var differentiability: Differentiability { .differentiable }
    package var autocast: AutocastClass { .float32 }
    package func saved(for needs: Needs) -> Saved { .input(0) }

    /// The product of the other elements: of those before an element times that of those after it, without a division, so
    /// that zeros need no special case.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let g = context.gradient.unfolded(dims, keepdim: keepdim, rank: x.rank)
        if x.count == 0 { return Few(g.expand(x.shape)) }
        let fold = Fold(of: Layout(shape: context.shape(0)), dims: dims)
        let lines = x.flattenedFold(fold)
        let last = lines.rank - 1
        let before = apply(CumProd(dim: last), lines).shiftedByOne(last, towardsFront: false, filling: 1)
        let after = apply(CumProd(dim: last, isReversed: true), lines)
            .shiftedByOne(last, towardsFront: true, filling: 1)
        return Few(g * (before * after).conj().unflattenedFold(fold))
    }
}

extension Tensor {
    /// The product over dimensions or, by default, of all elements. bool and integers give int64; 1 for no elements.
    ///
    /// - Parameter dtype: a dtype to which the tensor is converted first.
    public func prod(dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        reduced(dim, "prod", dtype) { Prod(dims: $0, keepdim: keepdim) }
    }

    /// The product over one dimension.
    public func prod(dim: Int, keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        prod(dim: [dim], keepdim: keepdim, dtype: dtype)
    }

    /// The kept dimensions, then the folded ones as one.
    fileprivate func flattenedFold(_ fold: Fold) -> Tensor {
        let kept = (0..<rank).filter { !fold.dims.contains($0) }
        return permute(kept + Array(fold.dims)).reshape(kept.map { layout.shape[$0] } + [fold.length])
    }

    /// The inverse of `flattenedFold`.
    fileprivate func unflattenedFold(_ fold: Fold) -> Tensor {
        let source = fold.source
        let order = (0..<source.rank).filter { !fold.dims.contains($0) } + Array(fold.dims)
        var inverse = order
        for (i, from) in order.enumerated() { inverse[from] = i }
        return reshape(order.map { source.shape[$0] }).permute(inverse)
    }
}
