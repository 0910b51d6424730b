import TorchlightCore

func registerShapes(in table: inout OperatorTable) {
    table.add("Shape", 1...1) { call in
        let shape = try shape(of: call.value(0))
        func bound(_ name: String, _ standard: Int) throws -> Int {
            let value = try call.int(name, standard)
            return min(max(value < 0 ? value + shape.count : value, 0), shape.count)
        }
        let (start, end) = (try bound("start", 0), try bound("end", shape.count))
        let part = start < end ? Array(shape[start..<end]) : []
        return one(Tensor(part, shape: [part.count]))
    }
    table.add("Size", 1...1) { one(Tensor(try shape(of: $0.value(0)).reduce(1, *))) }
    table.add("Reshape", since: 5, 2...2, foldable: true) { call in
        let shape = try call.integers(1)
        let keepsZero = try call.flag("allowzero")
        return try call.moved(0) { x in
            let sizes = try shape.enumerated().map { index, size -> Int in
                guard size == 0, !keepsZero else { return size }
                guard index < x.rank else { throw Problem("the size 0 at \(index) of a tensor of shape \(x.shape)") }
                return x.shape[index]
            }
            return x.reshape(sizes)
        }
    }
    table.add("Flatten", 1...1) { call in
        let axis = try call.int("axis", 1)
        return try call.moved(0) { x in
            let dim = axis < 0 ? axis + x.rank : axis
            guard dim >= 0, dim <= x.rank else { throw Problem("the axis \(axis) of \(quantity(x.rank, "dimension"))") }
            return x.reshape([x.shape[..<dim].reduce(1, *), x.shape[dim...].reduce(1, *)])
        }
    }
    table.add("Squeeze", 1...2, foldable: true) { call in
        let axes = call.version >= 13 ? try call.optionalIntegers(1) : try call.ints("axes")
        return try call.moved(0) { x in
            guard let axes else { return x.squeeze() }
            let dims = try axes.map { try call.dim($0, x.rank) }
            if let bad = dims.first(where: { x.shape[$0] != 1 }) {
                throw Problem("dimension \(bad) has size \(x.shape[bad])", expected: "size 1")
            }
            return x.squeeze(dims)
        }
    }
    table.add("Unsqueeze", 1...2, foldable: true) { call in
        guard let axes = call.version >= 13 ? try call.integers(1) : try call.ints("axes") else {
            throw Problem("the attribute axes is missing", kind: .invalid)
        }
        return try call.moved(0) { x in
            let rank = x.rank + axes.count
            let dims = Set(try axes.map { try call.dim($0, rank) })
            guard dims.count == axes.count else { throw Problem("the axes \(axes) name a dimension twice") }
            var sizes = x.shape.makeIterator()
            return x.reshape((0..<rank).map { dims.contains($0) ? 1 : sizes.next() ?? 1 })
        }
    }
    table.add("Transpose", 1...1, foldable: true) { call in
        let order = try call.ints("perm")
        return try call.moved(0) { $0.permute(order ?? Array((0..<$0.rank).reversed())) }
    }
    table.add("Expand", since: 8, 2...2) { call in
        let shape = try call.integers(1)
        return try call.moved(0) { x in
            guard let sizes = broadcastShapes(x.shape, shape) else {
                throw Problem("a tensor of shape \(x.shape) does not expand to \(shape)")
            }
            return x.expand(sizes)
        }
    }
    table.add("Tile", since: 6, 2...2) { call in
        let counts = try call.integers(1)
        return try call.moved(0) { x in
            guard counts.count == x.rank, counts.allSatisfy({ $0 >= 0 }) else {
                throw Problem("the repeats \(counts) of a tensor of shape \(x.shape)")
            }
            try call.check(
                shape: zip(x.shape, counts).map { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 },
                x.dtype)
            return x.repeat(counts)
        }
    }
    table.add("Concat", 1...Int.max, foldable: true) { call in
        guard let axis = try call.int("axis") else { throw Problem("the attribute axis is missing", kind: .invalid) }
        return [try concatenated(call, try call.inputs.indices.map { try call.value($0) }, axis)]
    }
    table.add("Split", since: 2, 1...2) { call in
        let axis = try call.int("axis", 0)
        let value = try call.value(0)
        let sizes = try shape(of: value)
        let dim = try call.dim(axis, sizes.count)
        let parts: [Int]
        if let given = call.version >= 13 ? try call.optionalIntegers(1) : try call.ints("split") {
            parts = given
        } else {
            let count = try call.int("num_outputs", call.node.outputs.count)
            parts = try equalParts(sizes[dim], count)
        }
        guard parts.allSatisfy({ $0 >= 0 }), parts.reduce(0, { $0 +| $1 }) == sizes[dim] else {
            throw Problem("a split of the size \(sizes[dim]) into \(parts)")
        }
        var start = 0
        return try parts.map { size in
            defer { start += size }
            return try call.moved(value) { $0.narrow(dim, start: start, length: size) }
        }
    }
    table.add("Slice", 1...5, foldable: true) { call in
        let (starts, ends): ([Int], [Int])
        var (axes, steps): ([Int]?, [Int]?)
        if call.version < 10 {
            (starts, ends) = (try call.ints("starts") ?? [], try call.ints("ends") ?? [])
            axes = try call.ints("axes")
        } else {
            (starts, ends) = (try call.integers(1), try call.integers(2))
            (axes, steps) = (try call.optionalIntegers(3), try call.optionalIntegers(4))
        }
        guard starts.count == ends.count, axes.map({ $0.count == starts.count }) ?? true,
            steps.map({ $0.count == starts.count }) ?? true
        else { throw Problem("the lists of starts, ends, axes and steps have different lengths") }
        return try call.moved(0) { x in
            var result = x
            for index in starts.indices {
                let dim = try call.dim(axes?[index] ?? index, x.rank)
                result = try sliced(result, dim, starts[index], ends[index], steps?[index] ?? 1)
            }
            return result
        }
    }
    table.add("DepthToSpace", 1...1) { call in
        let x = try call.tensor(0)
        let block = try blockSize(call, x)
        let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        guard c % (block * block) == 0 else { throw Problem("\(quantity(c, "channel")) with blocks of \(block)") }
        let depth = c / (block * block)
        let isDCR = try call.choice("mode", "DCR", of: ["DCR", "CRD"]) == "DCR"
        let parts =
            isDCR
            ? x.reshape([n, block, block, depth, h, w]).permute([0, 3, 4, 1, 5, 2])
            : x.reshape([n, depth, block, block, h, w]).permute([0, 1, 4, 2, 5, 3])
        return try call.like(0, parts.reshape([n, depth, h *| block, w *| block]))
    }
    table.add("SpaceToDepth", 1...1) { call in
        let x = try call.tensor(0)
        let block = try blockSize(call, x)
        let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        guard h % block == 0, w % block == 0 else { throw Problem("an image of \(h) x \(w) with blocks of \(block)") }
        let parts = x.reshape([n, c, h / block, block, w / block, block])
        let isDCR = try call.choice("mode", "DCR", of: ["DCR", "CRD"]) == "DCR"
        let order = isDCR ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
        return try call.like(0, parts.permute(order).reshape([n, c *| block *| block, h / block, w / block]))
    }
    table.add("Trilu", since: 14, 1...2) { call in
        let x = try call.tensor(0)
        let k = call.has(1) ? min(max(try call.integer(1), -(1 << 40)), 1 << 40) : 0
        let wide = x.dtype == .bool ? x.to(.uint8) : x
        return try call.like(0, try call.flag("upper", true) ? wide.triu(k) : wide.tril(k))
    }
    table.add("ReverseSequence", since: 10, 2...2) { call in
        let x = try call.tensor(0)
        let lengths = try call.integers(1)
        let (time, batch) = (try call.int("time_axis", 0), try call.int("batch_axis", 1))
        guard x.rank >= 2, (time, batch) == (0, 1) || (time, batch) == (1, 0), lengths.count == x.shape[batch] else {
            throw Problem(
                "the time axis \(time), the batch axis \(batch) and \(quantity(lengths.count, "length")) of \(x.shape)")
        }
        let steps = x.shape[time]
        guard lengths.allSatisfy({ (0...steps).contains($0) }) else { throw Problem("a length beyond \(steps)") }
        let order = lengths.flatMap { length in (0..<steps).map { $0 < length ? length - 1 - $0 : $0 } }
        let index = Tensor(order, shape: [lengths.count, steps])
        let rows = Tensor.arange(0, lengths.count, dtype: .int64).unsqueeze(1).expand([lengths.count, steps])
        let picked = (time == 0 ? x.transpose(0, 1) : x)[[rows.index, index.index]]
        return try call.like(0, time == 0 ? picked.transpose(0, 1) : picked)
    }
    table.add("CenterCropPad", since: 18, 2...2) { call in
        let wanted = try call.integers(1)
        return try call.moved(0) { x in
            let axes = try (try call.ints("axes") ?? Array(0..<x.rank)).map { try call.dim($0, x.rank) }
            guard axes.count == wanted.count, wanted.allSatisfy({ $0 >= 0 }) else {
                throw Problem("the shape \(wanted)")
            }
            var result = x
            for (dim, size) in zip(axes, wanted) {
                let old = result.shape[dim]
                if size <= old {
                    result = result.narrow(dim, start: (old - size) / 2, length: size)
                } else {
                    var shape = result.shape
                    shape[dim] = size
                    try call.check(shape: shape, x.dtype)
                    let before = (size - old) / 2
                    result = padded(result, dim, before, size - old - before)
                }
            }
            return result
        }
    }
}

