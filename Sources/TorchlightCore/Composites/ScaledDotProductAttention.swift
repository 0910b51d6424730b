/// Scaled dot-product attention: `softmax(query keyᵀ * scale + mask) value` (Vaswani et al., 2017).
///
/// Computed in blocks, without storing the matrix of attention scores; with dropout, or a mask that requires a
/// gradient, the matrix is stored.
///
/// Shapes: `query [*, L, D]`, `key [*, S, D]`, `value [*, S, E] -> [*, L, E]`; the leading dimensions broadcast.
/// Floating-point dtypes.
///
/// If the mask excludes all keys for a query, its attention weights and its output are 0.
///
/// - Parameters:
///   - attnMask: a mask that broadcasts to `[*, L, S]`: bool, where false excludes a key (the opposite of the masks of
///     ``MultiheadAttention``), or numbers of the query's dtype that are added to the scores.
///   - dropoutP: the probability of an attention weight to be zeroed. Default: 0.
///   - isCausal: whether to apply a causal mask: query `i` attends to keys `0 ... i`. Not together with `attnMask`.
///     Default: false.
///   - scale: the factor of the scores. Default: `1 / sqrt(D)`.
///   - enableGQA: grouped-query attention: adjacent heads of the query, dimension -3, use the same head of key and
///     value. Default: false.
///   - generator: the random number generator for dropout.
public func scaledDotProductAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, attnMask: Tensor? = nil, dropoutP: Double = 0,
    isCausal: Bool = false, scale: Double? = nil, enableGQA: Bool = false, generator: Generator = .default
) -> Tensor {
    if isAutocasting {
        return inLowPrecision {
            scaledDotProductAttention(
                $0(query), $0(key), $0(value), attnMask: attnMask.map($0), dropoutP: dropoutP, isCausal: isCausal,
                scale: scale, enableGQA: enableGQA, generator: generator)
        }
    }
    return orFail(like: query) { () throws(TensorError) in
        let operands = [query, key, value, attnMask].compactMap { $0 }
        if let placeholder = operands.first(where: \.isPlaceholder) { return placeholder }
        try checkAttention(query, key, value, attnMask, isCausal, dropoutP)
        let features = query.layout.shape[query.rank - 1]
        let factor = scale ?? 1 / Double(Swift.max(features, 1)).squareRoot()
        let isHalf = query.dtype == .float16 || query.dtype == .bfloat16
        if dropoutP > 0 {
            return composedAttention(
                query, key, value, mask: attnMask, isCausal: isCausal, scale: factor, dropoutP: dropoutP,
                generator: generator)
        }
        guard !isHalf else {
            return scaledDotProductAttention(
                query.to(.float32), key.to(.float32), value.to(.float32),
                attnMask: attnMask.map { $0.dtype == .bool ? $0 : $0.to(.float32) }, isCausal: isCausal, scale: factor,
                enableGQA: enableGQA
            ).to(query.dtype)
        }
        guard let leading = leadingShape(query, key, value, enableGQA) else {
            throw TensorError(
                .shape, in: "scaledDotProductAttention", "the leading dimensions do not broadcast",
                expected: "equal sizes, or 1; heads in groups with enableGQA", operands: [query, key, value])
        }
        return blocked(query, key, value, attnMask, leading, isCausal, factor)
    }
}

/// The broadcast leading dimensions of the query, and of key and value, which may have fewer heads.
private struct LeadingShapes {
    var query: [Int]
    var key: [Int]
}

private func leadingShape(_ query: Tensor, _ key: Tensor, _ value: Tensor, _ grouped: Bool) -> LeadingShapes? {
    let (q, k, v) = (query.shape.dropLast(2), key.shape.dropLast(2), value.shape.dropLast(2))
    guard let pair = Layout.broadcast(Dims(k), Dims(v)) else { return nil }
    if grouped, let heads = q.last, let shared = pair.last, shared > 0, heads != shared, heads % shared == 0,
        let rest = Layout.broadcast(Dims(q.dropLast()), Dims(pair.dropLast()))
    {
        return LeadingShapes(query: Array(rest) + [heads], key: Array(rest) + [shared])
    }
    guard let all = Layout.broadcast(Dims(q), pair) else { return nil }
    return LeadingShapes(query: Array(all), key: Array(all))
}

