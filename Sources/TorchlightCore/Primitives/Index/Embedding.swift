import CKernels

/// Rows of a table: `out[..., :] = weight[indices[...], :]`.
///
/// Shapes: `weight [n, width]`, `indices [*] -> [*, width]`. Dtypes: any `weight`, int64 `indices` within `0 ..< n`. The
/// gradient adds up in each row what arrives at the places that named it; the padding row gets none.
package struct Embedding: Primitive {
    package static let name = "embedding"
    /// The row that no gradient changes; -1 for none.
    package var paddingIdx = -1

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        let (weight, indices) = (inputs[0], inputs[1])
        guard weight.rank == 2 else {
            throw TensorError(
                .shape, in: Self.name, "the table is not a matrix", expected: "[rows, width]",
                fix: "the arguments are embedding(indices, weight)", operands: [weight, indices])
        }
        var shape = indices.layout.shape
        shape.append(weight.layout.shape[1])
        return Few(TensorSpec(shape, weight.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (weight, out) = (inputs[0], outputs[0])
        var indices = inputs[1]
        try checkIndices(indices, size: weight.layout.shape[0], dim: 0, in: Self.name, of: [weight])
        if out.count == 0 { return }
        let flat = Dims(repeating: indices.count, count: 1)
        if indices.layout.viewed(as: flat) == nil { indices = try indices.copied() }
        let count = indices.count
        withKernel(weight, weight.layout.unsqueezed(0)) { weight in
            withKernel(indices, indices.layout.viewed(as: flat)!) { indices in
                withKernel(out, Layout(shape: Dims(1, count, out.count / count), offset: out.layout.offset)) { out in
                    tl_index_select(weight, indices, out)
                }
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let indices = context.input(1)
        let table = try Tensor.zeroView(context.shape(0), g.dtype, g.device)
        let sum = apply(
            IndexAdd(dim: 0), table, indices.reshape([-1]), g.reshape([indices.count, context.shape(0)[1]]))
        guard paddingIdx >= 0 else { return Few(sum, nil) }
        return Few(sum.indexFill(0, Tensor([paddingIdx]), 0), nil)
    }

    package var traits: Traits { [] }
}

/// Rows of a table by number: `indices [*]`, `weight [rows, width] -> [*, width]`.
///
/// - Parameter paddingIdx: the row that stands for "nothing" and gets no gradient; negative ones count from the end.
public func embedding(_ indices: Tensor, _ weight: Tensor, paddingIdx: Int? = nil) -> Tensor {
    orFail(like: indices) { () throws(TensorError) in
        if indices.isPlaceholder || weight.isPlaceholder { return indices.isPlaceholder ? indices : weight }
        let index = try indexOperand(indices, in: Embedding.name)
        guard let padding = paddingIdx else { return apply(Embedding(), weight, index) }
        let rows = weight.rank > 0 ? weight.layout.shape[0] : 0
        let row = padding < 0 ? padding + rows : padding
        guard row >= 0 && row < rows else {
            throw TensorError(
                .index, in: Embedding.name, "the padding row lies outside the table", got: "paddingIdx \(padding)",
                expected: "\(-rows) ... \(rows - 1)", operands: [weight])
        }
        return apply(Embedding(paddingIdx: row), weight, index)
    }
}
