/// A view of the storage of the input with any layout. Its gradient adds the gradients of elements that share memory.
package struct AsStrided: ViewPrimitive {
    package static let name = "asStrided"
    /// The layout of the result, within the storage.
    package var layout: Layout
    /// The layout of the input, over the same storage.
    package var base: Layout

    package func view(of input: TensorSpec) throws(TensorError) -> Layout { layout }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(AsStridedBackward(source: layout, target: base, shared: base), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let span = BatchedMemory(of: [layout, base])
        let memory = try Tensor.filled(
            0, shape: [span.length * operands.size], dtype: operands[0].dtype, device: operands[0].device)
        memory.region(span.batch(base, of: operands.size)).copy_(operands[0])
        return Few(memory.region(span.batch(layout, of: operands.size)))
    }
}

/// Adds elements to a storage of zeros with the layout `source`, and reads it with the layout `target`.
///
/// This is the gradient of `AsStrided`, from the view to its base. Elements of the base that share memory share the gradient:
/// each sum is divided by the number of elements of `shared` at the same offset, as in PyTorch, so that the gradients of the
/// elements of an expanded tensor have the right sum. With `source` and `target` exchanged it is its own gradient.
package struct AsStridedBackward: CompositePrimitive {
    package static let name = "asStridedBackward"
    package static let supportsComplex = true
    package var source: Layout
    package var target: Layout
    package var shared: Layout

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkOperand(inputs[0], is: source.shape, inputs[0].dtype, in: Self.name)
        let (from, to, others) = (source.extent, target.extent, shared.extent)
        let first = from.isEmpty ? to.lowerBound : Swift.min(from.lowerBound, to.lowerBound)
        let last = from.isEmpty ? to.upperBound : Swift.max(from.upperBound, to.upperBound)
        guard first >= 0, last <= maximumCount,
            others.isEmpty || (others.lowerBound >= first && others.upperBound <= last)
        else { throw outsideOfMemory(shared, first..<Swift.max(first, last), in: Self.name) }
        return Few(ResultSpec(target.shape, inputs[0].dtype))
    }

    package func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        let g = inputs[0]
        let (from, to) = (source.extent, target.extent)
        let first = from.isEmpty ? to.lowerBound : Swift.min(from.lowerBound, to.lowerBound)
        let last = from.isEmpty ? to.upperBound : Swift.max(from.upperBound, to.upperBound)
        var storageElements = try Tensor.filled(0, shape: [last - first], dtype: g.dtype, device: g.device)
        Self.add(g, at: source.moved(by: -first), of: storageElements)
        if shared.mayOverlap {
            let sharers = try Tensor.filled(0, shape: [last - first], dtype: g.dtype, device: g.device)
            let one = try Tensor.filled(1, shape: Dims(), dtype: g.dtype, device: g.device)
            Self.add(one.expand(Array(shared.shape)), at: shared.moved(by: -first), of: sharers)
            storageElements = (storageElements / sharers.clampMin(1)).to(g.dtype)
        }
        return Few(storageElements.region(target.moved(by: -first)).contiguous())
    }

    /// Adds terms to memory that several of them may share: one dimension after another is split into slices without shared
    /// memory.
    private static func add(_ terms: Tensor, at layout: Layout, of storageElements: Tensor) {
        if layout.count == 0 { return }
        guard layout.mayOverlap else {
            storageElements.region(layout).add_(terms)
            return
        }
        // The shortest dimension whose slices share no memory, or the shortest of all.
        let dims = (0..<layout.rank).filter { layout.shape[$0] > 1 }
        let parting = dims.filter { !layout.selected($0, 0).mayOverlap }
        let dim = (parting.isEmpty ? dims : parting).min { layout.shape[$0] < layout.shape[$1] }!
        for i in 0..<layout.shape[dim] {
            add(applyView(Select(dim: dim, index: i), terms), at: layout.selected(dim, i), of: storageElements)
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(AsStridedBackward(source: target, target: source, shared: shared), context.gradient))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let span = BatchedMemory(of: [source, target, shared])
        let size = operands.size
        return try operands.run(
            AsStridedBackward(
                source: span.batch(source, of: size), target: span.batch(target, of: size),
                shared: span.batch(shared, of: size)))
    }

    package var effects: Effects { .pure }
    package var algebra: Algebra { .linear }
}

