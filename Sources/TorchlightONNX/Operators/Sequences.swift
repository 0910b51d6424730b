import TorchlightCore

func registerSequences(in table: inout OperatorTable) {
    table.add("SequenceEmpty", since: 11, 0...0) { _ in [.sequence([])] }
    table.add("SequenceConstruct", since: 11, 1...Int.max) { call in
        [.sequence(try call.inputs.indices.map { try call.value($0) })]
    }
    table.add("SequenceLength", since: 11, 1...1) { one(Tensor(try $0.sequence(0).count)) }
    table.add("SequenceAt", since: 11, 2...2) { call in
        let values = try call.sequence(0)
        return [values[try call.dim(try call.integer(1), values.count)]]
    }
    table.add("SequenceInsert", since: 11, 2...3) { call in
        var values = try call.sequence(0)
        let requested = call.has(2) ? try call.integer(2) : values.count
        let index = requested < 0 ? requested + values.count : requested
        guard (0...values.count).contains(index) else {
            throw Problem("the position \(requested) of \(quantity(values.count, "value"))")
        }
        values.insert(try call.value(1), at: index)
        return [.sequence(values)]
    }
    table.add("SequenceErase", since: 11, 1...2) { call in
        var values = try call.sequence(0)
        values.remove(at: try call.dim(call.has(1) ? try call.integer(1) : -1, values.count))
        return [.sequence(values)]
    }
    table.add("ConcatFromSequence", since: 11, 1...1) { call in
        guard let axis = try call.int("axis") else { throw Problem("the attribute axis is missing", kind: .invalid) }
        var values = try call.sequence(0)
        if try call.flag("new_axis") {
            values = try values.map { value in
                try call.moved(value) { $0.unsqueeze(try call.dim(axis, $0.rank + 1)) }
            }
        }
        return [try concatenated(call, values, axis)]
    }
    table.add("SplitToSequence", since: 11, 1...2) { call in
        let value = try call.value(0)
        let sizes = try shape(of: value)
        let dim = try call.dim(try call.int("axis", 0), sizes.count)
        let total = sizes[dim]
        var parts = [Int](repeating: 1, count: total)
        var keepsDimension = true
        if call.has(1) {
            let given = try call.integers(1)
            if try call.tensor(1).rank == 0, let size = given.first {
                guard size > 0 else { throw Problem("parts of size \(size)") }
                parts = stride(from: 0, to: total, by: size).map { min(size, total - $0) }
            } else {
                parts = given
            }
        } else {
            keepsDimension = try call.flag("keepdims", true)
        }
        guard parts.allSatisfy({ $0 >= 0 }), parts.reduce(0, { $0 +| $1 }) == total else {
            throw Problem("a split of the size \(total) into \(parts.prefix(8))")
        }
        var start = 0
        let values = try parts.map { size in
            defer { start += size }
            return try call.moved(value) { x in
                let part = x.narrow(dim, start: start, length: size)
                return keepsDimension ? part : part.squeeze(dim)
            }
        }
        return [.sequence(values)]
    }
}
