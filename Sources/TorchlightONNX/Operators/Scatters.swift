import TorchlightCore

func registerScatters(in table: inout OperatorTable) {
    table.add("ScatterElements", since: 11, 3...3) { try scatterElements($0) }
    table.add("Scatter", since: 9, 3...3) { try scatterElements($0) }
    table.add("ScatterND", since: 11, 3...3) { call in
        let reduction = try reduction(call)
        try call.checkSameType([0, 2])
        let (x, updates) = (try call.tensor(0), try call.tensor(2))
        let flat = try FlatIndices(x.shape, try call.tensor(1).to(.int64))
        guard updates.shape == flat.batchShape + flat.rowShape else {
            throw Problem("updates of shape \(updates.shape)", expected: "\(flat.batchShape + flat.rowShape)")
        }
        let width = flat.rowShape.reduce(1, *)
        let rows = x.reshape([flat.rowCount, width])
        let index = flat.rows.unsqueeze(1).expand([flat.rows.count, width])
        let result = scattered(rows, 0, index, updates.reshape([flat.rows.count, width]), reduction)
        return try call.like(0, result.reshape(x.shape))
    }
    table.add("TensorScatter", since: 24, 2...3) { call in
        let (past, update) = (try call.tensor(0), try call.tensor(1))
        let dim = try call.dim(try call.int("axis", -2), past.rank)
        guard dim > 0, update.rank == past.rank else { throw Problem("an update of shape \(update.shape)") }
        let isCircular = try call.choice("mode", "linear", of: ["linear", "circular"]) == "circular"
        let (batch, length, size) = (past.shape[0], update.shape[dim], past.shape[dim])
        let starts = try call.optionalIntegers(2) ?? [Int](repeating: 0, count: batch)
        guard starts.count == batch else {
            throw Problem("\(quantity(starts.count, "position")) for \(quantity(batch, "sample"))")
        }
        let positions = starts.flatMap { start in
            (0..<length).map { isCircular && size > 0 ? (start +| $0) % size : start +| $0 }
        }
        guard positions.allSatisfy({ (0..<size).contains($0) }) else { throw Problem("a position beyond \(size)") }
        var shape = [Int](repeating: 1, count: past.rank)
        (shape[0], shape[dim]) = (batch, length)
        let index = Tensor(positions, shape: shape).expand(update.shape)
        return try call.like(0, past.scatter(dim, index, update))
    }
}

private func reduction(_ call: Call) throws -> String {
    try call.choice("reduction", "none", of: ["none", "add", "mul", "max", "min"])
}

private func scatterElements(_ call: Call) throws -> [ONNXValue] {
    try call.checkSameType([0, 2])
    let x = try call.tensor(0)
    let dim = try call.dim(try call.int("axis", 0), x.rank)
    let index = try checkedIndices(call, 1, size: x.shape[dim])
    let updates = try call.tensor(2)
    guard index.shape == updates.shape else {
        throw Problem("updates of shape \(updates.shape)", expected: "the shape of the indices, \(index.shape)")
    }
    return try call.like(0, scattered(x, dim, index, updates, try reduction(call)))
}

private func scattered(_ x: Tensor, _ dim: Int, _ index: Tensor, _ updates: Tensor, _ reduction: String) -> Tensor {
    switch reduction {
    case "add": x.scatterReduce(dim, index, updates, reduce: .sum)
    case "mul": x.scatterReduce(dim, index, updates, reduce: .prod)
    case "max": x.scatterReduce(dim, index, updates, reduce: .amax)
    case "min": x.scatterReduce(dim, index, updates, reduce: .amin)
    default: x.scatter(dim, index, updates)
    }
}
