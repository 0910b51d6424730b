/// A primitive without operands that makes a tensor: the shape, dtype and device of the result are attributes.
package protocol CreationPrimitive: Primitive {
    var shape: Dims { get }
    var dtype: DType { get }
    var device: Device { get set }
}

extension CreationPrimitive {
    package var resultDevice: Device? { device }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> { Few(ResultSpec(shape, dtype)) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { Few() }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }
}
