import CKernels

/// The sum over dimensions. Bool and integers give int64; half types accumulate in float32.
package struct Sum: ReductionPrimitive {
    package static let name = "sum"
    package static let supportsComplex = true
    package static let kernel = TL_REDUCE_SUM
    package static let hasIdentity = true
    package var algebra: Algebra { .linear }
    package var dims: Dims
    package var keepdim: Bool

    package func resultType(of x: TensorSpec) throws(TensorError) -> DType {
        x.dtype.isDifferentiable ? x.dtype : .int64
    }
    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let shape = context.shape(0)
        return Few(
            context.gradient.unfolded(dims, keepdim: keepdim, rank: shape.count).expand(Array(shape)))
    }
}

extension Tensor {
    /// The sum over dimensions or, by default, of all elements: `[2, 3].sum(dim: 1) -> [2]`. bool and integers give
    /// int64; 0 for no elements.
    ///
    /// - Parameters:
    ///   - dim: the dimensions. Default: all.
    ///   - keepdim: whether to keep the dimensions with size 1. Default: false.
    ///   - dtype: a dtype to which the tensor is converted first.
    public func sum(dim: [Int] = [], keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        reduced(dim, "sum", dtype) { Sum(dims: $0, keepdim: keepdim) }
    }

    /// The sum over one dimension.
    public func sum(dim: Int, keepdim: Bool = false, dtype: DType? = nil) -> Tensor {
        sum(dim: [dim], keepdim: keepdim, dtype: dtype)
    }

    /// Resolves the dimensions of a reduction and applies it.
    package func reduced<P: Primitive>(
        _ dim: [Int], _ operation: String, _ dtype: DType? = nil, _ make: (Dims) -> P
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            var dims = Dims(try resolve(dim, in: operation).sorted())
            // A single number has no dimension to name; folding it is folding all of it.
            if rank == 0 { dims = Dims() }
            let result = apply(make(dims), dtype.map { to($0) } ?? self)
            return dtype.map { result.to($0) } ?? result
        }
    }
}
