import TorchlightCore

/// The indices of an input as int64; negative ones count from the end. An index out of range is an error.
func checkedIndices(_ call: Call, _ index: Int, size: Int) throws -> Tensor {
    let typed = try call.typed(index)
    guard typed.type.isInteger else { throw Problem("input \(index) has type \(typed.type)", expected: "integers") }
    return try nonNegative(typed.tensor.to(.int64), size: size)
}

/// Non-negative indices. They are checked in each run of a recorded function.
func nonNegative(_ indices: Tensor, size: Int) throws -> Tensor {
    if indices.count == 0 { return indices }
    // A later run may have negative indices.
    var hasNegative = isRecordingFunction
    try checkValues("indices", [indices]) { operands throws(TensorError) in
        if let bad = firstIndex(of: operands[0], below: -size, orAtLeast: size) {
            throw TensorError(
                .index, in: "indices", "an index is out of range", got: "\(operands[0].element(at: bad).value)",
                expected: "indices from \(-size) to \(size - 1)")
        }
        if !hasNegative { hasNegative = firstIndex(of: operands[0], below: 0, orAtLeast: size) != nil }
    }
    return hasNegative ? Tensor.where(indices < 0, indices + size, indices) : indices
}

func registerIndexing(in table: inout OperatorTable) {
    table.add("Gather", 2...2, foldable: true) { call in
        try call.moved(0) { x in
            let dim = try call.dim(try call.int("axis", 0), x.rank)
            let indices = try checkedIndices(call, 1, size: x.shape[dim])
            let picked = x.indexSelect(dim, indices.flatten())
            return picked.reshape(Array(x.shape[..<dim]) + indices.shape + Array(x.shape[(dim + 1)...]))
        }
    }
    table.add("GatherElements", since: 11, 2...2) { call in
        try call.moved(0) { x in
            let dim = try call.dim(try call.int("axis", 0), x.rank)
            return x.gather(dim, try checkedIndices(call, 1, size: x.shape[dim]))
        }
    }
    table.add("GatherND", since: 11, 2...2) { call in
        let batch = try call.int("batch_dims", 0)
        return try call.moved(0) { x in
            let flat = try FlatIndices(x.shape, try call.typed(1).tensor.to(.int64), batchDims: batch)
            let rows = x.reshape([flat.rowCount] + flat.rowShape)
            return rows.indexSelect(0, flat.rows).reshape(flat.batchShape + flat.rowShape)
        }
    }
    table.add("NonZero", since: 9, 1...1) { one(try $0.tensor(0).atLeast1d().nonzero().t()) }
    table.add("Compress", since: 9, 2...2) { call in
        let flags = try call.tensor(1).toArray(Bool.self)
        let chosen = flags.indices.filter { flags[$0] }
        let axis = try call.int("axis")
        return try call.moved(0) { x in
            let source = axis == nil ? x.flatten() : x
            let dim = try axis.map { try call.dim($0, x.rank) } ?? 0
            guard (chosen.last ?? -1) < source.shape[dim] else {
                throw Problem("a condition of \(quantity(flags.count, "element")) for the size \(source.shape[dim])")
            }
            return source.indexSelect(dim, Tensor(chosen, shape: [chosen.count]))
        }
    }
    table.add("TopK", 1...2) { call in
        let typed = try call.typed(0)
        let x = typed.tensor
        let k = call.version < 10 ? try call.int("k", 0) : try call.integer(1)
        let dim = try call.dim(try call.int("axis", -1), x.rank)
        guard k >= 0, k <= x.shape[dim] else { throw Problem("the \(k) largest of \(x.shape[dim])") }
        let isLargest = try call.flag("largest", true)
        // Equal elements are ordered by index, which a stable sort preserves.
        let order = x.sort(dim: dim, descending: isLargest)
        let indices = order.indices.narrow(dim, start: 0, length: k)
        return [.tensor(ONNXTensor(x.gather(dim, indices), typed.type)), ONNXValue(indices)]
    }
    table.add("Unique", since: 11, 1...1, unique)
    table.add("ArrayFeatureExtractor", 2...2, domain: "ai.onnx.ml") { call in
        try call.moved(0) { x in
            let size = x.shape.last ?? 0
            let picked = x.indexSelect(max(x.rank - 1, 0), try checkedIndices(call, 1, size: size).flatten())
            return x.rank == 1 ? picked.unsqueeze(0) : picked
        }
    }
    table.add("OneHot", since: 9, 3...3) { call in
        let depth = try call.numbers(1)
        guard depth.count == 1, depth[0] >= 0, depth[0] < 0x1p40 else { throw Problem("the depth \(depth)") }
        let classes = Int(depth[0])
        let indices = try call.tensor(0).to(.int64)
        let values = try call.tensor(2)
        guard values.count == 2 else { throw Problem(quantity(values.count, "value"), expected: "off and on") }
        let axis = try call.int("axis", -1)
        let dim = try call.dim(axis, indices.rank + 1)
        try call.check(shape: indices.shape + [classes], values.dtype)
        let wrapped = Tensor.where(indices < 0, indices + classes, indices)
        var shape = [Int](repeating: 1, count: indices.rank + 1)
        shape[dim] = classes
        let isOn = wrapped.unsqueeze(dim) .== Tensor.arange(0, classes, dtype: .int64).reshape(shape)
        return try call.like(2, Tensor.where(isOn, values.flatten()[1], values.flatten()[0]))
    }
}

