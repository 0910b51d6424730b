import CKernels

/// A tensor with the slices of a source added at positions of one dimension:
/// `out = x; out[.., index[i], ..] += source[.., i, ..]`, positions that are named twice in rising order of `i`.
///
/// Shapes: `x [*, n, *]`, `index [k]`, `source [*, k, *] -> [*, n, *]`. Dtypes: `x` and `source` the same, int64 `index`
/// within `0 ..< n`.
package struct IndexAdd: Primitive {
    package static let name = "indexAdd"
    package static let supportsComplex = true
    package var dim: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, index, source) = (inputs[0], inputs[1], inputs[2])
        guard index.rank == 1 else {
            throw TensorError(
                .shape, in: Self.name, "the index is not 1-dimensional", expected: "an index of shape [k]",
                operands: [x, index, source])
        }
        try checkDimension(dim, of: x, in: Self.name, ofScalar: false)
        try checkIndexType(index, in: Self.name)
        var shape = x.layout.shape
        shape[dim] = index.count
        guard source.layout.shape == shape else {
            throw TensorError(
                .shape, in: Self.name, "the source does not fit the tensor and the index",
                expected: "a source of shape \(shape)", operands: [x, index, source])
        }
        try checkSourceType(x, source, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let x = inputs[0]
        try checkIndices(inputs[1], size: x.layout.shape[dim], dim: dim, in: Self.name, of: [x])
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index != 2 || layout.around(dim) != nil }
    package func acceptsResult(_ layout: Layout) -> Bool { layout.around(dim) != nil }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, index, source, out) = (inputs[0], inputs[1], inputs[2], outputs[0])
        x.copyForUpdate(to: out)
        if source.count == 0 { return }
        withKernelArguments {
            tl_index_add($0(out, out.layout.around(dim)!), $0(index), $0(source, source.layout.around(dim)!))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[2] ? .input(1) : .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        return Few(
            context.needs[0] ? g : nil, nil,
            context.needs[2] ? apply(IndexSelect(dim: dim), g, context.input(1)) : nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let (x, source) = (operands.leading(0), operands.leading(2))
        if !operands.isMapped(1) { return try operands.call(IndexAdd(dim: dim + 1), Few(x, operands[1], source)) }
        return Few(
            apply(Scatter(dim: dim + 1, reduction: .add), x, operands[1].along(dim + 1, of: source.shape), source))
    }

    package var effects: Effects { .updates(0) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0, 2]) }
}

extension Tensor {
    /// Returns a copy in which `alpha` times the slices of a source are added to indices of a dimension: `out[..,
    /// index[i], ..] += alpha * source[.., i, ..]`.
    ///
    /// Shapes: `x [*, n, *]`, `index [k]`, `source [*, k, *] -> [*, n, *]`. Slices for a repeated index are summed.
    /// Default: `alpha` 1.
    public func indexAdd(
        _ dim: Int, _ index: Tensor, _ source: Tensor, alpha: some TensorScalar = 1
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            if rank == 0 { return unsqueeze(0).indexAdd(dim, index, source.reshape([-1]), alpha: alpha).squeeze(0) }
            let (d, index) = try indexAddOperands(dim, index, "indexAdd")
            return apply(IndexAdd(dim: d), self, index, try multiplied(source, by: alpha.scalar, "indexAdd"))
        }
    }

    /// Adds `alpha` times the slices of a source to indices of a dimension, in place.
    @discardableResult
    public func indexAdd_(
        _ dim: Int, _ index: Tensor, _ source: Tensor, alpha: some TensorScalar = 1
    ) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder { return self }
            if rank == 0 {
                unsqueeze(0).indexAdd_(dim, index, source.reshape([-1]), alpha: alpha)
                return self
            }
            let (d, index) = try indexAddOperands(dim, index, "indexAdd_")
            let term = try multiplied(source, by: alpha.scalar, "indexAdd_")
            return applyInPlace(IndexAdd(dim: d), on: self, Few(self, index, term), name: "indexAdd_")
        }
    }

    /// The source times a factor; an integer factor keeps the dtype, also bool.
    private func multiplied(
        _ source: Tensor, by factor: Scalar, _ operation: String
    ) throws(TensorError) -> Tensor {
        if factor.asDouble == 1 { return source }
        try factor.check(fits: source.dtype, in: operation)
        let product = source * Tensor.wrap(factor)
        if case .double = factor { return product }
        return product.to(source.dtype)
    }

    private func indexAddOperands(
        _ dim: Int, _ index: Tensor, _ operation: String
    ) throws(TensorError) -> (Int, Tensor) {
        let index = try indexOperand(index, in: operation)
        return (try resolve(dim, in: operation), index.rank == 0 ? index.unsqueeze(0) : index)
    }
}
