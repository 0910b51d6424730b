import TorchlightCore

func registerAttention(in table: inout OperatorTable) {
    table.add("Attention", since: 23, 3...7, attention)
    table.add("RotaryEmbedding", since: 23, 3...4, rotary)
    table.add("LinearAttention", since: 27, 3...6, linearAttention)
    table.add("FlexAttention", 3...3, domain: "ai.onnx.preview", flexAttention)
}

/// Splits `[N, L, heads * size]` into heads: `[N, heads, L, size]`.
private func heads(_ x: Tensor, _ count: Int?) throws -> Tensor {
    guard x.rank == 3 else { return x }
    guard let count, count > 0, x.shape[2] % count == 0 else {
        throw Problem("\(quantity(x.shape[2], "element")) in \(count.map(String.init) ?? "an unknown number of") heads")
    }
    return x.reshape([x.shape[0], x.shape[1], count, x.shape[2] / count]).transpose(1, 2)
}

/// Keys or values `[N, heads, L, size]`, repeated to the number of heads of the queries (grouped-query attention).
func repeatedHeads(_ x: Tensor, for queries: Tensor) throws -> Tensor {
    let (heads, wanted) = (x.shape[1], queries.shape[1])
    if heads == wanted { return x }
    guard heads > 0, wanted % heads == 0 else {
        throw Problem("\(quantity(wanted, "head")) of queries and \(heads) of keys")
    }
    return x.repeatInterleave(wanted / heads, dim: 1)
}

@Sendable private func attention(_ call: Call) throws -> [ONNXValue] {
    let given = try call.tensor(0)
    let (queryHeads, keyHeads) = (try call.int("q_num_heads"), try call.int("kv_num_heads"))
    let q = try heads(given, queryHeads)
    var (k, v) = (try heads(try call.tensor(1), keyHeads), try heads(try call.tensor(2), keyHeads))
    guard q.rank == 4, k.rank == 4, v.rank == 4 else {
        throw Problem("inputs of shapes \(given.shape), \(k.shape) and \(v.shape)", expected: "3 or 4 dimensions")
    }
    var past = 0
    if let key = try call.optional(4), let value = try call.optional(5) {
        past = key.shape[2]
        (k, v) = (cat([key, k], dim: 2), cat([value, v], dim: 2))
    }
    let presents = try call.like(1, k) + call.like(2, v)
    (k, v) = (try repeatedHeads(k, for: q), try repeatedHeads(v, for: q))
    let root = (try call.float("scale") ?? 1 / Double(q.shape[3]).squareRoot()).squareRoot()
    var scores = (q * root).matmul((k * root).mT)
    var reported = scores
    let mode = try call.int("qk_matmul_output_mode", 0)
    let softcap = try call.float("softcap", 0)
    if softcap > 0 { scores = (scores / softcap).tanh() * softcap }
    if mode == 1 { reported = scores }
    let bias = try attentionBias(call, q.shape[2], k.shape[2], past, q.dtype)
    if let bias { scores = scores + bias }
    if mode == 2 { reported = scores }
    if let type = try call.int("softmax_precision").map({ try ONNXElementType.read($0, of: "softmax_precision") }),
        let dtype = type.dtype
    {
        scores = scores.to(dtype)
    }
    var weights = scores.softmax(dim: -1)
    if let bias {
        // A query that attends to no key gives zeros.
        let isMasked = bias.amax(dim: [-1], keepdim: true).isneginf()
        weights = Tensor.where(isMasked, Tensor.zeros(like: weights), weights)
    }
    weights = weights.to(q.dtype)
    if mode == 3 { reported = weights }
    var result = weights.matmul(v)
    if given.rank == 3 { result = result.transpose(1, 2).flatten(from: 2, to: 3) }
    return try call.like(0, result) + presents + call.like(0, reported)
}

/// The mask that is added to the scores: 0 if a query attends to a key, minus infinity otherwise; nil if all attend to
/// all.
private func attentionBias(_ call: Call, _ queries: Int, _ keys: Int, _ past: Int, _ dtype: DType) throws -> Tensor? {
    let zero = Tensor.zeros([], dtype: dtype)
    func bias(_ isAllowed: Tensor) -> Tensor {
        Tensor.where(isAllowed, zero, Tensor.full([], -Double.infinity, dtype: dtype))
    }
    var result: Tensor?
    func add(_ part: Tensor) { result = result.map { $0 + part } ?? part }
    if var mask = try call.optional(3) {
        let missing = keys - (mask.shape.last ?? 1)
        if missing > 0, mask.rank > 0 {
            mask =
                mask.dtype == .bool
                ? mask.to(.uint8).pad([0, missing]).to(.bool) : mask.pad([0, missing], value: -Double.infinity)
        }
        add(mask.dtype == .bool ? bias(mask) : mask.to(dtype))
    }
    let lengths = try call.optional(6)?.to(.int64).flatten()
    let isCausal = try call.flag("is_causal")
    let (left, right) = (try call.int("left_window_size", -1), try call.int("right_window_size", -1))
    if isCausal || left >= 0 || right >= 0 {
        let key = Tensor.arange(0, keys, dtype: .int64)
        var query = Tensor.arange(0, queries, dtype: .int64).unsqueeze(1) + past
        if let lengths, !call.has(4) {
            query = query + (lengths - queries).reshape([lengths.count, 1, 1, 1])
        }
        if isCausal { add(bias(key <= query)) }
        if left >= 0 { add(bias(query - key <= left)) }
        if right >= 0 { add(bias(key - query <= right)) }
    }
    if let lengths {
        add(bias(Tensor.arange(0, keys, dtype: .int64) < lengths.reshape([lengths.count, 1, 1, 1])))
    }
    if let found = result, found.rank < 2 || found.shape.suffix(2) != [queries, keys] {
        result = found + Tensor.zeros([queries, keys], dtype: dtype)
    }
    return result
}