private func blocked(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, _ leading: LeadingShapes, _ isCausal: Bool,
    _ scale: Double
) -> Tensor {
    /// `[B, heads, rows, width]`
    func four(_ x: Tensor, _ leading: [Int]) -> Tensor {
        let tail = x.shape.suffix(2)
        let wide = x.shape == leading + tail ? x : x.expand(leading + tail)
        switch leading.count {
        case 2: return wide
        case 0: return wide.unsqueeze(0).unsqueeze(0)
        case 1: return wide.unsqueeze(0)
        default: return wide.reshape([leading.dropLast().reduce(1, *), leading.last!] + tail)
        }
    }
    let (q, k, v) = (four(query, leading.query), four(key, leading.key), four(value, leading.key))
    var operands = Few(q, k, v)
    if let mask { operands.append(expanded(mask, leading.query, q, k)) }
    let out = applyAll(Attention(scale: scale, isCausal: isCausal), operands, count: 2)[0]
    if out.isPlaceholder { return out }
    let heads = out.transpose(1, 2)
    return leading.query.count == 2 ? heads : heads.reshape(leading.query + heads.shape.suffix(2))
}

/// The mask expanded to `[B, heads, L, S]`.
private func expanded(_ mask: Tensor, _ leading: [Int], _ q: Tensor, _ k: Tensor) -> Tensor {
    let wide = mask.expand(leading + [q.layout.shape[2], k.layout.shape[2]])
    return wide.reshape([q.layout.shape[0], q.layout.shape[1], q.layout.shape[2], k.layout.shape[2]])
}

private func checkAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, _ isCausal: Bool, _ dropoutP: Double
) throws(TensorError) {
    let name = "scaledDotProductAttention"
    for operand in [query, key, value] { try checkFloating(operand, in: name) }
    guard query.rank >= 2, key.rank >= 2, value.rank >= 2 else {
        throw TensorError(
            .shape, in: name, "an operand has fewer than 2 dimensions", expected: "[*, L, D], [*, S, D] and [*, S, E]",
            operands: [query, key, value])
    }
    guard key.dtype == query.dtype, value.dtype == query.dtype else {
        throw TensorError(
            .dtype, in: name, "the operands have different dtypes", expected: "one dtype",
            operands: [query, key, value])
    }
    guard query.layout.shape[query.rank - 1] == key.layout.shape[key.rank - 1],
        key.layout.shape[key.rank - 2] == value.layout.shape[value.rank - 2]
    else {
        throw TensorError(
            .shape, in: name, "the shapes of query, key and value do not match",
            expected: "[*, L, D], [*, S, D] and [*, S, E]", operands: [query, key, value])
    }
    guard dropoutP >= 0 && dropoutP <= 1 else {
        throw TensorError(
            .value, in: name, "dropoutP must be between 0 and 1", got: "\(dropoutP)",
            expected: "a number from 0 to 1")
    }
    guard let mask else { return }
    guard !isCausal else {
        throw TensorError(
            .value, in: name, "attnMask and isCausal cannot be combined", expected: "one of the two",
            operands: [query, mask])
    }
    guard mask.dtype == .bool || mask.dtype == query.dtype else {
        throw TensorError(
            .dtype, in: name, "the mask is neither bool nor of the query's dtype", got: "\(mask.dtype)",
            expected: "bool or \(query.dtype)",
            fix: mask.dtype.isFloatingPoint
                ? "mask.to(.\(query.dtype))"
                : "mask.to(.bool), if 1 marks the keys to attend to, as in a tokenizer's mask",
            operands: [query, mask])
    }
}

/// Attention with the stored matrix of scores. Heads of the keys are repeated if there are fewer than of the queries.
func composedAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, isCausal: Bool, scale: Double,
    dropoutP: Double = 0, generator: Generator = .default
) -> Tensor {
    var (key, value) = (key, value)
    if query.rank >= 3, key.rank >= 3 {
        let (heads, shared) = (query.layout.shape[query.rank - 3], key.layout.shape[key.rank - 3])
        if shared > 1, heads != shared, heads % shared == 0 {
            key = key.repeatInterleave(heads / shared, dim: -3)
            value = value.repeatInterleave(heads / shared, dim: -3)
        }
    }
    var scores = matmul(query, key.mT) * scale
    var allowed = mask
    if isCausal {
        let (rows, columns) = (query.layout.shape[query.rank - 2], key.layout.shape[key.rank - 2])
        allowed = Tensor.ones([rows, columns], dtype: .bool, device: query.device).tril()
    }
    if let allowed {
        scores =
            allowed.dtype == .bool
            ? scores.maskedFill(allowed.logicalNot(), -Double.infinity) : scores + allowed
    }
    let weights = attentionWeights(scores, isMasked: allowed != nil)
    return matmul(dropout(weights, p: dropoutP, generator: generator), value)
}

/// The softmax of rows of scores. A row that is masked completely has weights of 0 and gradients of 0.
package func attentionWeights(_ scores: Tensor, isMasked: Bool) -> Tensor {
    guard isMasked else { return softmax(scores, dim: -1) }
    let empty = noGrad { (scores .== -Double.infinity).all(dim: -1, keepdim: true) }
    return softmax(scores.maskedFill(empty, 0), dim: -1).maskedFill(empty, 0)
}
