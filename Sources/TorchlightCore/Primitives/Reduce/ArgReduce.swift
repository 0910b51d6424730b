import CKernels

// Where the largest or smallest element of a fold is: the first of equals; NaN counts as largest and as smallest.

/// The position of the largest or smallest element of one dimension, or of all in row-major order, as int64.
package struct ArgExtreme: Primitive {
    package static let name = "argmax"
    package var isLargest: Bool
    /// nil for all elements.
    package var dim: Int?
    package var keepdim: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        if let dim { try checkDimension(dim, of: x, in: isLargest ? "argmax" : "argmin") }
        let fold = Fold(of: x.layout, dims: dim.map { [$0] } ?? Dims())
        try refuseEmpty(fold, isLargest ? "argmax" : "argmin", x)
        return Few(ResultSpec(fold.shape(keepdim: keepdim), .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let fold = Fold(of: inputs[0].layout, dims: dim.map { [$0] } ?? Dims())
        runArgReduce(inputs[0], fold, isLargest, values: nil, indices: outputs[0], keepdim)
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.dim = (dim ?? 0) + 1
        if dim != nil { return try operands.runShifted(primitive) }
        let rank = operands.rank(0)
        let flat = operands[0].reshape([operands.size, operands.shape(0).product])
        let results = try operands.call(primitive, Few(flat))
        guard keepdim, rank > 0 else { return keepdim ? Few(results[0].squeeze(1)) : results }
        return Few(results[0].reshape([operands.size] + Array(repeating: 1, count: rank)))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
}

/// The largest or smallest element of one dimension and its position: `[*] -> [*], int64 [*]`. The gradient goes to
/// that position.
package struct Extreme: Primitive {
    package static let name = "max"
    package var isLargest: Bool
    package var dim: Int
    package var keepdim: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkDimension(dim, of: x, in: isLargest ? "max" : "min")
        let fold = Fold(of: x.layout, dims: [dim])
        try refuseEmpty(fold, isLargest ? "max" : "min", x)
        let shape = fold.shape(keepdim: keepdim)
        return Few(ResultSpec(shape, x.dtype), ResultSpec(shape, .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let fold = Fold(of: inputs[0].layout, dims: [dim])
        runArgReduce(inputs[0], fold, isLargest, values: outputs[0], indices: outputs[1], keepdim)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let shape = context.shape(0)
        if shape.isEmpty { return Few(context.gradient) }
        let dims: Dims = [dim]
        let indices = context.output(1).unfolded(dims, keepdim: keepdim, rank: shape.count)
        var along = [Int](repeating: 1, count: shape.count)
        along[dim] = shape[dim]
        let isThere = noGrad { Tensor.arange(shape[dim], device: indices.device).reshape(along) .== indices }
        return Few(Tensor.where(isThere, context.gradient.unfolded(dims, keepdim: keepdim, rank: shape.count), 0.0))
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

private func refuseEmpty(_ fold: Fold, _ operation: String, _ x: TensorSpec) throws(TensorError) {
    guard fold.length == 0 && (fold.keptCount > 0 || fold.dims.count == fold.source.rank) else { return }
    throw TensorError(
        .shape, in: operation, "the reduction of no elements is not defined",
        expected: "at least one element in the reduced dimensions", operands: [x])
}

private func runArgReduce(
    _ x: Tensor, _ fold: Fold, _ isLargest: Bool, values: Tensor?, indices: Tensor, _ keepdim: Bool
) {
    if indices.count == 0 { return }
    withKernelArguments {
        tl_argreduce(
            isLargest, $0(x, fold.layout), Int32(fold.dims.count),
            $0(values, values.map { fold.keptLayout(of: $0.layout, keepdim: keepdim) }),
            $0(indices, fold.keptLayout(of: indices.layout, keepdim: keepdim)))
    }
}

extension Tensor {
    /// The index of the maximum, as int64: along a dimension or, without `dim`, the row-major index of the maximum of
    /// all elements. Of equal elements the first; NaN is treated as the maximum.
    ///
    ///     let predicted = logits.argmax(dim: 1)       // [N, C] -> [N]
    ///
    /// There is no gradient. A tensor, or a dimension, without elements is an error.
    public func argmax(dim: Int? = nil, keepdim: Bool = false) -> Tensor { argExtreme(true, dim, keepdim) }
    /// The index of the minimum, as int64: along a dimension or, without `dim`, the row-major index of the minimum of
    /// all elements. Of equal elements the first; NaN is treated as the minimum.
    public func argmin(dim: Int? = nil, keepdim: Bool = false) -> Tensor { argExtreme(false, dim, keepdim) }

    /// The maxima along a dimension and their indices: `[*] -> [*]` without dimension `dim`, or with size 1 with
    /// `keepdim`. Of equal elements the first; NaN is treated as the maximum. The gradient flows to the element at the
    /// index.
    ///
    ///     let (values, indices) = x.max(dim: 1)
    public func max(dim: Int, keepdim: Bool = false) -> (values: Tensor, indices: Tensor) {
        extreme(true, dim, keepdim)
    }

    /// The minima along a dimension and their indices: `[*] -> [*]` without dimension `dim`, or with size 1 with
    /// `keepdim`. Of equal elements the first; NaN is treated as the minimum. The gradient flows to the element at the
    /// index.
    public func min(dim: Int, keepdim: Bool = false) -> (values: Tensor, indices: Tensor) {
        extreme(false, dim, keepdim)
    }

    private func argExtreme(_ isLargest: Bool, _ dim: Int?, _ keepdim: Bool) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            var resolved: Int?
            if let dim { resolved = try resolve(dim, in: isLargest ? "argmax" : "argmin") }
            return apply(ArgExtreme(isLargest: isLargest, dim: rank == 0 ? nil : resolved, keepdim: keepdim), self)
        }
    }

    private func extreme(_ isLargest: Bool, _ dim: Int, _ keepdim: Bool) -> (values: Tensor, indices: Tensor) {
        do {
            let resolved = try resolve(dim, in: isLargest ? "max" : "min")
            let results = applyAll(
                Extreme(isLargest: isLargest, dim: resolved, keepdim: keepdim), Few(self), count: 2)
            return (results[0], results[1])
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }
}