/// Pads one dimension with zeros.
func padded(_ x: Tensor, _ dim: Int, _ before: Int, _ after: Int) -> Tensor {
    x.pad([Int](repeating: 0, count: 2 * (x.rank - 1 - dim)) + [before, after])
}

func shape(of value: ONNXValue) throws -> [Int] {
    switch value {
    case .tensor(let tensor): return tensor.tensor.shape
    case .strings(let strings): return strings.shape
    default: throw Problem("the input is \(value.kind)", expected: "a tensor")
    }
}

func equalParts(_ size: Int, _ count: Int) throws -> [Int] {
    guard count > 0, count <= max(size, 1) else {
        throw Problem("a split of the size \(size) into \(quantity(count, "part"))")
    }
    let part = (size + count - 1) / count
    return (0..<count).map { max(0, min(part, size - $0 * part)) }
}

func concatenated(_ call: Call, _ values: [ONNXValue], _ axis: Int) throws -> ONNXValue {
    var strings: [StringTensor] = []
    var tensors: [ONNXTensor] = []
    for value in values {
        switch value {
        case .tensor(let tensor): tensors.append(tensor)
        case .strings(let text): strings.append(text)
        default: throw Problem("an input is \(value.kind)", expected: "a tensor")
        }
    }
    if !strings.isEmpty {
        guard tensors.isEmpty else { throw Problem("strings and numbers cannot be joined") }
        var start = 0
        let indices = strings.map { part -> Tensor in
            defer { start += part.elements.count }
            return (Tensor.arange(0, part.elements.count, dtype: .int64) + start).reshape(part.shape)
        }
        let all = StringTensor(strings.flatMap(\.elements), shape: [start])
        let joined = cat(indices, dim: try call.dim(axis, strings[0].shape.count))
        return .strings(StringTensor(joined.toArray(Int.self).map { all.elements[$0] }, shape: joined.shape))
    }
    guard let first = tensors.first else { throw Problem("nothing to join") }
    if let other = tensors.first(where: { $0.type != first.type }) {
        throw Problem("the inputs have the types \(first.type) and \(other.type)", expected: "inputs of one type")
    }
    return .tensor(ONNXTensor(cat(tensors.map(\.tensor), dim: try call.dim(axis, first.tensor.rank)), first.type))
}

