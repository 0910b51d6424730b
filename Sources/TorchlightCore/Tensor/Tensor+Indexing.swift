// `x[1, 2..<5, .all]` and its assignment. Integers, slices, `.ellipsis` and `.newAxis` give views. Index tensors and
// masks gather into a new tensor, and scatter in an assignment.
//
// `x[i] += y` changes the indexed part and writes it back. The index is evaluated once for both. A part that is a view
// is changed in place and is not written again.

extension Tensor {
    /// The part of the tensor at the given indices.
    ///
    /// Integers, slices, `.ellipsis` and `.newAxis` give a view; index tensors and masks give a copy. An assignment
    /// writes in place; the value is broadcast to the shape of the part. An index out of range is an error.
    ///
    ///     x[0]                    // [3, 4] -> [4]
    ///     x[.all, 1..<3]          // [3, 4] -> [3, 2]
    ///     x[x < 0] = 0
    public subscript(a: some TensorIndex) -> Tensor {
        get { element(at: [a.index]) }
        set { assign(newValue, at: [a.index]) }
        _modify {
            var part = IndexedPart(of: self, at: [a.index])
            defer { part.writeBack() }
            yield &part.tensor
        }
    }

    /// The part of the tensor at the given indices.
    public subscript(a: some TensorIndex, b: some TensorIndex) -> Tensor {
        get { element(at: [a.index, b.index]) }
        set { assign(newValue, at: [a.index, b.index]) }
        _modify {
            var part = IndexedPart(of: self, at: [a.index, b.index])
            defer { part.writeBack() }
            yield &part.tensor
        }
    }

    /// The part of the tensor at the given indices.
    public subscript(a: some TensorIndex, b: some TensorIndex, c: some TensorIndex) -> Tensor {
        get { element(at: [a.index, b.index, c.index]) }
        set { assign(newValue, at: [a.index, b.index, c.index]) }
        _modify {
            var part = IndexedPart(of: self, at: [a.index, b.index, c.index])
            defer { part.writeBack() }
            yield &part.tensor
        }
    }

    /// The part of the tensor at the given indices.
    public subscript(a: some TensorIndex, b: some TensorIndex, c: some TensorIndex, d: some TensorIndex) -> Tensor {
        get { element(at: [a.index, b.index, c.index, d.index]) }
        set { assign(newValue, at: [a.index, b.index, c.index, d.index]) }
        _modify {
            var part = IndexedPart(of: self, at: [a.index, b.index, c.index, d.index])
            defer { part.writeBack() }
            yield &part.tensor
        }
    }

    /// The part of the tensor at the given indices.
    public subscript(
        a: some TensorIndex, b: some TensorIndex, c: some TensorIndex, d: some TensorIndex, e: some TensorIndex
    ) -> Tensor {
        get { element(at: [a.index, b.index, c.index, d.index, e.index]) }
        set { assign(newValue, at: [a.index, b.index, c.index, d.index, e.index]) }
        _modify {
            var part = IndexedPart(of: self, at: [a.index, b.index, c.index, d.index, e.index])
            defer { part.writeBack() }
            yield &part.tensor
        }
    }

    /// The part of the tensor at a list of indices of any length.
    public subscript(indices: [TensorIndexItem]) -> Tensor {
        get { element(at: indices) }
        set { assign(newValue, at: indices) }
        _modify {
            var part = IndexedPart(of: self, at: indices)
            defer { part.writeBack() }
            yield &part.tensor
        }
    }

    /// Sets the part of the tensor at the given indices to a number: `x[0, 1...] = 2.5`.
    @_disfavoredOverload
    public subscript(indices: any TensorIndex...) -> TensorNumber {
        get { TensorNumber(scalar: .double(element(at: indices.map(\.index)).item())) }
        set { assign(.wrap(newValue.scalar), at: indices.map(\.index)) }
    }

    private func element(at items: [TensorIndexItem]) -> Tensor {
        if isPlaceholder { return self }
        return orFail(like: self) { () throws(TensorError) in
            let plan = try IndexPlan(of: self, items)
            return plan.read()
        }
    }

    private func assign(_ value: Tensor, at items: [TensorIndexItem]) {
        if isPlaceholder || value.isPlaceholder { return }
        do throws(TensorError) {
            if let number = value.wrappedScalar { try number.check(fits: dtype, in: "subscript") }
            try IndexPlan(of: self, items).write(value)
        } catch { reportFailure(error) }
    }
}

/// The indexed part of a tensor in a compound assignment or as an `inout` argument.
private struct IndexedPart {
    var tensor: Tensor
    private let plan: IndexPlan?

