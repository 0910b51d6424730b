import CKernels

/// The largest or smallest number so far along a dimension, and where it is: `[*] -> [*], int64 [*]`.
///
/// The last of equal elements is used; NaN is larger and smaller than all numbers. The gradient is added at the index.
package struct CumExtreme: Primitive {
    package static let name = "cummax"
    package var isLargest: Bool
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkDimension(dim, of: x, in: publicName)
        return Few(ResultSpec(x.layout.shape, x.dtype), ResultSpec(x.layout.shape, .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        scan(isLargest ? TL_SCAN_MAX : TL_SCAN_MIN, inputs[0], outputs[0], indices: outputs[1], dim)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(1) }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        if g.rank == 0 { return Few(g) }
        return Few(Tensor.zeros(like: g).scatterAdd(dim, context.output(1), g))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

extension Tensor {
    /// The cumulative maximum along a dimension and its indices. Of equal elements the last; NaN is treated as the
    /// maximum.
    public func cummax(dim: Int) -> (values: Tensor, indices: Tensor) { cumExtreme(true, dim, "cummax") }
    /// The cumulative minimum along a dimension and its indices. Of equal elements the last; NaN is treated as the
    /// minimum.
    public func cummin(dim: Int) -> (values: Tensor, indices: Tensor) { cumExtreme(false, dim, "cummin") }

    private func cumExtreme(
        _ isLargest: Bool, _ dim: Int, _ operation: String
    ) -> (values: Tensor, indices: Tensor) {
        do {
            let resolved = try resolve(dim, in: operation)
            let results = applyAll(CumExtreme(isLargest: isLargest, dim: resolved), Few(self), count: 2)
            return (results[0], results[1])
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }
}
