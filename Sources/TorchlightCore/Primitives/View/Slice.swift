/// Elements `start`, `start + step`, ... of one dimension.
package struct Slice: ViewPrimitive {
    package static let name = "slice"
    package var dim: Int
    package var start: Int
    package var count: Int
    package var step: Int

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        try checkDimension(dim, of: input, in: Self.name, ofScalar: false)
        let (size, last) = (input.layout.shape[dim], start +| (count -| 1) *| step)
        guard count >= 0, count == 0 || (start >= 0 && start < size && last >= 0 && last < size) else {
            throw TensorError(
                .index, in: Self.name, "the slice is outside dimension \(dim)",
                got: "\(quantity(count, "index", plural: "indices")) from \(start) with step \(step)",
                expected: "indices from 0 to below \(size)", operands: [input])
        }
        return input.layout.sliced(dim, start: start, count: count, step: step)
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(SliceBackward(slice: self, shape: context.shape(0)), context.gradient))
    }

    package func region(of layout: Layout) -> Layout? {
        layout.sliced(dim, start: start, count: count, step: step)
    }
    package var part: ViewPart? { step == 1 ? ViewPart(dim: dim, start: start, count: count) : nil }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var view = self
        view.dim += 1
        return try operands.call(view, operands.tensors)
    }
}

/// The gradient of `Slice`: zeros of the shape of the input, with the gradient in the slice.
package struct SliceBackward: Primitive {
    package static let name = "sliceBackward"
    package static let supportsComplex = true
    package var slice: Slice
    package var shape: Dims

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let gradient = inputs[0]
        try checkShape(shape, in: Self.name)
        let part = try slice.view(of: TensorSpec(Layout(shape: shape), gradient.dtype, device: gradient.device))
        try checkOperand(gradient, is: part.shape, gradient.dtype, in: Self.name)
        return Few(ResultSpec(shape, gradient.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        fill(out, with: 0)
        let layout = out.layout.sliced(slice.dim, start: slice.start, count: slice.count, step: slice.step)
        copyElements(
            from: inputs[0], layout: inputs[0].layout,
            to: Tensor(storage: out.storage, layout: layout, dtype: out.dtype))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(applyView(slice, context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var primitive = self
        primitive.slice.dim += 1
        primitive.shape = shape.batch(of: operands.size)
        return try operands.run(primitive)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear }
}

/// One position of a dimension, which disappears.
package struct Select: ViewPrimitive {
    package static let name = "select"
    package var dim: Int
    package var index: Int

    package func view(of input: TensorSpec) throws(TensorError) -> Layout {
        try checkDimension(dim, of: input, in: Self.name, ofScalar: false)
        guard index >= 0, index < input.layout.shape[dim] else {
            throw TensorError(
                .index, in: Self.name, "the index is outside dimension \(dim)", got: "\(index)",
                expected: "an index from 0 to below \(input.layout.shape[dim])", operands: [input])
        }
        return input.layout.selected(dim, index)
    }
    package func region(of layout: Layout) -> Layout? { layout.selected(dim, index) }
    package var part: ViewPart? { ViewPart(dim: dim, start: index, count: 1) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let slice = Slice(dim: dim, start: index, count: 1, step: 1)
        return Few(
            apply(SliceBackward(slice: slice, shape: context.shape(0)), context.gradient.unsqueeze(dim)))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var view = self
        view.dim += 1
        return try operands.call(view, operands.tensors)
    }
}

extension Tensor {
    /// The slice of `length` indices of a dimension from index `start`. A view.
    public func narrow(_ dim: Int, start: Int, length: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let d = try resolve(dim, in: "narrow")
            let size = rank == 0 ? 1 : layout.shape[d]
            let first = start < 0 ? start + size : start
            guard rank > 0, first >= 0, length >= 0, first <= size, length <= size - first else {
                throw TensorError(
                    .index, in: "narrow", "the range is outside the dimension",
                    got: "start \(start), length \(length)",
                    expected: "a range within 0 ..< \(size)", operands: [self])
            }
            return applyView(Slice(dim: d, start: first, count: length, step: 1), self)
        }
    }

    /// The slice of `length` indices of a dimension from the index in a one-element integer tensor. A view.
    public func narrow(_ dim: Int, start: Tensor, length: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || start.isPlaceholder { return self }
            guard start.rank == 0, start.dtype.isInteger else {
                throw TensorError(
                    .value, in: "narrow", "the start is not a single integer", expected: "a number or a tensor []",
                    operands: [start])
            }
            return narrow(dim, start: start.item(Int.self), length: length)
        }
    }

    /// The slice at one index of a dimension, which is removed: `[2, 3].select(0, 1) -> [3]`. A negative index counts
    /// from the end. A view.
    public func select(_ dim: Int, _ index: Int) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            let d = try resolve(dim, in: "select")
            let size = rank == 0 ? 0 : layout.shape[d]
            let i = index < 0 ? index + size : index
            guard i >= 0 && i < size else {
                throw TensorError(
                    .index, in: "select", "the index is out of range", got: "\(index) in dimension \(dim)",
                    expected: size == 0 ? "no index at all: the dimension is empty" : "\(-size) ... \(size - 1)",
                    operands: [self])
            }
            return applyView(Select(dim: d, index: i), self)
        }
    }
}
