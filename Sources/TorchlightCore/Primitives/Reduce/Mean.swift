import CKernels

/// The mean over dimensions, of floating-point numbers; NaN for no elements. Half types accumulate in float32.
package struct Mean: ReductionPrimitive {
    package static let name = "mean"
    package static let supportsComplex = true
    package static let kernel = TL_REDUCE_MEAN
    package static let hasIdentity = true
    package var algebra: Algebra { .linear }
    package var dims: Dims
    package var keepdim: Bool

    package func resultType(of x: TensorSpec) throws(TensorError) -> DType {
        try floatingPointType(of: x, in: Self.name)
    }
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let shape = context.shape(0)
        let length = Fold(of: Layout(shape: shape), dims: dims).length
        let share = context.gradient / Swift.max(length, 1)
        return Few(share.unfolded(dims, keepdim: keepdim, rank: shape.count).expand(Array(shape)))
    }
}

/// The dtype of a reduction that is meant for floating-point numbers only.
package func floatingPointType(of x: some Described, in operation: String) throws(TensorError) -> DType {
    guard x.dtype.isDifferentiable else {
        throw .dtype(
            operation, [x], expected: "a floating-point dtype", fix: "convert it first, as in x.to(.float32)")
    }
    return x.dtype
}

extension Tensor {
    /// The mean over dimensions or, by default, all elements: `[2, 3].mean(dim: [0], keepdim: true) -> [1, 3]`. NaN for
    /// no elements.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: a floating-point dtype to which the tensor is converted first; required for integers.
    public func mean(dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        reduced(dim, "mean", dtype) { Mean(dims: $0, keepdim: keepdim) }
    }

    /// The mean over one dimension.
    public func mean(dim: Int, keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        mean(dim: [dim], keepdim: keepdim, dtype: dtype)
    }
}
