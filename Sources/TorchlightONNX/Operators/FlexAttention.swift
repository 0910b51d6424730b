import TorchlightCore

/// Attention with subgraphs that modify scores and probabilities.
@Sendable func flexAttention(_ call: Call) throws -> [ONNXValue] {
    let q = try call.tensor(0)
    let (k, v) = (try call.tensor(1), try call.tensor(2))
    guard q.rank == 4, k.rank == 4, v.rank == 4 else {
        throw Problem("inputs of shapes \(q.shape), \(k.shape) and \(v.shape)", expected: "4 dimensions")
    }
    let number = try call.int("softmax_precision")
    let dtype = try number.map { try ONNXElementType.read($0, of: "softmax_precision") }?.dtype
    let precision = dtype ?? (q.dtype == .float64 ? .float64 : .float32)
    let root = (try call.float("scale") ?? 1 / Double(q.shape[3]).squareRoot()).squareRoot()
    let scores = (q * root).matmul((try repeatedHeads(k, for: q) * root).mT).to(precision)
    let weights = try modified(try modified(scores, by: "score_mod", call).softmax(dim: -1), by: "prob_mod", call)
    return try call.like(0, weights.matmul(try repeatedHeads(v, for: q).to(precision)))
}

/// The result of a subgraph for a tensor; the tensor itself if there is no such subgraph.
private func modified(_ x: Tensor, by name: String, _ call: Call) throws -> Tensor {
    guard call.hasAttribute(name) else { return x }
    let results = try call.execution.run(try subgraph(call, name), [ONNXValue(x)], in: call.scope)
    guard results.count == 1, let result = results[0].tensor, result.shape == x.shape, result.dtype == x.dtype else {
        throw Problem(
            "the subgraph \(name) returns \(results.map(\.kind).joined(separator: ", "))",
            expected: "a tensor of \(x.dtype) \(x.shape)")
    }
    return result
}