/// A base whose elements in `view` were overwritten: `(base, written) -> base`. Only recorded, by in-place
/// operations on views; the memory was written already.
package struct ScatterView: CompositePrimitive {
    package static let name = "copySlices"
    package static let supportsComplex = true
    package var view: Layout
    /// The layout of the base, over the same storage.
    package var base: Layout

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, source) = (inputs[0], inputs[1])
        try checkOperand(x, is: base.shape, x.dtype, in: Self.name)
        let lead = view.rank - source.rank
        guard lead >= 0, (0..<source.rank).allSatisfy({ [1, view.shape[lead + $0]].contains(source.layout.shape[$0]) })
        else { throw broadcastError(Self.name, [x, source]) }
        let (part, whole) = (view.extent, base.extent)
        guard whole.lowerBound >= 0, whole.upperBound <= maximumCount,
            part.isEmpty || (part.lowerBound >= whole.lowerBound && part.upperBound <= whole.upperBound)
        else { throw outsideOfMemory(view, whole, in: Self.name) }
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        // A base in row-major order is written as it is, another one in a copy that has its layout.
        if base.isContiguous {
            let whole = inputs[0].rowMajorClone()
            whole.region(view.moved(by: -base.offset)).copy_(inputs[1])
            return Few(whole)
        }
        let reach = base.extent
        let storageElements = try Tensor.filled(
            0, shape: [reach.count], dtype: inputs[0].dtype, device: inputs[0].device)
        let whole = storageElements.region(base.moved(by: -reach.lowerBound))
        whole.copy_(inputs[0])
        storageElements.region(view.moved(by: -reach.lowerBound)).copy_(inputs[1])
        return Few(whole.contiguous())
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient.contiguous()
        var rest: Tensor?
        if context.needs[0] {
            let zeros = try Tensor.filled(0, shape: view.shape, dtype: g.dtype, device: g.device)
            rest = apply(self, g, zeros)
        }
        guard context.needs[1] else { return Few(rest, nil) }
        guard base.isContiguous else {
            return Few(rest, apply(AsStridedBackward(source: base, target: view, shared: base), g))
        }
        let part = view.moved(by: g.layout.offset - base.offset)
        return Few(rest, applyView(AsStrided(layout: part, base: g.layout), g).rowMajorClone())
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let span = BatchedMemory(of: [view, base])
        let size = operands.size
        return try operands.run(ScatterView(view: span.batch(view, of: size), base: span.batch(base, of: size)))
    }

    package var effects: Effects { .pure }
    package var algebra: Algebra { .linear }
}

extension Tensor {
    /// A view of the storage with the given sizes, strides and storage offset, in elements. Elements outside of the
    /// storage are an error.
    ///
    /// - Parameter offset: the storage offset. Default: that of this tensor.
    public func asStrided(_ size: [Int], stride: [Int], offset: Int? = nil) -> Tensor {
        guard size.count == stride.count, size.allSatisfy({ $0 >= 0 }) else {
            return fail(
                TensorError(
                    .shape, in: "asStrided", "sizes and strides do not match", got: "size \(size), stride \(stride)",
                    expected: "as many strides as sizes, none of them negative sizes", operands: [self]), like: self)
        }
        let layout = Layout(shape: Dims(size), strides: Dims(stride), offset: offset ?? layout.offset)
        let (reach, limit) = (layout.extent, storage.byteCount / dtype.byteSize)
        // Without elements, only the offset must be in range.
        guard reach.lowerBound >= 0 && reach.upperBound <= (reach.isEmpty ? maximumCount : limit) else {
            return fail(
                TensorError(
                    .index, in: AsStrided.name, "the layout reaches outside the storage",
                    got: "offsets \(reach)", expected: "offsets within the storage of \(quantity(limit, "element"))",
                    operands: [self]),
                like: self)
        }
        return applyView(AsStrided(layout: layout, base: self.layout), self)
    }
}

/// The memory that layouts of one example name, once for each example.
struct BatchedMemory {
    private let start: Int
    /// The number of elements of one example.
    let length: Int

    init(of layouts: [Layout]) {
        let extents = layouts.map(\.extent).filter { !$0.isEmpty }
        start = extents.map(\.lowerBound).min() ?? 0
        length = (extents.map(\.upperBound).max() ?? 0) - start
    }

    /// A layout of one example as that of all.
    func batch(_ layout: Layout, of size: Int) -> Layout {
        let inner = layout.count == 0 ? Layout(shape: layout.shape) : layout.moved(by: -start)
        return Layout(
            shape: inner.shape.batch(of: size), strides: Dims([length] + Array(inner.strides)), offset: inner.offset)
    }
}

extension Tensor {
    /// The elements of the storage that a layout names, as a view of this tensor.
    fileprivate func region(_ layout: Layout) -> Tensor {
        applyView(AsStrided(layout: layout, base: self.layout), self)
    }
}

private func outsideOfMemory(_ layout: Layout, _ memory: Range<Int>, in operation: String) -> TensorError {
    TensorError(
        .index, in: operation, "a layout reaches beyond the memory of the operands", got: "elements \(layout.extent)",
        expected: "elements \(memory)")
}
