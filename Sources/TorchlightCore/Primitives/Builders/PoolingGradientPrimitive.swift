/// The gradient of a pooling that is linear: each element gets its share from the windows that it lies in. Its own gradient is
/// the pooling itself. One to three spatial dimensions.
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
        try checkFloating(inputs[0], in: Self.name)
        return Few(ResultSpec(shape, inputs[0].dtype))
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
