import TorchlightCore

func registerControl(in table: inout OperatorTable) {
    table.add("If", 1...1) { call in
        let condition = try call.tensor(0)
        guard condition.count == 1 else {
            throw Problem("a condition of shape \(condition.shape)", expected: "1 element")
        }
        let name = condition.item(Bool.self) ? "then_branch" : "else_branch"
        return try call.execution.run(try subgraph(call, name), [], in: call.scope)
    }
    table.add("Loop", 2...Int.max, loop)
    table.add("Scan", since: 8, 1...Int.max) { call in
        call.version < 9 ? try scanBatches(call) : try scan(call)
    }
    table.add("SequenceMap", since: 17, 1...Int.max) { call in
        let body = try subgraph(call, "body")
        let count = try call.sequence(0).count
        var columns = [[ONNXValue]](repeating: [], count: body.outputs.count)
        for index in 0..<count {
            let inputs = try call.inputs.map { value -> ONNXValue? in
                guard case .sequence(let values) = value else { return value }
                guard values.count == count else {
                    throw Problem("sequences of \(count) and \(quantity(values.count, "value"))")
                }
                return values[index]
            }
            for (column, value) in try call.execution.run(body, inputs, in: call.scope).enumerated() {
                columns[column].append(value)
            }
        }
        return columns.map { .sequence($0) }
    }
    table.add("Optional", since: 15, 0...1) { [$0.has(0) ? try $0.value(0) : .absent] }
    table.add("OptionalHasElement", since: 15, 0...1) { call in
        guard call.has(0), case let value = try call.value(0) else { return one(Tensor(false)) }
        if case .absent = value { return one(Tensor(false)) }
        return one(Tensor(true))
    }
    table.add("OptionalGetElement", since: 15, 1...1) { call in
        let value = try call.value(0)
        if case .absent = value { throw Problem("the optional has no value") }
        return [value]
    }
}

/// The graph of an attribute of the node.
func subgraph(_ call: Call, _ name: String) throws -> Program.Graph {
    guard let graph = call.node.subgraphs[name] else {
        throw Problem("the attribute \(name) is missing", expected: "a graph", kind: .invalid)
    }
    return graph
}

@Sendable private func loop(_ call: Call) throws -> [ONNXValue] {
    let body = try subgraph(call, "body")
    let limit = call.has(0) ? try call.integer(0) : Int.max
    var runs = call.has(1) ? try call.tensor(1).item(Bool.self) : true
    var state: [ONNXValue?] = Array(call.inputs.dropFirst(2))
    guard body.outputs.count >= 1 + state.count else {
        throw Problem(
            "a body with \(quantity(body.outputs.count, "output"))", expected: "at least \(1 + state.count)",
            kind: .invalid)
    }
    var scanned = [[ONNXValue]](repeating: [], count: body.outputs.count - 1 - state.count)
    var iteration = 0
    while runs, iteration < limit {
        let inputs = [ONNXValue(Tensor(iteration)), ONNXValue(Tensor(runs))] + state
        let results = try call.execution.run(body, inputs, in: call.scope)
        guard let condition = results[0].tensor, condition.count == 1 else {
            throw Problem("the condition is not a Boolean")
        }
        runs = condition.item(Bool.self)
        state = Array(results[1..<(1 + state.count)])
        for (index, value) in results[(1 + state.count)...].enumerated() { scanned[index].append(value) }
        iteration += 1
    }
    return try state.map { $0 ?? .absent } + scanned.map { try stacked(call, $0, dim: 0) }
}

/// The values of all iterations, stacked along a new dimension.
private func stacked(_ call: Call, _ values: [ONNXValue], dim: Int) throws -> ONNXValue {
    if values.isEmpty { return ONNXValue(Tensor.zeros([0], dtype: .float32)) }
    let parts = try values.map { value in
        try call.moved(value) { $0.unsqueeze(dim < 0 ? dim + $0.rank + 1 : dim) }
    }
    return try concatenated(call, parts, dim)
}

private func scan(_ call: Call) throws -> [ONNXValue] {
    guard let count = try call.int("num_scan_inputs"), count > 0, count <= call.inputs.count else {
        throw Problem("the attribute num_scan_inputs is out of range", kind: .invalid)
    }
    return try scan(
        call, try call.inputs.indices.map { try call.value($0) }, count,
        axes: try call.ints("scan_input_axes"), reversed: try call.ints("scan_input_directions"),
        outputAxes: try call.ints("scan_output_axes"), outputReversed: try call.ints("scan_output_directions"))
}

private func scan(
    _ call: Call, _ inputs: [ONNXValue], _ count: Int, axes: [Int]?, reversed: [Int]?, outputAxes: [Int]?,
    outputReversed: [Int]?
) throws -> [ONNXValue] {
    let body = try subgraph(call, "body")
    var state = Array(inputs.dropLast(count))
    let sources = Array(inputs.suffix(count))
    let dims = try sources.enumerated().map { index, value in
        try call.dim(axes.flatMap { index < $0.count ? $0[index] : nil } ?? 0, try shape(of: value).count)
    }
    let lengths = try zip(sources, dims).map { try shape(of: $0)[$1] }
    guard let steps = lengths.first, lengths.allSatisfy({ $0 == steps }) else {
        throw Problem("inputs of the lengths \(lengths)", expected: "one length")
    }
    guard body.outputs.count >= state.count else { throw Problem("a body with too few outputs", kind: .invalid) }
    var scanned = [[ONNXValue]](repeating: [], count: body.outputs.count - state.count)
    for step in 0..<steps {
        let parts = try sources.enumerated().map { index, value -> ONNXValue? in
            let isReversed = reversed.map { index < $0.count && $0[index] == 1 } ?? false
            return try call.moved(value) { $0.select(dims[index], isReversed ? steps - 1 - step : step) }
        }
        let results = try call.execution.run(body, state + parts, in: call.scope)
        state = Array(results[..<state.count])
        for (index, value) in results[state.count...].enumerated() { scanned[index].append(value) }
    }
    return try state
        + scanned.enumerated().map { index, values in
            let isReversed = outputReversed.map { index < $0.count && $0[index] == 1 } ?? false
            return try stacked(
                call, isReversed ? values.reversed() : values,
                dim: outputAxes.flatMap { index < $0.count ? $0[index] : nil } ?? 0)
        }
}

/// Version 8 of Scan, which scans every sample of a batch.
private func scanBatches(_ call: Call) throws -> [ONNXValue] {
    guard let count = try call.int("num_scan_inputs"), count > 0, count < call.inputs.count else {
        throw Problem("the attribute num_scan_inputs is out of range", kind: .invalid)
    }
    let inputs = try (1..<call.inputs.count).map { try call.value($0) }
    let batches = try shape(of: inputs[0]).first ?? 0
    let lengths = try call.optionalIntegers(0)
    var results: [[ONNXValue]] = []
    for batch in 0..<batches {
        let parts = try inputs.enumerated().map { index, value in
            try call.moved(value) { x in
                let sample = x.select(0, batch)
                guard let lengths, index >= inputs.count - count else { return sample }
                guard batch < lengths.count else {
                    throw Problem("\(quantity(lengths.count, "length")) for \(quantity(batches, "sample"))")
                }
                return sample.narrow(0, start: 0, length: lengths[batch])
            }
        }
        results.append(
            try scan(
                call, parts, count, axes: nil, reversed: try call.ints("directions"), outputAxes: nil,
                outputReversed: nil))
    }
    guard let first = results.first else { return [] }
    return try first.indices.map { index in try stacked(call, results.map { $0[index] }, dim: 0) }
}
