import TorchlightCore

/// Reshapes, slices and permutations.
func registerViews(in table: inout Translations) {
    table.one(View.self, hasSizes: true) { c, p in try c.reshape(try c.x(0), try c.sizes(p) { $0.shape }) }
    table.one(Expand.self, hasSizes: true) { c, p in
        c.node("Expand", try c.x(0), try c.builder.sizes(try c.sizes(p) { $0.shape }))
    }
    table.one(Permute.self) { c, p in c.transpose(try c.x(0), Array(p.order)) }
    table.one(Squeeze.self) { c, p in c.squeeze(try c.x(0), Array(p.dims)) }
    table.one(Unsqueeze.self) { c, p in c.unsqueeze(try c.x(0), [p.dim]) }
    table.one(Slice.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the dimension") { $0.dim }
        return try c.slice(
            try c.x(0), p.dim, start: c.size(p) { $0.start }, count: c.size(p) { $0.count },
            step: c.size(p) { $0.step })
    }
    table.one(Select.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the dimension") { $0.dim }
        let index = c.size(p) { $0.index }
        let number = try c.number(index)
        return c.node("Gather", try c.x(0), number, attributes: [("axis", .int(p.dim))])
    }
    table.one(Flip.self) { c, p in
        let dims = Array(p.dims)
        if dims.isEmpty { return c.node("Identity", try c.x(0)) }
        func all(_ value: Int) -> String { c.ints(dims.map { _ in value }) }
        return c.node("Slice", try c.x(0), all(-1), all(Int(Int32.min)), c.ints(dims), all(-1))
    }
    table.one(ConstantPad.self, hasSizes: true) { c, p in
        let (before, after) = (try c.sizes(p) { $0.before }, try c.sizes(p) { $0.after })
        var x = try c.x(0)
        let wide: DType = c.out == .bool ? .int32 : c.out
        x = c.cast(x, c.out, wide)
        let value: String =
            switch p.value {
            case .bool(let value): c.scalar(value ? 1 : 0, wide)
            default: c.scalar(p.value.asDouble, wide)
            }
        return c.cast(c.node("Pad", x, try c.builder.sizes(before + after), value), wide, c.out)
    }
    table.one(Triangle.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the triangle") { $0.isUpper }
        let diagonal = c.size(p) { Swift.min(Swift.max($0.diagonal, -maximumCount), maximumCount) }
        let x = try c.x(0)
        let wide: DType = c.out == .bool || c.out == .int32 ? .int64 : c.out
        if c.opset >= 14 {
            let k = try c.number(diagonal)
            let triangle = c.node(
                "Trilu", c.cast(x, c.out, wide), k, attributes: [("upper", .int(p.isUpper ? 1 : 0))])
            return c.cast(triangle, wide, c.out)
        }
        func range(_ dim: Int) -> String {
            let length = c.node(
                "Gather", c.node("Shape", x), c.builder.int(dim), attributes: [("axis", .int(0))])
            return c.node("Range", c.builder.int(0), length, c.builder.int(1))
        }
        let rank = c.rank(0)
        let rows = c.node("Add", c.unsqueeze(range(rank - 2), [1]), try c.builder.size(diagonal))
        let columns = c.unsqueeze(range(rank - 1), [0])
        let keeps = c.node(p.isUpper ? "GreaterOrEqual" : "LessOrEqual", columns, rows)
        return c.node("Where", keeps, x, c.scalar(0))
    }
    table.one(Diagonal.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the diagonal") { $0 }
        // The two dimensions are merged to the last one, and the elements of the diagonal are gathered from it.
        let shape = c.shape(0)
        let sizes = try c.fixed([shape[p.dim1], shape[p.dim2]], "the size of the matrices")
        let rest = (0..<c.rank(0)).filter { $0 != p.dim1 && $0 != p.dim2 }
        let first = Swift.max(-p.offset, 0)
        let indices = (first..<Swift.max(first, sizes[0])).map { ($0, $0 + p.offset) }
            .filter { $0.1 >= 0 && $0.1 < sizes[1] }.map { $0.0 * sizes[1] + $0.1 }
        let flat = try c.reshape(
            c.transpose(try c.x(0), rest + [p.dim1, p.dim2]),
            rest.map { shape[$0] } + [Size(c.primitives.map { _ in sizes[0] * sizes[1] })])
        return c.gather(flat, Tensor(indices, shape: [indices.count]), rest.count)
    }
    table.one(TorchlightCore.Unfold.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the window") { $0 }
        let axis: Attributes = [("axis", .int(p.dim))]
        let offsets = Tensor(Array(0..<p.size), shape: [1, p.size])
        let windows: String
        if let count = c.outShape()[p.dim].fixed {
            let starts = Tensor((0..<count).map { $0 * p.step }, shape: [count, 1])
            windows = c.builder.constant(starts + offsets)
        } else {
            let range = c.node("Range", c.builder.int(0), try c.number(c.outShape()[p.dim]), c.builder.int(1))
            let starts = c.unsqueeze(c.node("Mul", range, c.builder.int(p.step)), [1])
            windows = c.node("Add", starts, c.builder.constant(offsets))
        }
        let x = c.node("Gather", try c.x(0), windows, attributes: axis)
        // [*, windows, size, *] -> [*, windows, *, size]
        let rank = c.rank(0) + 1
        return c.transpose(x, (0..<rank).filter { $0 != p.dim + 1 } + [p.dim + 1])
    }
    table.one(AsStrided.self, hasSizes: true) { c, p in
        if let view = StridedView(
            c.primitives.map { ($0 as! AsStrided).layout }, c.primitives.map { ($0 as! AsStrided).base })
        {
            return try view.read(try c.x(0), c)
        }
        try c.requireSame(p, "a view of other strides") { $0 }
        let indices = try ElementIndices(p.base).indices(of: p.layout)
        let flat = c.node("Reshape", try c.x(0), c.ints([-1]))
        return c.gather(flat, Tensor(indices, shape: Array(p.layout.shape)), 0)
    }
    table.one(ScatterView.self, hasSizes: true) { c, p in
        let layouts = c.primitives.map { $0 as! ScatterView }
        if let view = StridedView(layouts.map(\.view), layouts.map(\.base)),
            let result = try view.replace(try c.x(0), with: try c.x(1, c.out), c)
        {
            return result
        }
        try c.requireSame(p, "a write to a view of other strides") { $0 }
        let viewIndices = try ElementIndices(p.base).indices(of: p.view)
        let indices = c.builder.constant(Tensor(viewIndices, shape: [viewIndices.count, 1]))
        let flat = c.node("Reshape", try c.x(0), c.ints([-1]))
        let updates = c.node("Reshape", try c.x(1, c.out), c.ints([-1]))
        return try c.reshape(c.node("ScatterND", flat, indices, updates), c.outShape())
    }
}

