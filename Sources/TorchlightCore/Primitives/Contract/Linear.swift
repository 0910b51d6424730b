import CKernels

/// `y = x W^T + b`: the layer of every perceptron, in one pass over the result.
///
/// Shapes: `x [*, in]`, `weight [out, in]`, `bias [out]` or none `-> [*, out]`. Dtypes: numbers, all the same.
/// Gradients: `dx = dy W`, `dW = dy^T x` as one product over all rows, `db` the sum of `dy` over all rows.
package struct Linear: Primitive {
    package static let name = "linear"
    package static let supportsComplex = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        let weight = inputs[1]
        try MatrixProduct.checkDTypes(x, weight, in: Self.name)
        guard weight.rank == 2 else {
            throw TensorError(
                .shape, in: Self.name, "the weight is not a matrix", expected: "[out, in]", operands: [x, weight])
        }
        let width = weight.layout.shape[1]
        guard x.rank > 0, x.layout.shape[x.rank - 1] == width else { throw widthError(x, weight) }
        if inputs.count > 2 {
            let bias = inputs[2]
            guard bias.rank == 1, bias.layout.shape[0] == weight.layout.shape[0] else {
                throw TensorError(
                    .shape, in: Self.name, "the bias does not fit the weight",
                    expected: "a bias of shape [\(weight.layout.shape[0])]", operands: [weight, bias])
            }
            try MatrixProduct.checkDTypes(x, bias, in: Self.name)
        }
        var shape = x.layout.shape
        shape[shape.count - 1] = weight.layout.shape[0]
        return Few(ResultSpec(shape, x.dtype))
    }

    private func widthError(_ x: TensorSpec, _ weight: TensorSpec) -> TensorError {
        let width = weight.layout.shape[1]
        var fix: String?
        if x.rank > 2, x.count == x.layout.shape[0] *| width {
            fix = "flatten each sample, as in x.flatten(from: 1)"
        } else if x.rank == 2, x.layout.shape[0] == width {
            fix = "transpose the input, as in x.mT"
        } else if x.rank > 0, x.layout.shape[x.rank - 1] == weight.layout.shape[0] {
            fix = "transpose the weight, as in weight.mT: it is stored as [out, in]"
        }
        return TensorError(
            .shape, in: Self.name, "the last size of the input is not the number of features that the weight takes",
            expected: "an input of shape [*, \(width)]", fix: fix, operands: [x, weight])
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        if index > 0 || layout.rank == 2 { return true }
        let width = layout.shape[layout.rank - 1]
        return layout.viewed(as: Dims(layout.count / Swift.max(width, 1), width)) != nil
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let weight = inputs[1]
        let out = outputs[0]
        if out.count == 0 { return }
        let (width, columns) = (weight.layout.shape[1], weight.layout.shape[0])
        let rows = out.count / columns
        let x = inputs[0]
        let layout = x.rank == 2 ? x.layout : x.layout.viewed(as: Dims(rows, width))!
        var result = out.layout
        if result.rank != 2 { result = Layout(shape: Dims(rows, columns), offset: result.offset) }
        let bias = inputs.count > 2 ? inputs[2] : nil
        if x.dtype.computeType == .float32 && width > 0 && hasDenseRows(layout) && hasDenseRows(weight.layout)
            && bias?.layout.isContiguous ?? true
        {
            let status = withKernelArguments { tl_linear($0(x, layout), $0(weight), $0(bias), $0(out, result)) }
            try checkStatus(status, in: Self.name, [x, weight])
            return
        }
        if let bias { copyElements(from: bias, layout: bias.layout, to: out) }
        try MatrixProduct.multiply(
            x, layout, weight, weight.layout.transposed(0, 1), out, result, beta: bias == nil ? 0 : 1, in: Self.name)
    }

    /// Whether each row of a matrix is contiguous and no two rows overlap.
    private func hasDenseRows(_ layout: Layout) -> Bool {
        layout.isContiguous
            || (layout.shape[1] == 1 || layout.strides[1] == 1) && layout.strides[0] >= Swift.max(layout.shape[1], 1)
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let left = context.needs[0] ? apply(MatMul(), g, context.input(1).conj()) : nil
        var right: Tensor?
        if context.needs[1] {
            var (rows, x) = (g, context.input(0).conj())
            if g.rank != 2 {
                let (columns, width) = (context.shape(1)[0], context.shape(1)[1])
                let count = g.rank == 1 ? 1 : g.count / Swift.max(columns, 1)
                rows = g.reshape([count, columns])
                x = x.reshape([count, width])
            }
            right = context.sum(1)?.addmm_(rows.t(), x) ?? apply(MatMul(transposeA: true), rows, x)
        }
        guard context.inputCount > 2 else { return Few(left, right) }
        var bias: Tensor?
        if context.needs[2] {
            var dims = Dims()
            for i in 0..<(g.rank - 1) { dims.append(i) }
            bias = dims.isEmpty ? g : apply(Sum(dims: dims, keepdim: false), g)
        }
        return Few(left, right, bias)
    }

    package func multiplyAdds(_ inputs: Specs) -> Int { inputs[0].count *| inputs[1].layout.shape[0] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        if !operands.isMapped(1) {
            let mapsBias = operands.count > 2 && operands.isMapped(2)
            if !mapsBias { return try operands.call(self, operands.tensors) }
            let product = apply(self, operands[0], operands[1])
            return Few(product + operands.aligned(2, rank: operands.rank(0)))
        }
        // A weight for each example: rows of inputs by matrices.
        let isVector = operands.rank(0) == 1
        let rank = Swift.max(operands.rank(0), 2)
        let rows = isVector ? operands[0].unsqueeze(-2) : operands.aligned(0, rank: rank)
        var result = apply(MatMul(transposeB: true), rows, operands.aligned(1, rank: rank))
        if operands.count > 2 { result = result + operands.aligned(2, rank: rank) }
        return Few(isVector ? result.squeeze(-2) : result)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .multilinear([0, 1], added: [2]) }
    package var autocast: AutocastClass { .lowPrecision }
}

/// Applies a linear transformation to the last dimension: `x Wᵀ + b`.
///
///     linear(Tensor.randn(128, 20), Tensor.randn(30, 20))     // [128, 30]
///
/// Shapes: `x [*, in]`, `weight [out, in]`, `bias [out] -> [*, out]`; a weight `[in]` gives `[*]`. All operands have the same
/// dtype. A last dimension of `x` that is not `in` is an error.
///
/// - Parameters:
///   - x: the input.
///   - weight: the weight.
///   - bias: the bias. Default: none.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    // One output feature without a dimension.
    if weight.rank == 1 && isAutocasting { return inLowPrecision { linear($0(x), $0(weight), bias.map($0)) } }
    if weight.rank == 1 { return bias.map { matmul(x, weight) + $0 } ?? matmul(x, weight) }
    if let bias { return apply(Linear(), x, weight, bias) }
    return apply(Linear(), x, weight)
}
