/// Rows of a table: `out[..., :] = weight[indices[...], :]`.
///
/// Shapes: `weight [n, width]`, `indices [*] -> [*, width]`. Dtypes: any `weight`, int64 `indices` within `0 ..< n`.
/// The gradient of a row is the sum over all indices that select it; that of the padding row is 0.
package struct Embedding: Primitive {
    package static let name = "embedding"
    package static let supportsComplex = true
    /// The row that no gradient changes; -1 for none.
    package var paddingIdx = -1
    /// Divides the gradient of a row by how often it is named.
    package var scalesByFrequency = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (weight, indices) = (inputs[0], inputs[1])
        guard weight.rank == 2 else {
            throw TensorError(
                .shape, in: Self.name, "the table is not a matrix", expected: "[rows, width]",
                fix: "the arguments are embedding(indices, weight)", operands: [weight, indices])
        }
        try checkIndexType(indices, in: Self.name)
        var shape = indices.layout.shape
        shape.append(weight.layout.shape[1])
        return Few(ResultSpec(shape, weight.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let weight = inputs[0]
        try checkIndices(inputs[1], size: weight.layout.shape[0], dim: 0, in: Self.name, of: [weight])
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index == 0 || layout.viewed(as: Dims(repeating: layout.count, count: 1)) != nil
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (weight, indices, out) = (inputs[0], inputs[1], outputs[0])
        if out.count == 0 { return }
        let count = indices.count
        let flat = Dims(repeating: count, count: 1)
        selectRows(
            weight, weight.layout.unsqueezed(0), indices, indices.layout.viewed(as: flat)!, out,
            out.layout.viewed(as: Dims(1, count, out.count / count))!)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let indices = context.input(1)
        let flat = indices.reshape([-1])
        var rows = g.reshape([indices.count, context.shape(0)[1]])
        if scalesByFrequency {
            let ones = Tensor.ones([flat.count], dtype: g.dtype, device: g.device)
            let counts = Tensor.zeros([context.shape(0)[0]], dtype: g.dtype, device: g.device).indexAdd(0, flat, ones)
            rows = rows / counts.indexSelect(0, flat).unsqueeze(-1)
        }
        // A table that another layer uses too, such as the output layer of a language model, may have a gradient
        // already.
        if paddingIdx < 0, let sum = context.sum(0) { return Few(sum.indexAdd_(0, flat, rows), nil) }
        let table = try Tensor.zeroView(context.shape(0), g.dtype, g.device)
        let sum = apply(IndexAdd(dim: 0), table, flat, rows)
        guard paddingIdx >= 0 else { return Few(sum, nil) }
        return Few(sum.indexFill(0, Tensor([paddingIdx], device: g.device), 0), nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        if !operands.isMapped(0) { return try operands.call(self, operands.tensors) }
        guard paddingIdx < 0 && !scalesByFrequency else { return nil }
        let (weight, indices) = (operands[0], operands.leading(1))
        let width = weight.layout.shape[2]
        let rows = indices.reshape([operands.size, operands.shape(1).product, 1]).expand([-1, -1, width])
        return Few(apply(Gather(dim: 1), weight, rows).reshape(indices.shape + [width]))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// Looks up embeddings: the rows of `weight` at the indices. Shapes: `indices [*]`, `weight [num, dim] -> [*, dim]`. An
/// index out of range is an error.
///
/// - Parameters:
///   - paddingIdx: an index whose row gets no gradient; a negative one counts from the end.
///   - maxNorm: rows at the indices whose `normType`-norm is larger are scaled down to this norm, in place in `weight`.
///   - normType: the order of the norm for `maxNorm`. Default: 2.
///   - scaleGradByFreq: whether to divide the gradient of a row by the number of its occurrences in the indices.
///     Default: false.
public func embedding(
    _ indices: Tensor, _ weight: Tensor, paddingIdx: Int? = nil, maxNorm: Double? = nil, normType: Double = 2,
    scaleGradByFreq: Bool = false
) -> Tensor {
    orFail(like: indices) { () throws(TensorError) in
        if indices.isPlaceholder || weight.isPlaceholder { return indices.isPlaceholder ? indices : weight }
        let index = try indexOperand(indices, in: Embedding.name)
        let rows = weight.rank > 0 ? weight.layout.shape[0] : 0
        var row = -1
        if let padding = paddingIdx {
            row = padding < 0 ? padding + rows : padding
            guard row >= 0 && row < rows else {
                throw TensorError(
                    .index, in: Embedding.name, "the padding index is outside the table", got: "paddingIdx \(padding)",
                    expected: "\(-rows) ... \(rows - 1)", operands: [weight])
            }
        }
        if let maxNorm { try renormalize(weight, index, maxNorm, normType) }
        return apply(Embedding(paddingIdx: row, scalesByFrequency: scaleGradByFreq), weight, index)
    }
}

/// Scales the named rows of a table down to a norm, in place.
private func renormalize(
    _ weight: Tensor, _ index: Tensor, _ maxNorm: Double, _ normType: Double
) throws(TensorError) {
    guard weight.rank == 2 else { return }
    try checkIndices(index, size: weight.layout.shape[0], dim: 0, in: Embedding.name, of: [weight])
    noGrad {
        let named = index.reshape([-1]).unique().values
        let rows = weight.detach().indexSelect(0, named)
        let wide = rows.to(rows.dtype.computeType)
        let norms = wide.norm(p: normType, dim: 1, keepdim: true)
        let scale = Tensor.where(norms > maxNorm, maxNorm / (norms + 1e-7), 1.0)
        weight.detach().indexCopy_(0, named, (wide * scale).to(rows.dtype))
    }
}