/// The index of each element of a storage in the row-major order of the tensor that covers it.
private struct ElementIndices {
    private var indices: [Int: Int] = [:]

    init(_ base: Layout) throws {
        guard base.count <= 1 << 24 else { throw Problem("the tensor is too large for an index", kind: .unsupported) }
        for (index, offset) in Self.storageOffsets(base).enumerated() { indices[offset] = index }
    }

    func indices(of view: Layout) throws -> [Int] {
        try Self.storageOffsets(view).map { offset in
            guard let index = indices[offset] else {
                throw Problem("a view has elements outside its base", kind: .unsupported)
            }
            return index
        }
    }

    private static func storageOffsets(_ layout: Layout) -> [Int] {
        var offsets = [layout.offset]
        for dim in 0..<layout.rank {
            offsets = offsets.flatMap { offset in (0..<layout.shape[dim]).map { offset + $0 * layout.strides[dim] } }
        }
        return offsets
    }
}

/// A view that slices the dimensions of its base, removes dimensions and permutes them.
private struct StridedView {
    /// The range of each dimension of the base.
    private var starts: [Size] = []
    private var counts: [Size] = []
    private var steps: [Size] = []
    private let base: [Size]
    /// The dimension of the base for each dimension of the view; nil for an inserted dimension of size 1.
    private var sources: [Int?] = []

