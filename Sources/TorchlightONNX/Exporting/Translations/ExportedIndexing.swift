import TorchlightCore

/// Indexing and concatenation.
func registerIndexing(in table: inout Translations) {
    table.one(Cat.self) { c, p in
        // Tensors of shape [0] are skipped.
        let used = (0..<c.count).filter { !(c.rank($0) == 1 && c.outRank != 1 && c.shape($0)[0].fixed == 0) }
        let names = try used.map { try c.x($0, c.out) }
        return names.count == 1
            ? c.node("Identity", names[0]) : c.builder.node("Concat", names, [("axis", .int(p.dim))])
    }
    table.one(Embedding.self) { c, _ in c.node("Gather", try c.x(0), try c.x(1), attributes: [("axis", .int(0))]) }
    table.one(IndexSelect.self) { c, p in
        c.node("Gather", try c.x(0), try c.x(1), attributes: [("axis", .int(p.dim))])
    }
    table.one(TorchlightCore.Gather.self) { c, p in
        if c.rank(0) == 0 { return try c.reshape(try c.x(0), c.outShape()) }
        return c.node("GatherElements", try c.x(0), try c.x(1), attributes: [("axis", .int(p.dim))])
    }
    table.one(TorchlightCore.Scatter.self, where: { p, _ in p.reduction == .set || p.includesSelf }) { c, p in
        var attributes: Attributes = [("axis", .int(p.dim))]
        if let reduction = try c.reduction(p.reduction) { attributes.append(("reduction", reduction)) }
        if c.rank(0) == 0 {
            let result = c.node(
                "ScatterElements", c.unsqueeze(try c.x(0), [0]), c.unsqueeze(try c.x(1), [0]),
                c.unsqueeze(try c.x(2), [0]), attributes: attributes)
            return c.squeeze(result, [0])
        }
        return c.node("ScatterElements", try c.x(0), try c.x(1), try c.x(2), attributes: attributes)
    }
    table.one(IndexAdd.self) { c, p in
        let attributes: Attributes = [("axis", .int(p.dim)), ("reduction", try c.reduction(.add)!)]
        // [k] -> the shape of the source
        let index = c.unsqueeze(try c.x(1), (0..<c.rank(0)).filter { $0 != p.dim })
        let expanded = c.node("Expand", index, c.node("Shape", try c.x(2)))
        return c.node("ScatterElements", try c.x(0), expanded, try c.x(2), attributes: attributes)
    }
    table.one(IndexGet.self) { c, _ in
        if c.count == 2 { return c.node("Gather", try c.x(0), try c.x(1), attributes: [("axis", .int(0))]) }
        return c.node("GatherND", try c.x(0), try c.indices(from: 1))
    }
    table.one(IndexPut.self) { c, p in
        let attributes: Attributes = try p.accumulates ? [("reduction", c.reduction(.add)!)] : []
        let indices = try c.indices(from: 2)
        let shape = c.indexShape(from: 2) + c.shape(0).dropFirst(c.count - 2)
        var values = try c.x(1, c.out)
        if c.shape(1) != shape { values = c.node("Expand", values, try c.builder.sizes(shape)) }
        return c.node("ScatterND", try c.x(0), indices, values, attributes: attributes)
    }
    table.one(MaskedScatter.self) { c, _ in
        let mask = try c.x(1)
        // The number of true elements before each one is the index of its value.
        let flat = c.node("Reshape", mask, c.ints([-1]))
        let sum = c.node("CumSum", c.cast(flat, .bool, .int64), c.builder.int(0))
        let index = c.node("Max", c.node("Sub", sum, c.builder.int(1)), c.builder.int(0))
        let source = c.node("Reshape", try c.x(2), c.ints([-1]))
        let chosen = c.node("Gather", source, index, attributes: [("axis", .int(0))])
        return c.node("Where", mask, try c.reshape(chosen, c.outShape()), try c.x(0))
    }
}

extension ExportCall {
    /// The attribute of an operator that combines elements.
    fileprivate func reduction(_ reduction: Scatter.Reduction) throws -> AttributeProto.Value? {
        let (name, since): (String, Int)
        switch reduction {
        case .set: return nil
        case .add: (name, since) = ("add", 16)
        case .multiply: (name, since) = ("mul", 16)
        case .max: (name, since) = ("max", 18)
        case .min: (name, since) = ("min", 18)
        }
        guard opset >= since else { throw Problem("the reduction \(name) needs opset \(since)", kind: .unsupported) }
        return .string(Array(name.utf8))
    }

    fileprivate func indexShape(from first: Int) -> [Size] {
        var result: [Size] = []
        let ones = Size(primitives.map { _ in 1 })
        for index in first..<count {
            let shape = self.shape(index)
            let lead = Swift.max(shape.count, result.count)
            func padded(_ shape: [Size]) -> [Size] { Array(repeating: ones, count: lead - shape.count) + shape }
            result = zip(padded(result), padded(shape)).map { $0 == ones ? $1 : $0 }
        }
        return result
    }

    /// The index tensors of the leading dimensions, stacked along the last dimension: `[*, k]`.
    fileprivate func indices(from first: Int) throws -> String {
        let shape = indexShape(from: first)
        let parts = try (first..<count).map { index in
            var name = try x(index, .int64)
            if self.shape(index) != shape { name = node("Expand", name, try builder.sizes(shape)) }
            return unsqueeze(name, [shape.count])
        }
        return parts.count == 1 ? parts[0] : builder.node("Concat", parts, [("axis", .int(shape.count))])
    }
}

/// Sorting and top-k.
func registerOrders(in table: inout Translations) {
    table.add(Sort.self) { c, p in
        let k = try c.rank(0) == 0 ? "" : c.builder.size(c.shape(0)[p.dim])
        return try c.top(dim: p.dim, k: k, isLargest: p.isDescending)
    }
    table.add(TopK.self, hasSizes: true) { c, p in
        try c.requireSame(p, "the dimension of topk") { $0.dim }
        return try c.top(dim: p.dim, k: c.builder.size(c.size(p) { $0.k }), isLargest: p.isLargest)
    }
    table.one(SearchSorted.self) { c, p in
        // The number of elements of the row that are smaller, or smaller or equal.
        let row = c.unsqueeze(try c.x(0), [c.rank(0) - 1])
        let value = c.unsqueeze(try c.x(1), [c.rank(1)])
        let isBefore = c.node(p.isRight ? "LessOrEqual" : "Less", row, value)
        let count = c.reduce("ReduceSum", c.cast(isBefore, .bool, .int64), [-1], keepdim: false)
        return c.cast(count, .int64, c.out)
    }
}

extension ExportCall {
    /// The largest or smallest elements of a dimension in order, and their indices.
    fileprivate func top(dim: Int, k: String, isLargest: Bool) throws -> [String] {
        let narrow = dtype(0)
        let wide: DType =
            switch narrow {
            case .bool, .uint8, .int8, .int16: .int32
            default: narrow
            }
        let x = cast(try self.x(0), narrow, wide)
        let attributes: Attributes = [("axis", .int(dim)), ("largest", .int(isLargest ? 1 : 0))]
        if rank(0) == 0 {
            return [node("Identity", try self.x(0)), node("Identity", builder.int(0))]
        }
        let results = builder.nodes("TopK", [x, k], attributes, outputs: 2)
        return [cast(results[0], wide, narrow), results[1]]
    }
}
