/// Windows of a dimension at distance `step`, as a new last dimension, without a copy.
///
/// Shapes: `[*, n, *] -> [*, (n - size) / step + 1, *, size]`. Windows may share elements; the gradient adds the
/// gradients from each of them.
package struct Unfold: ViewPrimitive {
    package static let name = "unfold"
    package var dim: Int
    package var size: Int
    package var step: Int

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        let layout = input.layout
        try checkDimension(dim, of: input, in: Self.name)
        guard layout.rank > 0, size >= 0, step > 0, size <= layout.shape[dim] else {
            throw TensorError(
                .value, in: Self.name, "the windows do not fit the dimension", got: "size \(size), step \(step)",
                expected: "a size of at most \(layout.rank > 0 ? layout.shape[dim] : 0) and a positive step",
                operands: [input])
        }
        var (shape, strides) = (layout.shape, layout.strides)
        shape[dim] = (layout.shape[dim] - size) / step + 1
        strides[dim] = layout.strides[dim] *| step
        shape.append(size)
        strides.append(layout.strides[dim])
        return Layout(shape: shape, strides: strides, offset: layout.offset)
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(UnfoldBackward(unfold: self, shape: context.shape(0)), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var view = self
        view.dim += 1
        return try operands.call(view, operands.tensors)
    }
}

/// The gradient of `Unfold`: zeros of the shape of the input, to which the gradients of all windows are added.
package struct UnfoldBackward: Primitive {
    package static let name = "unfoldBackward"
    package static let supportsComplex = true
    package var unfold: Unfold
    package var shape: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let gradient = inputs[0]
        try checkShape(shape, in: Self.name)
        let part = try unfold.view(of: TensorSpec(Layout(shape: shape), gradient.dtype, device: gradient.device))
        try checkOperand(gradient, is: part.shape, gradient.dtype, in: Self.name)
        return Few(ResultSpec(shape, gradient.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (g, out) = (inputs[0], outputs[0])
        fill(out, with: 0)
        if g.count == 0 { return }
        // The k-th elements of different windows share no memory: one addition for each k.
        let windows = g.layout.shape[unfold.dim]
        for k in 0..<unfold.size {
            let region = out.layout.sliced(unfold.dim, start: k, count: windows, step: unfold.step)
            let target = Tensor(storage: out.storage, layout: region, dtype: out.dtype)
            let term = Tensor(storage: g.storage, layout: g.layout.selected(g.rank - 1, k), dtype: g.dtype)
            runBinary(Add.kernel, Add.domain, target, term, target)
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(applyView(unfold, context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.unfold.dim += 1
        primitive.shape = shape.batch(of: operands.size)
        return try operands.run(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

extension Tensor {
    /// Sliding windows of size `size` along a dimension, as a new last dimension: `[7].unfold(0, size: 3, step: 2) ->
    /// [3, 3]`. A view.
    public func unfold(_ dim: Int, size: Int, step: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if rank == 0 { return unsqueeze(0).unfold(dim, size: size, step: step).squeeze(0) }
            return applyView(Unfold(dim: try resolve(dim, in: Unfold.name), size: size, step: step), self)
        }
    }
}
