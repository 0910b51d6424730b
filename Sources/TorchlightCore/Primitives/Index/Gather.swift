import CKernels

/// One element for each of the index, from the same row: for dimension 1 of a matrix, `out[i, j] = x[i, index[i, j]]`.
///
/// Shapes: `index [*] -> [*]`, with `x` of the same rank and at least the index's sizes except along `dim`. Dtypes: any
/// `x`, int64 `index` within `0 ..< size`. The gradient adds the gradients of each element.
package struct Gather: Primitive {
    package static let name = "gather"
    package static let supportsComplex = true
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, index) = (inputs[0], inputs[1])
        try checkIndexShape(x, index, dim: dim, in: Self.name)
        return Few(ResultSpec(index.layout.shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let x = inputs[0]
        let size = x.rank == 0 ? 1 : x.layout.shape[dim]
        try checkIndices(inputs[1], size: size, dim: dim, in: Self.name, of: [x])
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, index, out) = (inputs[0], inputs[1], outputs[0])
        if out.count == 0 { return }
        let read = cut(x.layout, to: index.layout.shape, except: dim).moved(toLast: dim)
        withKernelArguments {
            tl_gather($0(x, read), $0(index, index.layout.moved(toLast: dim)), $0(out, out.layout.moved(toLast: dim)))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let zeros = try Tensor.zeroView(context.shape(0), g.dtype, g.device)
        return Few(apply(Scatter(dim: dim, reduction: .add), zeros, context.input(1), g), nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim += 1
        return try operands.runShifted(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// The rule of `gather` and `scatter`: equal ranks, and no size of the index above the tensor's except along `dim`.
func checkIndexShape(_ x: TensorSpec, _ index: TensorSpec, dim: Int, in operation: String) throws(TensorError) {
    guard x.rank == index.rank else {
        throw TensorError(
            .shape, in: operation, "the index has another number of dimensions than the tensor",
            expected: "equal ranks",
            fix: x.rank == index.rank + 1 ? "unsqueeze the index, as in index.unsqueeze(\(dim))" : nil,
            operands: [x, index])
    }
    try checkDimension(dim, of: x, in: operation)
    try checkIndexType(index, in: operation)
    if index.count == 0 { return }
    for d in 0..<x.rank where d != dim && index.layout.shape[d] > x.layout.shape[d] {
        throw TensorError(
            .shape, in: operation, "the index is larger than the tensor in dimension \(d)",
            expected: "at most the tensor's size in every dimension but \(dim)", operands: [x, index])
    }
}

/// The part of a layout that an index of this shape reaches: all of `dim`, the first positions of the others.
func cut(_ layout: Layout, to shape: Dims, except dim: Int) -> Layout {
    var result = layout
    for d in 0..<layout.rank where d != dim && result.shape[d] != shape[d] {
        result = result.sliced(d, start: 0, count: shape[d])
    }
    return result
}

extension Tensor {
    /// Gathers elements along a dimension: `out[i, j] = x[i, index[i, j]]` for dimension 1. The result has the shape of
    /// the index.
    ///
    ///     logits.gather(1, labels.unsqueeze(1))      // [n, classes], [n, 1] -> [n, 1]
    ///
    /// - Parameters:
    ///   - dim: the dimension.
    ///   - index: the indices along `dim`, integers with as many dimensions as the tensor.
    public func gather(_ dim: Int, _ index: Tensor) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            if rank == 0 && index.rank == 1 { return unsqueeze(0).gather(dim, index) }
            return apply(
                Gather(dim: try resolve(dim, in: Gather.name)), self, try indexOperand(index, in: Gather.name))
        }
    }

    /// Gathers elements along a dimension with an index that broadcasts against the tensor in the other dimensions,
    /// such as the result of `argsort` or `argmax`.
    ///
    /// Negative indices count from the end. Without `dim` the tensor is flattened.
    public func takeAlongDim(_ index: Tensor, dim: Int? = nil) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || index.isPlaceholder { return self }
            guard let dim else { return ravel().takeAlongDim(index.ravel(), dim: 0) }
            let d = try resolve(dim, in: "takeAlongDim")
            let index = try indexOperand(index, in: "takeAlongDim")
            guard rank == index.rank, rank > 0 else {
                throw TensorError(
                    .shape, in: "takeAlongDim", "the index has another number of dimensions than the tensor",
                    expected: "equal ranks of at least 1", operands: [self, index])
            }
            var (left, right) = (layout.shape, index.layout.shape)
            left[d] = 1
            right[d] = 1
            guard let outer = Layout.broadcast(left, right) else {
                throw broadcastError("takeAlongDim", [self, index])
            }
            var (sizes, indexShape) = (outer, outer)
            sizes[d] = layout.shape[d]
            indexShape[d] = index.layout.shape[d]
            return expand(Array(sizes)).gather(d, index.wrapped(to: layout.shape[d]).expand(Array(indexShape)))
        }
    }
}
