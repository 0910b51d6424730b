import CKernels

/// Positions of one dimension in the order of an index: `out[.., i, ..] = x[.., index[i], ..]`.
///
/// Shapes: `x [*, n, *]`, `index [k] -> [*, k, *]`. Dtypes: any `x`, int64 `index` within `0 ..< n`. The gradient adds
/// the gradients of each index, so that an index that occurs twice gets both terms.
package struct IndexSelect: Primitive {
    package static let name = "indexSelect"
    package static let supportsComplex = true
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard inputs[1].rank == 1 else {
            throw TensorError(
                .shape, in: Self.name, "the index has more than one dimension", expected: "an index of shape [k]",
                fix: "use embedding, gather or x[index]", operands: [x, inputs[1]])
        }
        try checkDimension(dim, of: x, in: Self.name, ofScalar: false)
        try checkIndexType(inputs[1], in: Self.name)
        var shape = x.layout.shape
        shape[dim] = inputs[1].count
        return Few(ResultSpec(shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let x = inputs[0]
        try checkIndices(inputs[1], size: x.layout.shape[dim], dim: dim, in: Self.name, of: [x])
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index > 0 || layout.around(dim) != nil }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, index, out) = (inputs[0], inputs[1], outputs[0])
        if out.count == 0 { return }
        selectRows(x, x.layout.around(dim)!, index, index.layout, out, out.layout.around(dim)!)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let zeros = try Tensor.zeroView(context.shape(0), g.dtype, g.device)
        return Few(apply(IndexAdd(dim: dim), zeros, context.input(1), g), nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let x = operands.leading(0)
        if !operands.isMapped(1) { return try operands.call(IndexSelect(dim: dim + 1), Few(x, operands[1])) }
        var shape = x.shape
        shape[dim + 1] = operands.shape(1)[0]
        return Few(apply(Gather(dim: dim + 1), x, operands[1].along(dim + 1, of: shape)))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// Copies the rows `index[i]` of `x [outer, rows, inner]` to `out [outer, i, inner]`.
func selectRows(
    _ x: Tensor, _ rows: Layout, _ index: Tensor, _ positions: Layout, _ out: Tensor, _ results: Layout
) {
    withKernelArguments { tl_index_select($0(x, rows), $0(index, positions), $0(out, results)) }
}

extension Tensor {
    /// Selects indices of a dimension, in the order of the index: `[5, 3].indexSelect(0, [4, 0]) -> [2, 3]`. Returns a
    /// copy.
    ///
    /// Indices must be non-negative and less than the size of the dimension.
    public func indexSelect(_ dim: Int, _ index: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            if rank == 0 { return unsqueeze(0).indexSelect(dim, index).reshape([]) }
            let d = try resolve(dim, in: "indexSelect")
            let index = try indexOperand(index, in: "indexSelect")
            return apply(IndexSelect(dim: d), self, index.rank == 0 ? index.unsqueeze(0) : index)
        }
    }

    /// The elements at row-major indices of the flattened tensor, in the shape of the index; negative indices count
    /// from the end.
    public func take(_ index: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let index = try indexOperand(index, in: "take").wrapped(to: count)
            return reshape([-1]).indexSelect(0, index.reshape([-1])).reshape(index.shape)
        }
    }

    /// Positions with negative ones counted from the end of a dimension.
    func wrapped(to size: Int) -> Tensor { self + (self < 0).to(.int64) * size }
}
