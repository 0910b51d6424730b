/// Any layout over the storage of the input. Its gradient adds up what arrives at one place.
package struct AsStrided: ViewPrimitive {
    package static let name = "asStrided"
    /// The layout of the result.
    package var layout: Layout
    /// The layout of the input, over the same storage.
    package var base: Layout

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
        Few(apply(AsStridedGradient(source: layout, target: base, shared: base), context.gradient))
    }
}

/// Elements carried through one storage: put at the places of `source`, where what meets is added, and read at the places
/// of `target`; places that nothing was put at hold 0.
///
/// This is the gradient of `AsStrided`, from the view to what it is a view of. Elements of the latter that share a place share
/// its gradient: each sum is divided by the number of elements of `shared` there, as in PyTorch, so that what an expanded
/// tensor gets adds up to what arrived. With `source` and `target` exchanged it is its own gradient.
package struct AsStridedGradient: Primitive {
    package static let name = "asStridedGradient"
    package var source: Layout
    package var target: Layout
    package var shared: Layout

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        Few(TensorSpec(target.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        let (from, to) = (source.extent, target.extent)
        // A result that lies row by row and holds all the places is the storage itself.
        let isDirect = target.isContiguous && !shared.mayOverlap && (from.isEmpty || to.contains(from))
        let first = isDirect || from.isEmpty ? to.lowerBound : Swift.min(from.lowerBound, to.lowerBound)
        let last = from.isEmpty ? to.upperBound : Swift.max(from.upperBound, to.upperBound)
        let places = isDirect ? out : try Tensor(empty: Layout(shape: [last - first]), dtype: out.dtype)
        fill(places, with: 0)
        try Self.add(inputs[0], at: source.moved(by: -first), of: places)
        if shared.mayOverlap {
            let sharers = try Tensor(empty: Layout(shape: [last - first]), dtype: out.dtype)
            fill(sharers, with: 0)
            let one = try Tensor(filled: 1, shape: Dims(), dtype: out.dtype, device: out.device)
            try Self.add(one.layout.expanded(to: shared.shape), of: one, at: shared.moved(by: -first), of: sharers)
            try Maximum().run(Few(sharers, one), into: Few(sharers))
            try Div().run(Few(places, sharers), into: Few(places))
        }
        if !isDirect { copyElements(from: places, layout: target.moved(by: -first), to: out) }
    }

    private static func add(_ terms: Tensor, at layout: Layout, of places: Tensor) throws(TensorError) {
        if layout.count == 0 { return }
        guard layout.mayOverlap else {
            let part = Tensor(storage: places.storage, layout: layout, dtype: places.dtype)
            return copyElements(from: terms, layout: terms.layout, to: part)
        }
        try add(terms.layout, of: terms, at: layout, of: places)
    }

    /// Adds terms where several may meet at one place: dimensions are taken apart until none do.
    private static func add(
        _ part: Layout, of terms: Tensor, at layout: Layout, of places: Tensor
    ) throws(TensorError) {
        if layout.count == 0 { return }
        guard layout.mayOverlap else {
            let sum = Tensor(storage: places.storage, layout: layout, dtype: places.dtype)
            let term = Tensor(storage: terms.storage, layout: part, dtype: terms.dtype)
            return try Add().run(Few(sum, term), into: Few(sum))
        }
        // The shortest dimension without which nothing meets, or the shortest of all.
        let dims = (0..<layout.rank).filter { layout.shape[$0] > 1 }
        let parting = dims.filter { !layout.selected($0, 0).mayOverlap }
        let dim = (parting.isEmpty ? dims : parting).min { layout.shape[$0] < layout.shape[$1] }!
        for i in 0..<layout.shape[dim] {
            try add(part.selected(dim, i), of: terms, at: layout.selected(dim, i), of: places)
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(AsStridedGradient(source: target, target: source, shared: shared), context.gradient))
    }
    package var traits: Traits { [] }
}

/// A base whose places named by `view` were overwritten: `(base, written) -> base`. Only recorded, by in-place
/// operations on views; the memory was written already.
package struct ScatterView: Primitive {
    package static let name = "copySlices"
    package var view: Layout
    /// The layout of the base, over the same storage.
    package var base: Layout

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        Few(TensorSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if out.count == 0 { return }
        // A base that lies row by row is written as it is, another one in a copy that lies as it does.
        let reach = base.extent
        let isDirect = base.isContiguous
        let places = isDirect ? out : try Tensor(empty: Layout(shape: [reach.count]), dtype: out.dtype)
        let whole = Tensor(storage: places.storage, layout: base.moved(by: -reach.lowerBound), dtype: out.dtype)
        copyElements(from: inputs[0], layout: inputs[0].layout, to: isDirect ? out : whole)
        let part = Tensor(storage: places.storage, layout: view.moved(by: -reach.lowerBound), dtype: out.dtype)
        copyElements(from: inputs[1], layout: inputs[1].layout, to: part)
        if !isDirect { copyElements(from: whole, layout: whole.layout, to: out) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .none }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient.contiguous()
        var rest: Tensor?
        if context.needs[0] {
            let zeros = try Tensor(filled: 0, shape: view.shape, dtype: g.dtype, device: g.device)
            rest = apply(self, g, zeros)
        }
        guard context.needs[1] else { return Few(rest, nil) }
        guard base.isContiguous else {
            return Few(rest, apply(AsStridedGradient(source: base, target: view, shared: base), g))
        }
        let part = view.moved(by: g.layout.offset - base.offset)
        return Few(rest, applyView(AsStrided(layout: part, base: g.layout), g).rowMajorClone())
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
        return applyView(AsStrided(layout: layout, base: self.layout), self)
    }
}
