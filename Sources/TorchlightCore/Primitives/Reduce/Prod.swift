import CKernels

/// The product over dimensions. Bool and integers give int64.
package struct Prod: ReductionPrimitive {
    package static let name = "prod"
    package static let kernel = TL_REDUCE_PROD
    package static let hasIdentity = true
    package var dims: Dims
    package var keepdim: Bool

    package func resultType(of x: Tensor) throws(TensorError) -> DType { x.dtype.isFloatingPoint ? x.dtype : .int64 }
    package var differentiability: Differentiability { .differentiable }
    package var traits: Traits { [.float32Precision] }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    /// The product of the other elements: the result divided by the element, where no element is 0.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let g = context.gradient.unfolded(dims, keepdim: keepdim, rank: x.rank)
        let isZero = noGrad { x .== 0 }
        if noGrad({ isZero.any().item() }) == 0 {
            return Few(g * (context.output().unfolded(dims, keepdim: keepdim, rank: x.rank) / x))
        }
        if !isGradEnabled {
            // One zero in a fold gets the product of the rest; with two or more all gradients are 0.
            let zeros = isZero.sum(dim: Array(dims), keepdim: true)
            let filled = x.maskedFill(isZero, 1)
            let rest = apply(Prod(dims: dims, keepdim: true), filled)
            let ofZero = Tensor.where((zeros .== 1).logicalAnd(isZero), rest, 0.0)
            return Few(g * Tensor.where(zeros .== 0, rest / filled, ofZero))
        }
        // To be differentiated again: row i of a square matrix has 1 in place of element i, and is multiplied out.
        let fold = Fold(of: Layout(shape: context.shape(0)), dims: dims)
        let lines = x.flattenedFold(fold)
        let others = Tensor.where(Tensor.eye(fold.length, dtype: .bool), 1.0, lines.unsqueeze(-2)).prod(dim: -1)
        return Few(g * others.unflattenedFold(fold))
    }
}

extension Tensor {
    /// The product of all elements, or over the dimensions.
    ///
    /// - Parameter dtype: converts before multiplying.
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
