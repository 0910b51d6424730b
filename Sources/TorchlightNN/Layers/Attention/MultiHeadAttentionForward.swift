import TorchlightCore

/// Returns multi-head attention with given parameters, the function of ``MultiheadAttention``.
///
/// Each head computes `softmax(Q Kᵀ / √(E/numHeads) + mask) V`, with `Q = query W_qᵀ + b_q`, `K = key W_kᵀ + b_k` and
/// `V = value W_vᵀ + b_v`. The output projection is applied to the concatenated heads (Vaswani et al., 2017).
///
/// Shapes: query `[L, N, E]`, key `[S, N, kdim]`, value `[S, N, vdim]`, or all without N; output `[L, N, E]`; attention
/// weights `[N, L, S]`, or `[N, numHeads, L, S]` if they are not averaged over the heads. A query whose keys are all masked
/// has attention weights of 0; its output is the bias of the output projection.
///
/// - Parameters:
///   - embedDim: The embedding dimension E.
///   - numHeads: The number of heads; it must divide E.
///   - inProjWeight: The projection weights of query, key and value, concatenated, `[3 E, E]`; nil with `separateWeights`.
///   - inProjBias: The projection biases of query, key and value, concatenated, `[3 E]`; nil for none.
///   - biasK: A key that is appended to the keys, `[1, 1, E]`. Default: none.
///   - biasV: A value that is appended to the values, `[1, 1, E]`. Default: none.
///   - addZeroAttn: Whether a key and a value of zeros are appended. Default: false.
///   - dropoutP: The dropout probability of the attention weights in training mode. Default: 0.
///   - outProjWeight: The weight of the output projection, `[E, E]`.
///   - outProjBias: The bias of the output projection, `[E]`; nil for none.
///   - training: Whether dropout is applied. Default: true.
///   - keyPaddingMask: A mask of the keys, `[N, S]`: bool, where true means that a key is ignored, or floating point, which
///     is added to the scores. Default: none.
///   - needWeights: Whether the attention weights are returned. Default: true.
///   - attnMask: A mask of queries and keys, `[L, S]` or `[N · numHeads, L, S]`, of the same dtypes. Default: none.
///   - separateWeights: The projection weights of query, key and value, `[E, E]`, `[E, kdim]` and `[E, vdim]`.
///   - averageAttnWeights: Whether the attention weights are averaged over the heads. Default: true.
///   - isCausal: Whether query i attends only to the keys 0 ... i. Default: false.
///   - generator: The generator of the random numbers of dropout.
/// - Returns: The output, and the attention weights if `needWeights`.
public func multiHeadAttentionForward(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ embedDim: Int, _ numHeads: Int, _ inProjWeight: Tensor?,
    _ inProjBias: Tensor?, _ biasK: Tensor? = nil, _ biasV: Tensor? = nil, _ addZeroAttn: Bool = false,
    _ dropoutP: Double = 0, _ outProjWeight: Tensor, _ outProjBias: Tensor?, training: Bool = true,
    keyPaddingMask: Tensor? = nil, needWeights: Bool = true, attnMask: Tensor? = nil,
    separateWeights: (Tensor, Tensor, Tensor)? = nil, averageAttnWeights: Bool = true, isCausal: Bool = false,
    generator: Generator = .default
) -> (output: Tensor, weights: Tensor?) {
    if let placeholder = [query, key, value].first(where: \.isPlaceholder) { return (placeholder, nil) }
    let name = "multiHeadAttentionForward"
    func refuse(_ problem: String, expected: String, _ operands: [Tensor]) -> (Tensor, Tensor?) {
        (fail(TensorError(.shape, in: name, problem, expected: expected, operands: operands), like: query), nil)
    }
    guard query.rank == 2 || query.rank == 3, key.rank == query.rank, value.rank == query.rank else {
        return refuse(
            "query, key and value must have 2 or 3 dimensions, all the same number",
            expected: "[L, N, E], [S, N, *] and [S, N, *], or all without N",
            [query, key, value])
    }
    let isBatched = query.rank == 3
    let (q3, k3, v3) = isBatched ? (query, key, value) : (query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1))
    let (length, batch) = (q3.shape[0], q3.shape[1])
    guard q3.shape[2] == embedDim, numHeads > 0, embedDim % numHeads == 0, k3.shape[1] == batch,
        k3.shape[0] == v3.shape[0], v3.shape[1] == batch
    else {
        return refuse(
            "the shapes of query, key and value do not match, or the number of heads does not divide embedDim",
            expected: "[L, N, \(embedDim)], [S, N, *] and [S, N, *], and an embedDim that is a multiple of numHeads",
            [query, key, value])
    }
    guard let (weightQ, weightK, weightV) = projections(inProjWeight, separateWeights, embedDim) else {
        return refuse(
            "the projection weights are missing or have the wrong shape",
            expected: "inProjWeight [3 · embedDim, embedDim], or three separateWeights", [query])
    }
    let biases = inProjBias?.chunk(3, dim: 0)
    let q: Tensor
    var (k, v): (Tensor, Tensor)
    if let inProjWeight, query === key, key === value {
        // Self-attention: the three projections are one matrix product.
        let all = linear(q3, inProjWeight, inProjBias).chunk(3, dim: -1)
        (q, k, v) = (all[0], all[1], all[2])
    } else {
        q = linear(q3, weightQ, biases?[0])
        k = linear(k3, weightK, biases?[1])
        v = linear(v3, weightV, biases?[2])
    }
    // A projection has failed.
    if let placeholder = [q, k, v].first(where: \.isPlaceholder) { return (placeholder, nil) }
    var extra = 0
    if let biasK, let biasV {
        k = cat([k, biasK.expand([1, batch, embedDim])])
        v = cat([v, biasV.expand([1, batch, embedDim])])
        extra += 1
    }
    if addZeroAttn {
        let zeros = Tensor.zeros([1, batch, embedDim], dtype: q.dtype, device: q.device)
        k = cat([k, zeros])
        v = cat([v, zeros])
        extra += 1
    }
    let width = embedDim / numHeads
    func heads(_ x: Tensor) -> Tensor { x.reshape([x.shape[0], batch, numHeads, width]).permute(1, 2, 0, 3) }
    let masks = AttentionMasks(
        batch: batch, heads: numHeads, queries: length, keys: k3.shape[0], extra: extra, dtype: q.dtype)
    // If the causal mask is the only mask, the blocked attention does not need it as a matrix.
    let isBlockedCausal = isCausal && extra == 0 && attnMask == nil && keyPaddingMask == nil && !needWeights
    let mask: Tensor?
    do {
        mask = try masks.merge(
            attnMask, keyPaddingMask, isCausal: isCausal && !isBlockedCausal, device: q.device, operation: name)
    } catch {
        return (fail(error, like: query), nil)
    }
    let p = training ? dropoutP : 0
    let (found, weights) = attend(
        heads(q), heads(k), heads(v), mask, p, needWeights: needWeights, isCausal: isBlockedCausal, generator)
    let joined = found.permute(2, 0, 1, 3).reshape([length, batch, embedDim])
    let output = linear(joined, outProjWeight, outProjBias)
    let shown = weights.map { averageAttnWeights ? $0.mean(dim: 1) : $0 }
    return (isBatched ? output : output.squeeze(1), isBatched ? shown : shown.map { $0.squeeze(0) })
}

