/// The gradient of a pooling that is linear: each element gets its share from the windows that contain it. Its own
/// gradient is the pooling itself. One to three spatial dimensions.
///
/// Shapes: that of the pooled result `-> shape`. Dtypes: floating point.
package protocol PoolingGradientPrimitive: Primitive {
    associatedtype Pooling: Primitive
    var pool: Pooling { get }
    /// The shape of the pooled input.
    var shape: Dims { get set }
}

extension PoolingGradientPrimitive {
    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let gradient = inputs[0]
        try checkFloating(gradient, in: Self.name)
        try checkShape(shape, in: Self.name)
        let pooled = try pool.infer(Specs([TensorSpec(Layout(shape: shape), gradient.dtype, device: gradient.device)]))
        try checkOperand(gradient, is: pooled[0].shape, gradient.dtype, in: Self.name)
        return Few(ResultSpec(shape, gradient.dtype))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(pool, context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.shape[0] *= operands.size
        return try operands.runMerged(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}
