/// The elements in reverse order along dimensions. Shapes: `[*] -> [*]`. Dtypes: any. Its gradient is itself.
package struct Flip: Primitive {
    package static let name = "flip"
    package static let supportsComplex = true
    package var dims: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        for dim in dims { try checkDimension(dim, of: inputs[0], in: Self.name, ofScalar: false) }
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let x = inputs[0]
        var layout = x.layout
        for d in dims where layout.shape[d] > 0 {
            layout = layout.sliced(d, start: layout.shape[d] - 1, count: layout.shape[d], step: -1)
        }
        copyElements(from: x, layout: layout, to: outputs[0])
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(self, context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.run(Flip(dims: dims.shifted))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

extension Tensor {
    /// Reverses the order of the elements along dimensions. Returns a copy.
    public func flip(_ dims: [Int]) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let resolved = try resolve(dims, in: Flip.name)
            return apply(Flip(dims: rank == 0 ? Dims() : Dims(resolved)), self)
        }
    }

    /// Reverses the order of the elements along dimensions. Returns a copy.
    public func flip(_ dims: Int...) -> Tensor { flip(dims) }
}
