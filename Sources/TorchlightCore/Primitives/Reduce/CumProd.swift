import CKernels

/// The running product along a dimension, from the front or from the back. Bool and integers give int64.
package struct CumProd: Primitive {
    package static let name = "cumprod"
    package static let supportsComplex = true
    package var dim: Int
    package var isReversed = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkDimension(dim, of: x, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype.isDifferentiable ? x.dtype : .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        scan(TL_SCAN_PROD, inputs[0], outputs[0], indices: nil, dim, isReversed: isReversed)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    /// Element `i` is a factor of all `y_k`, `k >= i`: its gradient is the product of the elements before it times
    /// `sum over k >= i of g_k x_(i+1) ... x_k`, which is a linear recurrence from the other end. No division, so that
    /// zeros need no special case.
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let x = context.input(0)
        let g = context.gradient
        if x.rank == 0 || x.count == 0 { return Few(g) }
        let later = apply(
            LinearScan(dim: dim, isReversed: !isReversed), g, x.conj().shiftedByOne(dim, towardsFront: !isReversed))
        return Few(later * context.output().conj().shiftedByOne(dim, towardsFront: isReversed, filling: 1))
    }
}

extension Tensor {
    /// The cumulative product along a dimension: `out[i] = x[0] * ... * x[i]`. bool and integers give int64.
    ///
    /// - Parameter dtype: a dtype to which the tensor is converted first.
    public func cumprod(dim: Int, dtype: DType? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let result = apply(CumProd(dim: try resolve(dim, in: "cumprod")), dtype.map { to($0) } ?? self)
            return dtype.map { result.to($0) } ?? result
        }
    }

    /// The cumulative product along a dimension, in place.
    @discardableResult
    public func cumprod_(dim: Int, dtype: DType? = nil) -> Tensor {
        overwrite(by: "cumprod_") { $0.cumprod(dim: dim, dtype: dtype) }
    }
}