/// The elements from `start` to before `end` in steps, which may be negative.
private func sliced(_ x: Tensor, _ dim: Int, _ start: Int, _ end: Int, _ step: Int) throws -> Tensor {
    let size = x.shape[dim]
    guard step != 0, step != .min else { throw Problem("a slice with step \(step)") }
    func bound(_ value: Int, _ low: Int, _ high: Int) -> Int {
        min(max(value < 0 ? value +| size : value, low), high)
    }
    if step > 0 {
        let (first, last) = (bound(start, 0, size), bound(end, 0, size))
        if first >= last { return x.narrow(dim, start: 0, length: 0) }
        var items = [TensorIndexItem](repeating: .all, count: dim)
        items.append(.slice(first, last, step: min(step, size)))
        return x[items]
    }
    let (first, last) = (bound(start, -1, size - 1), bound(end, -1, size - 1))
    if first <= last { return x.narrow(dim, start: 0, length: 0) }
    let indices = Array(stride(from: first, to: last, by: max(step, -size)))
    return x.indexSelect(dim, Tensor(indices, shape: [indices.count]))
}

private func blockSize(_ call: Call, _ x: Tensor) throws -> Int {
    guard x.rank == 4 else { throw Problem("a tensor of shape \(x.shape)", expected: "4 dimensions") }
    let block = try call.int("blocksize", 0)
    guard (1...65536).contains(block) else { throw Problem("blocks of size \(block)", expected: "at least 1") }
    return block
}