@Sendable private func rotary(_ call: Call) throws -> [ONNXValue] {
    let given = try call.tensor(0)
    let isFlat = given.rank == 3
    let x = isFlat ? try heads(given, try call.int("num_heads")) : given
    guard x.rank == 4 else { throw Problem("an input of shape \(given.shape)", expected: "3 or 4 dimensions") }
    let size = x.shape[3]
    let width = try call.int("rotary_embedding_dim", 0)
    let rotated = width == 0 ? size : width
    guard (0...size).contains(rotated), rotated % 2 == 0 else {
        throw Problem("a rotation of \(rotated) of \(quantity(size, "element"))")
    }
    func cache(_ index: Int) throws -> Tensor {
        let table = try call.tensor(index)
        guard let positions = try call.optional(3) else { return table.unsqueeze(1) }
        let rows = try nonNegative(positions.to(.int64), size: table.shape[0])
        return table.indexSelect(0, rows.flatten()).reshape(rows.shape + [table.shape[1]]).unsqueeze(1)
    }
    let (cos, sin) = (try cache(1), try cache(2))
    guard cos.shape.last == rotated / 2 else {
        throw Problem("a cache of \(quantity(cos.shape.last ?? 0, "column"))", expected: "\(rotated / 2)")
    }
    let part = x.narrow(3, start: 0, length: rotated)
    let isInterleaved = try call.flag("interleaved")
    let pairs = isInterleaved ? part.unflatten(3, [rotated / 2, 2]) : part.unflatten(3, [2, rotated / 2])
    let dim = isInterleaved ? 4 : 3
    let (real, imaginary) = (pairs.select(dim, 0), pairs.select(dim, 1))
    let turned = stack([cos * real - sin * imaginary, sin * real + cos * imaginary], dim: dim).flatten(from: 3, to: 4)
    var result = rotated == size ? turned : cat([turned, x.narrow(3, start: rotated, length: size - rotated)], dim: 3)
    if isFlat { result = result.transpose(1, 2).flatten(from: 2, to: 3) }
    return try call.like(0, result)
}

/// Linear attention: a state is updated at each step of the sequence, by one of the rules of the standard.
@Sendable private func linearAttention(_ call: Call) throws -> [ONNXValue] {
    let rule = try call.choice("update_rule", "gated_delta", of: ["linear", "gated", "delta", "gated_delta"])
    let (queryHeads, keyHeads) = (try call.int("q_num_heads"), try call.int("kv_num_heads"))
    let dtype = try call.tensor(0).dtype
    func wide(_ x: Tensor) -> Tensor { x.dtype == .float64 ? x : x.to(.float32) }
    let q = wide(try heads(try call.tensor(0), queryHeads))
    let (k, v) = (wide(try heads(try call.tensor(1), keyHeads)), wide(try heads(try call.tensor(2), keyHeads)))
    let (n, steps, kvHeads, size) = (q.shape[0], q.shape[2], k.shape[1], q.shape[3])
    guard q.shape[1] % max(kvHeads, 1) == 0, k.shape[3] == size else { throw Problem("keys of shape \(k.shape)") }
    let given = try call.float("scale", 0)
    let scale = given == 0 ? 1 / Double(size).squareRoot() : given
    var state = wide(try call.optional(3) ?? Tensor.zeros([n, kvHeads, size, v.shape[3]], dtype: q.dtype))
    let decay = try call.optional(4).map { wide(try heads($0, kvHeads)) }
    // The update rate has one value per head, or one for all heads.
    let beta = try call.optional(5).map { wide(try heads($0, $0.shape.last == 1 ? 1 : kvHeads)) }
    var outputs: [Tensor] = []
    for step in 0..<steps {
        let key = k.narrow(2, start: step, length: 1).mT
        let value = v.narrow(2, start: step, length: 1)
        if rule.hasPrefix("gated"), let decay { state = state * decay.narrow(2, start: step, length: 1).exp().mT }
        var change = value
        if rule.hasSuffix("delta") {
            change = value - key.mT.matmul(state)
            if let beta { change = change * beta.narrow(2, start: step, length: 1) }
        }
        state = state + key.matmul(change)
        let shared = state.repeatInterleave(q.shape[1] / kvHeads, dim: 1)
        outputs.append(q.narrow(2, start: step, length: 1).matmul(shared) * scale)
    }
    let joined = outputs.isEmpty ? Tensor.zeros([n, q.shape[1], 0, v.shape[3]], dtype: q.dtype) : cat(outputs, dim: 2)
    let flat = joined.transpose(1, 2).flatten(from: 2, to: 3)
    return one(flat.to(dtype)) + one(call.has(3) ? state.to(try call.tensor(3).dtype) : state.to(dtype))
}