    /// - Parameters:
    ///   - views: the layout of the view in each recording.
    ///   - bases: the layout of the base in each recording, row-major.
    init?(_ views: [Layout], _ bases: [Layout]) {
        guard bases.allSatisfy({ $0.isContiguous && $0.count > 0 && $0.offset == 0 }) else { return nil }
        let parts = zip(views, bases).map { Self.parts($0, $1) }
        guard let first = parts[0], parts.allSatisfy({ $0?.sources == first.sources }) else { return nil }
        sources = first.sources
        base = bases[0].shape.indices.map { dim in Size(bases.map { $0.shape[dim] }) }
        for dim in base.indices {
            starts.append(Size(parts.map { $0!.ranges[dim].start }))
            counts.append(Size(parts.map { $0!.ranges[dim].count }))
            steps.append(Size(parts.map { $0!.ranges[dim].step }))
        }
    }

    private static func parts(
        _ view: Layout, _ base: Layout
    ) -> (sources: [Int?], ranges: [(start: Int, count: Int, step: Int)])? {
        var ranges: [(start: Int, count: Int, step: Int)] = []
        var offset = view.offset
        for dim in 0..<base.rank {
            let start = Swift.min(offset / Swift.max(base.strides[dim], 1), base.shape[dim] - 1)
            offset -= start * base.strides[dim]
            ranges.append((start, 1, 1))
        }
        guard offset == 0 else { return nil }
        var sources: [Int?] = []
        for dim in 0..<view.rank {
            let (size, stride) = (view.shape[dim], view.strides[dim])
            if size == 1 {
                sources.append(nil)
                continue
            }
            let source = (0..<base.rank).first { candidate in
                let unit = base.strides[candidate]
                return base.shape[candidate] > 1 && stride >= unit && stride % unit == 0 && !sources.contains(candidate)
                    && ranges[candidate].start + (size - 1) * (stride / unit) < base.shape[candidate]
            }
            guard size > 0, let source else { return nil }
            ranges[source].count = size
            ranges[source].step = stride / base.strides[source]
            sources.append(source)
        }
        return (sources, ranges)
    }

    private func isWhole(_ dim: Int) -> Bool { counts[dim] == base[dim] }

    /// The elements of the view.
    func read(_ name: String, _ c: ExportCall) throws -> String {
        var x = name
        for dim in base.indices where !isWhole(dim) {
            x = try c.slice(x, dim, start: starts[dim], count: counts[dim], step: steps[dim])
        }
        let kept = sources.compactMap { $0 }
        x = c.squeeze(x, base.indices.filter { !kept.contains($0) })
        let sorted = kept.sorted()
        x = c.transpose(x, kept.map { sorted.firstIndex(of: $0)! })
        return c.unsqueeze(x, sources.indices.filter { sources[$0] == nil })
    }

    /// The base with the elements of the view replaced; nil unless the view is a contiguous range of one dimension.
    func replace(_ name: String, with new: String, _ c: ExportCall) throws -> String? {
        let parted = base.indices.filter { !isWhole($0) }
        let kept = sources.compactMap { $0 }
        guard parted.count <= 1, kept == kept.sorted() else { return nil }
        // The view has the dimensions of the base, except for those of size 1.
        let shape = base.indices.map { parted.contains($0) ? counts[$0] : base[$0] }
        let value = try c.reshape(new, shape)
        guard let dim = parted.first else { return value }
        guard steps[dim].fixed == 1 else { return nil }
        let one = steps[dim]
        let zero = Size(one.values.map { _ in 0 })
        let end = Size.combine(starts[dim], counts[dim], +)
        let rest = Size.combine(base[dim], end, -)
        var parts: [String] = []
        if starts[dim] != zero { parts.append(try c.slice(name, dim, start: zero, count: starts[dim], step: one)) }
        parts.append(value)
        if rest != zero { parts.append(try c.slice(name, dim, start: end, count: rest, step: one)) }
        return parts.count == 1 ? value : c.builder.node("Concat", parts, [("axis", .int(dim))])
    }
}