private func projections(
    _ joint: Tensor?, _ separate: (Tensor, Tensor, Tensor)?, _ width: Int
) -> (Tensor, Tensor, Tensor)? {
    if let separate { return separate }
    guard let joint, joint.rank == 2, joint.shape[0] == 3 * width else { return nil }
    let parts = joint.chunk(3, dim: 0)
    return (parts[0], parts[1], parts[2])
}

/// Scaled dot-product attention of `[N, numHeads, L, D]`, with its weights if `needWeights`.
private func attend(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor?, _ p: Double, needWeights: Bool, isCausal: Bool,
    _ generator: Generator
) -> (Tensor, Tensor?) {
    guard needWeights else {
        let output = scaledDotProductAttention(
            q, k, v, attnMask: mask, dropoutP: p, isCausal: isCausal, generator: generator)
        return (output, nil)
    }
    let scale = 1 / Double(q.shape[3]).squareRoot()
    var scores = matmul(q * scale, k.mT)
    if let mask { scores = scores + mask }
    let weights = dropout(
        attentionWeights(scores, isMasked: mask != nil), p: p, training: p > 0, generator: generator)
    return (matmul(weights, v), weights)
}

/// Combines the masks of an attention into one floating-point mask that is added to the scores.
private struct AttentionMasks {
    var batch: Int
    var heads: Int
    var queries: Int
    var keys: Int
    /// The number of appended keys, which are never masked.
    var extra: Int
    var dtype: DType

    /// The combined mask; with `isCausal`, the keys after key i are masked for query i.
    func merge(
        _ mask: Tensor?, _ padding: Tensor?, isCausal: Bool, device: Device, operation: String
    ) throws(TensorError) -> Tensor? {
        var terms: Tensor?
        if let mask {
            try check(mask, "attnMask", operation)
            guard mask.shape == [queries, keys] || mask.shape == [batch * heads, queries, keys] else {
                throw TensorError(
                    .shape, in: operation, "attnMask has the wrong shape",
                    expected: "\([queries, keys]) or \([batch * heads, queries, keys])", operands: [mask])
            }
            let own = added(mask)
            terms = mask.rank == 2 ? own : own.reshape([batch, heads, queries, keys + extra])
        }
        if isCausal {
            let own = added(Tensor.ones([queries, keys], dtype: .bool, device: device).triu(1))
            terms = terms.map { $0 + own } ?? own
        }
        if let padding {
            try check(padding, "keyPaddingMask", operation)
            guard padding.shape == [batch, keys] || (batch == 1 && padding.shape == [keys]) else {
                throw TensorError(
                    .shape, in: operation, "keyPaddingMask has the wrong shape",
                    expected: "\([batch, keys]), one element for each key", operands: [padding])
            }
            let own = added(padding).reshape([batch, 1, 1, keys + extra])
            terms = terms.map { $0 + own } ?? own
        }
        return terms
    }

    private func check(_ mask: Tensor, _ argument: String, _ operation: String) throws(TensorError) {
        if mask.dtype == .bool || mask.dtype.isFloatingPoint { return }
        throw TensorError(
            .dtype, in: operation, "\(argument) is neither bool nor floating-point", got: "\(mask.dtype)",
            expected: "bool, where true means that a key is ignored, or floating point, which is added to the scores",
            fix:
                "pass mask.to(.bool) if 1 means ignored, or mask .== 0 if 1 means attended, as in the attention mask of "
                + "a tokenizer", operands: [mask])
    }

    /// The mask in floating point: true becomes −∞, false 0.
    private func added(_ mask: Tensor) -> Tensor {
        var terms = mask
        if mask.dtype == .bool {
            terms = Tensor.zeros(mask.shape, dtype: dtype, device: mask.device).maskedFill(mask, -Double.infinity)
        } else if mask.dtype != dtype {
            terms = mask.to(dtype)
        }
        return extra > 0 ? terms.pad([0, extra]) : terms
    }
}
