import CKernels

/// The elements along a dimension in rising or falling order, and where they were.
///
/// Shapes: `[*] -> values [*], indices [*]`. Dtypes: any; indices int64. Stable: equals keep their order. NaN counts as
/// the largest. The gradient of each value is added at its index.
package struct Sort: Primitive {
    package static let name = "sort"
    package var dim: Int
    package var isDescending: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkDimension(dim, of: x, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype), ResultSpec(x.layout.shape, .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        let (x, values, indices) = (inputs[0], outputs[0], outputs[1])
        withKernelArguments {
            tl_sort(
                $0(x, x.layout.moved(toLast: dim)), isDescending, $0(values, values.layout.moved(toLast: dim)),
                $0(indices, indices.layout.moved(toLast: dim)))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        try selectionGradient(context, dim)
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

/// The `k` largest or smallest elements along a dimension in order, and where they were.
///
/// Shapes: `[*, n, *] -> values [*, k, *], indices [*, k, *]`. Dtypes: any; indices int64. Of equal elements the first
/// are returned. NaN counts as the largest. The gradient of each value is added at its index.
package struct TopK: Primitive {
    package static let name = "topk"
    package var k: Int
    package var dim: Int
    package var isLargest: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkDimension(dim, of: x, in: Self.name)
        let size = x.rank == 0 ? 1 : x.layout.shape[dim]
        guard k >= 0 && k <= size else {
            throw TensorError(
                .value, in: Self.name, "k is out of range", got: "\(k) of \(size)", expected: "0 ... \(size)",
                operands: [x])
        }
        var shape = x.layout.shape
        if x.rank > 0 { shape[dim] = k }
        return Few(ResultSpec(shape, x.dtype), ResultSpec(shape, .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        let (x, values, indices) = (inputs[0], outputs[0], outputs[1])
        withKernelArguments {
            tl_topk(
                $0(x, x.layout.moved(toLast: dim)), isLargest, $0(values, values.layout.moved(toLast: dim)),
                $0(indices, indices.layout.moved(toLast: dim)))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        try selectionGradient(context, dim)
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

/// Zeros, with the gradient at the indices of the selected elements, which are distinct.
private func selectionGradient(_ context: GradientContext, _ dim: Int) throws(TensorError) -> Few<Tensor?> {
    guard let g = context.gradients[0] else { return [nil] }
    let zeros = try Tensor.zeroView(context.shape(0), g.dtype, g.device)
    return [apply(Scatter(dim: dim), zeros, context.output(1).detach(), g)]
}

extension Tensor {
    /// Sorts the elements along a dimension and returns the sorted elements and their indices: `[*] -> [*], [*]`. The
    /// sort is stable; NaN is treated as the largest number. Default: the last dimension, ascending.
    ///
    ///     let (values, indices) = Tensor([3, 1, 2]).sort()        // tensor([1, 2, 3]) and tensor([1, 2, 0])
    public func sort(dim: Int = -1, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
        do {
            let d = try resolve(dim, in: Sort.name)
            let results = applyAll(Sort(dim: d, isDescending: descending), Few(self), count: 2)
            return (results[0], results[1])
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }

    /// Sorts the elements along the first dimension in ascending order: the values of `sort(dim: 0)`.
    public func msort() -> Tensor { sort(dim: 0).values }

    /// The indices that sort the elements along a dimension: the indices of `sort`.
    public func argsort(dim: Int = -1, descending: Bool = false) -> Tensor {
        detach().sort(dim: dim, descending: descending).indices
    }

    /// The `k` largest or smallest elements along a dimension, sorted, and their indices: `[*, n, *] -> [*, k, *]`. NaN
    /// is treated as the largest number.
    ///
    ///     let (values, indices) = Tensor([3, 1, 4, 1]).topk(2)    // tensor([4, 3]) and tensor([2, 0])
    ///
    /// - Parameters:
    ///   - k: the number of elements, at most the size of the dimension.
    ///   - dim: the dimension. Default: the last.
    ///   - largest: whether to return the largest elements instead of the smallest. Default: true.
    public func topk(_ k: Int, dim: Int = -1, largest: Bool = true) -> (values: Tensor, indices: Tensor) {
        do {
            let d = try resolve(dim, in: TopK.name)
            let results = applyAll(TopK(k: k, dim: d, isLargest: largest), Few(self), count: 2)
            return (results[0], results[1])
        } catch {
            let placeholder = fail(error, like: self)
            return (placeholder, placeholder)
        }
    }
}
