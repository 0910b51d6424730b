import CKernels

/// The running sum along a dimension, from the front or from the back. Bool and integers give int64.
package struct CumSum: Primitive {
    package static let name = "cumsum"
    package static let supportsComplex = true
    package var dim: Int
    /// From the back: the gradient of the sum from the front.
    package var isReversed = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkDimension(dim, of: x, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype.isDifferentiable ? x.dtype : .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        scan(TL_SCAN_SUM, inputs[0], outputs[0], indices: nil, dim, isReversed: isReversed)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(CumSum(dim: dim, isReversed: !isReversed), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

extension Tensor {
    /// The cumulative sum along a dimension: `[1, 2, 3].cumsum(dim: 0) -> [1, 3, 6]`. bool and integers give int64.
    ///
    /// - Parameter dtype: a dtype to which the tensor is converted first.
    public func cumsum(dim: Int, dtype: DType? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let result = apply(CumSum(dim: try resolve(dim, in: "cumsum")), dtype.map { to($0) } ?? self)
            return dtype.map { result.to($0) } ?? result
        }
    }

    /// The cumulative sum along a dimension, in place.
    @discardableResult
    public func cumsum_(dim: Int, dtype: DType? = nil) -> Tensor {
        overwrite(by: "cumsum_") { $0.cumsum(dim: dim, dtype: dtype) }
    }
}