/// Indices of leading dimensions as row indices.
struct FlatIndices {
    /// The shape of a row: the dimensions that are not indexed.
    let rowShape: [Int]
    let rowCount: Int
    /// The shape of the indices without the last dimension.
    let batchShape: [Int]
    /// The row of each index.
    let rows: Tensor

    init(_ shape: [Int], _ indices: Tensor, batchDims: Int = 0) throws {
        guard indices.rank > 0, let length = indices.shape.last, batchDims >= 0, batchDims < indices.rank,
            batchDims + length <= shape.count,
            Array(shape[..<batchDims]) == Array(indices.shape[..<batchDims])
        else { throw Problem("indices of shape \(indices.shape) of a tensor of shape \(shape)") }
        batchShape = Array(indices.shape.dropLast())
        let named = Array(shape[batchDims..<(batchDims + length)])
        rowShape = Array(shape[(batchDims + length)...])
        rowCount = shape[..<(batchDims + length)].reduce(1, *)
        var total = Tensor.zeros(batchShape, dtype: .int64)
        for (part, size) in named.enumerated() {
            total = total * size + (try nonNegative(indices.select(indices.rank - 1, part), size: size))
        }
        let batches = shape[..<batchDims].reduce(1, *)
        if batchDims > 0 {
            let perBatch = named.reduce(1, *)
            let rest = batchShape[batchDims...].reduce(1, *)
            let offset = (Tensor.arange(0, batches, dtype: .int64) * perBatch).unsqueeze(1).expand([batches, rest])
            total = total.reshape([batches, rest]) + offset
        }
        rows = total.flatten()
    }
}

@Sendable private func unique(_ call: Call) throws -> [ONNXValue] {
    let typed = try call.typed(0)
    let axis = try call.int("axis")
    let x = typed.tensor
    let dim = try axis.map { try call.dim($0, x.rank) }
    let found = x.unique(dim: dim)
    let count = found.counts.count
    let inverse = found.inverse.flatten()
    // The first index of each unique element.
    let positions = Tensor.arange(0, inverse.count, dtype: .int64)
    let first = Tensor.full([count], Int.max, dtype: .int64)
        .scatterReduce(0, inverse, positions, reduce: .amin, includeSelf: true)
    var (values, indices, back, counts) = (found.values, first, inverse, found.counts)
    if !(try call.flag("sorted", true)) {
        // The order of first occurrence.
        let order = first.argsort()
        values = values.indexSelect(dim ?? 0, order)
        indices = indices.indexSelect(0, order)
        counts = counts.indexSelect(0, order)
        back = order.argsort().indexSelect(0, inverse)
    }
    return [.tensor(ONNXTensor(values, typed.type)), ONNXValue(indices), ONNXValue(back), ONNXValue(counts)]
}