    init(of whole: Tensor, at items: [TensorIndexItem]) {
        var plan: IndexPlan?
        tensor = orFail(like: whole) { () throws(TensorError) in
            if whole.isPlaceholder { return whole }
            let found = try IndexPlan(of: whole, items)
            plan = found
            return found.read()
        }
        self.plan = plan
    }

    func writeBack() {
        guard let plan, !tensor.isPlaceholder, tensor !== plan.view else { return }
        do { try plan.write(tensor) } catch { reportFailure(error) }
    }
}

/// A number on the right side of `x[...] = 2.5`. It has its own type because a tensor that can be a literal would slow
/// down the type checking of every expression such as `1 << 20`.
public struct TensorNumber: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    Sendable
{
    let scalar: Scalar

    init(scalar: Scalar) { self.scalar = scalar }
    /// A number from an integer literal.
    public init(integerLiteral value: Int) { scalar = .int(value) }
    /// A number from a floating-point literal.
    public init(floatLiteral value: Double) { scalar = .double(value) }
    /// A number from a bool literal.
    public init(booleanLiteral value: Bool) { scalar = .bool(value) }
    /// A number from a variable: `x[0] = TensorNumber(rate)`. Unlike a tensor it has no dtype of its own.
    public init(_ value: some TensorScalar) { scalar = value.scalar }
}

/// The effect of a list of indices on one tensor: a view, and index tensors for some of its dimensions.
private struct IndexPlan {
    /// The tensor after all items that give views.
    private(set) var view: Tensor
    /// The index tensors (int64, may be negative) and the dimension of `view` that each indexes.
    private(set) var indices: [(dim: Int, tensor: Tensor)] = []
    private let source: Tensor

    init(of tensor: Tensor, _ items: [TensorIndexItem]) throws(TensorError) {
        source = tensor
        view = tensor
        let consumed = items.reduce(0) { $0 + Self.consumed($1) }
        let open = items.reduce(0) { if case .openDimensions = $1 { $0 + 1 } else { $0 } }
        guard consumed <= tensor.rank else {
            throw TensorError(
                .index, in: "subscript", "there are more indices than dimensions",
                got: quantity(consumed, "index", plural: "indices"),
                expected: "at most \(tensor.rank)", operands: [tensor])
        }
        guard open <= 1 else {
            throw TensorError(.index, in: "subscript", "there is more than one .ellipsis", operands: [tensor])
        }
        var dim = 0
        for item in items {
            switch item {
            case .position(let position):
                let size = view.layout.shape[dim]
                guard position >= -size && position < size else {
                    throw TensorError(
                        .index, in: "subscript", "the index is out of range",
                        got: "\(position) in a dimension of size \(size)",
                        expected: size == 0 ? "no index: the dimension is empty" : "\(-size) ... \(size - 1)",
                        operands: [tensor])
                }
                view = applyView(Select(dim: dim, index: position < 0 ? position + size : position), view)
            case .slice(let start, let end, let step):
                guard step > 0 else {
                    throw TensorError(
                        .index, in: "subscript", "the step of a slice is not positive", got: "\(step)",
                        fix: "use flip(_:) to reverse the order", operands: [tensor])
                }
                let size = view.layout.shape[dim]
                let first = Self.clamp(start ?? 0, size)
                let last = max(first, Self.clamp(end ?? size, size))
                if first != 0 || last != size || step != 1 {
                    let count = (last - first).dividedRoundingUp(by: step)
                    view = applyView(Slice(dim: dim, start: first, count: count, step: step), view)
                }
                dim += 1
            case .openDimensions:
                dim += tensor.rank - consumed
            case .insertedDimension:
                view = applyView(Unsqueeze(dim: dim), view)
                dim += 1
            case .tensor(let index) where index.dtype == .bool || index.dtype == .uint8:
                try add(mask: index.atIndexed(view), at: dim)
                // A 0-dimensional mask adds a dimension.
                dim += max(index.rank, 1)
            case .tensor(let index):
                guard index.dtype.isInteger else {
                    throw TensorError(
                        .dtype, in: "subscript", "an index tensor must have an integer dtype or bool",
                        expected: "int64 indices or a bool mask", operands: [index])
                }
                indices.append((dim, (index.dtype == .int64 ? index : index.to(.int64)).atIndexed(view)))
                dim += 1
            }
        }
        // `x[.all]` and the like return a view, not the tensor itself.
        if view === tensor && indices.isEmpty { view = applyView(View(shape: tensor.layout.shape), tensor) }
    }

