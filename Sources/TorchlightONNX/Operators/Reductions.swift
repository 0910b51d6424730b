import TorchlightCore

/// A reduction over dimensions; an empty list is all dimensions.
private struct Reduction {
    let name: String
    /// The first version with the dimensions as input.
    let inputSince: Int
    /// The result for no elements; nil if the operation defines it.
    var identity: Double?
    let run: @Sendable (Tensor, [Int], Bool) -> Tensor
}

func registerReductions(in table: inout OperatorTable) {
    let reductions: [Reduction] = [
        Reduction(name: "ReduceSum", inputSince: 13) { $0.sum(dim: $1, keepdim: $2) },
        Reduction(name: "ReduceMean", inputSince: 18) { $0.orDouble.mean(dim: $1, keepdim: $2) },
        Reduction(name: "ReduceProd", inputSince: 18) { $0.prod(dim: $1, keepdim: $2) },
        Reduction(name: "ReduceMax", inputSince: 18, identity: -.infinity) { x, dims, keep in
            x.dtype == .bool ? x.any(dim: dims, keepdim: keep) : x.amax(dim: dims, keepdim: keep)
        },
        Reduction(name: "ReduceMin", inputSince: 18, identity: .infinity) { x, dims, keep in
            x.dtype == .bool ? x.all(dim: dims, keepdim: keep) : x.amin(dim: dims, keepdim: keep)
        },
        Reduction(name: "ReduceL1", inputSince: 18) { $0.abs().sum(dim: $1, keepdim: $2) },
        Reduction(name: "ReduceL2", inputSince: 18) { $0.orDouble.square().sum(dim: $1, keepdim: $2).sqrt() },
        Reduction(name: "ReduceSumSquare", inputSince: 18) { $0.square().sum(dim: $1, keepdim: $2) },
        Reduction(name: "ReduceLogSum", inputSince: 18) { $0.orDouble.sum(dim: $1, keepdim: $2).log() },
        Reduction(name: "ReduceLogSumExp", inputSince: 18, identity: -.infinity) {
            $0.orDouble.logsumexp(dim: $1, keepdim: $2)
        },
    ]
    for reduction in reductions {
        table.add(reduction.name, 1...2, foldable: true) { try reduce($0, reduction) }
    }
    table.add("ArgMax", 1...1) { try extreme($0) { $0.argmax(dim: $1, keepdim: $2) } }
    table.add("ArgMin", 1...1) { try extreme($0) { $0.argmin(dim: $1, keepdim: $2) } }
}

extension Tensor {
    /// Integers as float64, for operations whose result is rounded.
    fileprivate var orDouble: Tensor { dtype.isFloatingPoint ? self : to(.float64) }
}

private func reduce(_ call: Call, _ reduction: Reduction) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let keep = try call.flag("keepdims", true)
    let axes = call.version >= reduction.inputSince ? try call.optionalIntegers(1) : try call.ints("axes")
    if (axes ?? []).isEmpty, try call.flag("noop_with_empty_axes") {
        // Without dimensions each element is reduced alone.
        let column = x.unsqueeze(-1)
        return try call.like(0, reduction.run(column, [x.rank], false))
    }
    let given = try (axes ?? []).map { try call.dim($0, x.rank) }
    let dims = given.isEmpty ? Array(0..<x.rank) : Array(Set(given)).sorted()
    if x.rank == 0 { return try call.like(0, reduction.run(x.unsqueeze(0), [0], false)) }
    if let identity = reduction.identity, dims.contains(where: { x.shape[$0] == 0 }) {
        var shape: [Int] = []
        for (dim, size) in x.shape.enumerated() {
            if !dims.contains(dim) { shape.append(size) } else if keep { shape.append(1) }
        }
        if x.dtype == .bool { return one(Tensor.full(shape, identity < 0 ? false : true)) }
        if x.dtype.isFloatingPoint { return one(Tensor.full(shape, identity, dtype: x.dtype)) }
        guard let range = try call.typed(0).type.range else { throw Problem("a reduction of no elements") }
        return one(Tensor.full(shape, identity < 0 ? range.low : range.high, dtype: x.dtype))
    }
    return try call.like(0, reduction.run(x, dims, keep))
}

private func extreme(_ call: Call, _ function: (Tensor, Int, Bool) -> Tensor) throws -> [ONNXValue] {
    let x = try call.tensor(0)
    let dim = try call.dim(try call.int("axis", 0), max(x.rank, 1))
    let keep = try call.flag("keepdims", true)
    guard try call.flag("select_last_index") else { return one(function(x, dim, keep)) }
    return one(x.shape[dim] - 1 - function(x.flip([dim]), dim, keep))
}
