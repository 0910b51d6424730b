/// Any layout over the storage of the input. Its gradient adds each place once for every index that names it.
package struct AsStrided: ViewPrimitive {
    package static let name = "asStrided"
    package var layout: Layout

    package func view(of input: Tensor) throws(TensorError) -> Layout {
        let reach = layout.extent
        let limit = input.storage.byteCount / input.dtype.byteSize
        guard reach.isEmpty || (reach.lowerBound >= 0 && reach.upperBound <= limit) else {
            throw TensorError(
                .index, in: Self.name, "the layout reaches outside the storage",
                got: "places \(reach) of \(limit)", expected: "places within the storage", operands: [input])
        }
        return layout
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        // The input was dense or a view of a dense base; its own layout within the storage is rebuilt as dense.
        Few(apply(AsStridedGradient(view: layout, shape: context.shape(0)), context.gradient))
    }
}

/// The gradient of `AsStrided`: zeros of the base's shape, with the gradient added at the places of the view.
package struct AsStridedGradient: Primitive {
    package static let name = "asStridedGradient"
    package var view: Layout
    package var shape: Dims

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        Few(TensorSpec(shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        fill(out, with: 0)
        if view.count == 0 { return }
        guard view.mayOverlap else {
            let target = Tensor(storage: out.storage, layout: view, dtype: out.dtype)
            copyElements(from: inputs[0], layout: inputs[0].layout, to: target)
            return
        }
        // Places that several indices share get the sum: fold one row at a time.
        let source = inputs[0]
        var index = Dims(repeating: 0, count: view.rank)
        let inner = view.rank - 1
        for _ in 0..<(view.count / max(view.shape[inner], 1)) {
            var place = view.offset
            var from = source.layout.offset
            for d in 0..<inner {
                place += index[d] * view.strides[d]
                from += index[d] * source.layout.strides[d]
            }
            for j in 0..<view.shape[inner] {
                let one = Layout(shape: Dims(), offset: place + j * view.strides[inner])
                let value = Layout(shape: Dims(), offset: from + j * source.layout.strides[inner])
                let target = Tensor(storage: out.storage, layout: one, dtype: out.dtype)
                let term = Tensor(storage: source.storage, layout: value, dtype: source.dtype)
                try Add().run(Few(target, term), into: Few(target))
            }
            var d = inner - 1
            while d >= 0 {
                index[d] += 1
                if index[d] < view.shape[d] { break }
                index[d] = 0
                d -= 1
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(applyView(AsStrided(layout: view), context.gradient.contiguous()))
    }
    package var traits: Traits { [] }
}

/// A base whose places named by `view` were overwritten: `(base, written) -> base`. Only recorded, by in-place
/// operations on views; the memory was written already.
package struct ScatterView: Primitive {
    package static let name = "copySlices"
    package var view: Layout

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        Few(TensorSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        copyElements(from: inputs[0], layout: inputs[0].layout, to: outputs[0])
        let target = Tensor(storage: outputs[0].storage, layout: view, dtype: outputs[0].dtype)
        copyElements(from: inputs[1], layout: inputs[1].layout, to: target)
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient.contiguous()
        let region = applyView(AsStrided(layout: view), g)
        var rest: Tensor?
        if context.needs[0] {
            let zeros = try Tensor(filled: 0, shape: view.shape, dtype: g.dtype, device: g.device)
            rest = apply(ScatterView(view: view), g, zeros)
        }
        return Few(rest, context.needs[1] ? region.clone() : nil)
    }

    package var traits: Traits { [] }
}

extension Tensor {
    /// The storage seen with other sizes, strides and start, all in elements.
    ///
    /// - Parameter offset: the start; that of this tensor where it is left out.
    public func asStrided(_ size: [Int], stride: [Int], offset: Int? = nil) -> Tensor {
        guard size.count == stride.count, size.allSatisfy({ $0 >= 0 }) else {
            return fail(
                TensorError(
                    .shape, in: "asStrided", "sizes and strides do not match", got: "size \(size), stride \(stride)",
                    expected: "as many strides as sizes, none of them negative sizes", operands: [self]), like: self)
        }
        let layout = Layout(shape: Dims(size), strides: Dims(stride), offset: offset ?? layout.offset)
        return applyView(AsStrided(layout: layout), self)
    }
}