    private mutating func add(mask: Tensor, at dim: Int) throws(TensorError) {
        for i in 0..<mask.rank where mask.layout.shape[i] != view.layout.shape[dim + i] {
            throw TensorError(
                .index, in: "subscript", "the mask does not fit the dimensions that it indexes",
                got: "mask \(mask.shape)",
                expected: "\(Array(view.shape[dim..<(dim + mask.rank)])) from dimension \(dim)", operands: [source])
        }
        if mask.rank == 0 {
            // A 0-dimensional mask: a new dimension of size 1 or 0.
            view = applyView(Unsqueeze(dim: dim), view)
            let isTrue = mask.item() != 0
            indices.append((dim, Tensor.zeros([isTrue ? 1 : 0], dtype: .int64, device: view.device)))
            return
        }
        let positions = mask.nonzero()
        for i in 0..<mask.rank { indices.append((dim + i, positions.select(1, i))) }
    }

    private static func consumed(_ item: TensorIndexItem) -> Int {
        switch item {
        case .position, .slice: 1
        case .openDimensions, .insertedDimension: 0
        case .tensor(let index): index.dtype == .bool || index.dtype == .uint8 ? index.rank : 1
        }
    }

    private static func clamp(_ position: Int, _ size: Int) -> Int {
        min(max(position < 0 ? position + size : position, 0), size)
    }

    /// The indexed part: the view, or a new tensor if there are index tensors.
    func read() -> Tensor { indices.isEmpty ? view : gather() }

    /// Writes a value to the indexed part.
    func write(_ value: Tensor) throws(TensorError) {
        guard indices.isEmpty else { return try scatter(value) }
        // `x[i] = x[i]`, which a compound assignment through a key path does, changes neither elements nor history.
        let isThePart =
            value.historyOwner === view.historyOwner && value.storage === view.storage && value.layout == view.layout
            && value.dtype == view.dtype && value.requiresGrad == view.requiresGrad
        if isThePart { return }
        view.copy_(try Self.fitted(value, to: view.shape))
    }

    // MARK: Index tensors

    /// The view with the indexed dimensions first, and the position of the gathered dimensions in the result: that of
    /// the indexed dimensions if these are adjacent, else the front.
    private var arranged: (view: Tensor, tensors: [Tensor], front: Int) {
        let dims = indices.map(\.dim)
        let rest = (0..<view.rank).filter { !dims.contains($0) }
        let areNeighbours = zip(dims, dims.dropFirst()).allSatisfy { $1 == $0 + 1 }
        let order = dims + rest
        let isOrdered = order == Array(0..<view.rank)
        return (
            isOrdered ? view : view.permute(order), indices.map(\.tensor), areNeighbours ? dims[0] : 0
        )
    }

    /// The rank of the broadcast index tensors.
    private func indexRank(_ tensors: [Tensor]) -> Int { tensors.map(\.rank).max() ?? 0 }

    private func gather() -> Tensor {
        let (view, tensors, front) = arranged
        let result = view.indexGet(tensors)
        let rank = indexRank(tensors)
        guard front > 0 && !result.isPlaceholder else { return result }
        // [I..., before..., after...] -> [before..., I..., after...]
        let order = Array(rank..<(rank + front)) + Array(0..<rank) + Array((rank + front)..<result.rank)
        return result.permute(order)
    }

    private func scatter(_ value: Tensor) throws(TensorError) {
        let (view, tensors, front) = arranged
        let rank = indexRank(tensors)
        var shape: Dims? = Dims()
        for tensor in tensors { shape = shape.flatMap { Layout.broadcast($0, tensor.layout.shape) } }
        guard let shape else { throw broadcastError("subscript", tensors) }
        let rest = Array(view.shape[tensors.count...])
        let target = Array(rest[..<front]) + Array(shape) + Array(rest[front...])
        let values = try Self.fitted(value.atIndexed(view), to: target)
        let order = Array(front..<(front + rank)) + Array(0..<front) + Array((front + rank)..<target.count)
        view.indexPut_(tensors, front > 0 ? values.permute(order) : values)
    }

    /// The value broadcast to the shape of the part that it is assigned to; leading dimensions of size 1 are removed.
    private static func fitted(_ value: Tensor, to shape: [Int]) throws(TensorError) -> Tensor {
        var value = value
        while value.rank > shape.count && value.layout.shape[0] == 1 { value = value.squeeze(0) }
        guard Layout.broadcast(value.layout.shape, Dims(shape)) == Dims(shape) else {
            throw TensorError(
                .shape, in: "subscript", "the value does not broadcast to the indexed part",
                expected: "a shape that broadcasts to \(shape)", operands: [value])
        }
        return value.expand(shape)
    }
}

extension Tensor {
    /// An index tensor or the assigned values on the device of the indexed tensor: a tensor on the CPU is copied there.
    fileprivate func atIndexed(_ indexed: Tensor) -> Tensor { device == .cpu ? to(indexed.device) : self }
}
