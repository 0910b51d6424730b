import CKernels

/// Scaled dot-product attention, `softmax(q k^T * scale + mask) v`, in blocks of queries and keys: memory grows with
/// the length of the sequences, not with its square (Dao et al. 2022).
///
/// Shapes: `q [B, H, L, D]`, `k [B, K, S, D]`, `v [B, K, S, E]` with `H` a multiple of `K` (neighbouring heads of
/// queries share a head of keys), `mask [B, H, L, S]` or none `-> out [B, L, H, E], logsumexp [B, H, L]`. The heads of
/// a position are contiguous in the result, so that the output projection needs no copy. A mask is bool (false leaves a
/// key out) or of the dtype (added); with `isCausal` query `i` sees the keys `0 ... i`. A query without any key gives
/// 0. Dtypes: float32 or float64.
package struct Attention: Primitive {
    package static let name = "attention"
    package var scale: Double
    package var isCausal: Bool

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (q, k, v) = (inputs[0], inputs[1], inputs[2])
        guard q.dtype == .float32 || q.dtype == .float64, k.dtype == q.dtype, v.dtype == q.dtype else {
            throw .dtype(Self.name, [q, k, v], expected: "float32 or float64, one for all")
        }
        let (a, b, c) = (q.layout.shape, k.layout.shape, v.layout.shape)
        guard a.count == 4, b.count == 4, c.count == 4, a[0] == b[0], a[0] == c[0], a[3] == b[3], b[1] == c[1],
            b[2] == c[2], b[1] > 0 ? a[1] % b[1] == 0 : a[1] == 0
        else {
            throw TensorError(
                .shape, in: Self.name, "queries, keys and values do not fit",
                expected: "[B, H, L, D], [B, K, S, D] and [B, K, S, E] with H a multiple of K", operands: [q, k, v])
        }
        if inputs.count > 3 {
            let mask = inputs[3]
            guard mask.layout.shape == Dims([a[0], a[1], a[2], b[2]]), mask.dtype == .bool || mask.dtype == q.dtype
            else {
                throw TensorError(
                    .shape, in: Self.name, "the mask does not fit the scores",
                    expected: "bool or \(q.dtype) [\(a[0]), \(a[1]), \(a[2]), \(b[2])]", operands: [q, k, mask])
            }
        }
        return Few(
            ResultSpec(Dims([a[0], a[2], a[1], c[3]]), q.dtype), ResultSpec(Dims(a[0], a[1], a[2]), q.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[1].count == 0 { return }
        if inputs[1].count == 0 || inputs[2].count == 0 && inputs[2].layout.shape[2] == 0 {
            fill(outputs[0], with: 0)
            fill(outputs[1], with: .double(-.infinity))
            return
        }
        let (q, k, v) = (inputs[0], inputs[1], inputs[2])
        var parameters = tl_attention_params(scale: scale, causal: isCausal)
        let mask = inputs.count > 3 ? inputs[3] : nil
        let out = outputs[0]
        let status = withKernelArguments {
            tl_attention(
                &parameters, $0(q), $0(k), $0(v), $0(mask), $0(out, out.layout.transposed(1, 2)), $0(outputs[1]))
        }
        try Self.check(status)
    }

    fileprivate static func check(_ status: Int32) throws(TensorError) {
        guard status == 0 else { throw TensorError(.outOfMemory, in: name, "there is no memory for packed keys") }
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        [.input(0), .input(1), .input(2), .input(3), .output(0), .output(1)]
    }

    package var destinationInputs: Int { 3 }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return Few(repeating: nil, count: context.inputCount) }
        let hasMask = context.inputCount > 3
        if hasMask && context.needs[3] {
            // The gradient of the mask has the size of the scores: it is computed by operations that have them in
            // memory.
            let all = composedGradients(
                g, context.input(0), context.input(1), context.input(2), mask: context.input(3))
            var gradients = Few<Tensor?>(all.q, all.k, all.v)
            gradients.append(all.mask)
            return gradients
        }
        var operands = Few(context.input(0), context.input(1), context.input(2))
        operands.append(context.output(0))
        operands.append(context.output(1))
        operands.append(g)
        if hasMask { operands.append(context.input(3)) }
        let backward = AttentionBackward(forward: self)
        var destinations = Few<Tensor?>()
        for destination in context.destinations ?? Few() { destinations.append(destination) }
        let results = try perform(backward, operands, into: destinations)
        var gradients = Few<Tensor?>(results[0], results[1], results[2])
        if hasMask { gradients.append(nil) }
        return gradients
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let (q, k) = (inputs[0], inputs[1].repeatedHeads(inputs[0]))
        let scores = maskedScores(q, k, inputs.count > 3 ? inputs[3] : nil)
        let lse = scores.logsumexp(dim: -1)
        return Few(matmul(weights(scores), inputs[2].repeatedHeads(q)).transpose(1, 2).contiguous(), lse)
    }

    /// `q k^T * scale + mask`, with -infinity where a key is hidden.
    private func maskedScores(_ q: Tensor, _ k: Tensor, _ mask: Tensor?) -> Tensor {
        var scores = matmul(q, k.mT) * scale
        if isCausal {
            let (rows, columns) = (q.layout.shape[2], k.layout.shape[2])
            let seen = Tensor.ones([rows, columns], dtype: .bool, device: q.device).tril()
            scores = scores.maskedFill(seen.logicalNot(), -Double.infinity)
        }
        guard let mask else { return scores }
        return mask.dtype == .bool ? scores.maskedFill(mask.logicalNot(), -Double.infinity) : scores + mask
    }

    /// The softmax of each row; 0 where no key is seen.
    private func weights(_ scores: Tensor) -> Tensor {
        let empty = noGrad { (scores .== -Double.infinity).all(dim: -1, keepdim: true) }
        return softmax(scores.maskedFill(empty, 0), dim: -1).maskedFill(empty, 0)
    }

    /// The gradients in operations that have gradients themselves: with the weights `P = softmax(S)` and
    /// `dS = P (g v^T - sum(P (g v^T)))`, `dv = P^T g`, `dq = dS k scale`, `dk = dS^T q scale`, and that of the mask is
    /// `dS`.
    fileprivate func composedGradients(
        _ gradient: Tensor, _ q: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?
    ) -> (q: Tensor, k: Tensor, v: Tensor, mask: Tensor) {
        let (k, v, g) = (key.repeatedHeads(q), value.repeatedHeads(q), gradient.transpose(1, 2))
        let p = weights(maskedScores(q, k, mask))
        let dp = matmul(g, v.mT)
        let ds = p * (dp - (p * dp).sum(dim: -1, keepdim: true))
        return (
            matmul(ds, k) * scale, (matmul(ds.mT, q) * scale).summedHeads(key), matmul(p.mT, g).summedHeads(value), ds
        )
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index > 2 || layout.hasDenseRows }

    /// Of both products, as if every query saw every key.
    package func multiplyAdds(_ inputs: Specs) -> Int {
        let (q, k, v) = (inputs[0].layout.shape, inputs[1].layout.shape, inputs[2].layout.shape)
        return q[0] *| q[1] *| q[2] *| k[2] *| (q[3] + v[3])
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The gradients of `Attention` with respect to queries, keys and values, block by block from the sums of the rows.
///
/// Operands: `q, k, v, out, logsumexp`, the gradient of `out`, and the mask if any.
package struct AttentionBackward: Primitive {
    package static let name = "attentionBackward"
    package var forward: Attention

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (q, k, v) = (inputs[0], inputs[1], inputs[2])
        var operands = [q, k, v]
        if inputs.count > 6 { operands.append(inputs[6]) }
        let results = try forward.infer(Specs(operands))
        try checkOperand(inputs[3], is: results[0].shape, q.dtype, in: Self.name)
        try checkOperand(inputs[4], is: results[1].shape, q.dtype, in: Self.name)
        try checkOperand(inputs[5], is: results[0].shape, q.dtype, in: Self.name)
        func spec(_ x: TensorSpec) -> ResultSpec { ResultSpec(x.layout.shape, x.dtype) }
        return Few(spec(q), spec(k), spec(v))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if inputs[0].count == 0 || inputs[1].count == 0 || inputs[2].count == 0 {
            for out in outputs { fill(out, with: 0) }
            return
        }
        let (q, k, v) = (inputs[0], inputs[1], inputs[2])
        let (out, lse, g) = (inputs[3], inputs[4], inputs[5])
        var parameters = tl_attention_params(scale: forward.scale, causal: forward.isCausal)
        let mask = inputs.count > 6 ? inputs[6] : nil
        let status = withKernelArguments {
            tl_attention_backward(
                &parameters, $0(g, g.layout.transposed(1, 2)), $0(q), $0(k), $0(v), $0(mask),
                $0(out, out.layout.transposed(1, 2)), $0(lse), $0(outputs[0]), $0(outputs[1]), $0(outputs[2]))
        }
        try Attention.check(status)
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index == 4 ? false : index == 6 || layout.hasDenseRows
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let all = forward.composedGradients(
            inputs[5], inputs[0], inputs[1], inputs[2], mask: inputs.count > 6 ? inputs[6] : nil)
        return Few(all.q, all.k, all.v)
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([5]) }
}

extension Tensor {
    /// Each head of keys or values once for every head of queries that shares it.
    fileprivate func repeatedHeads(_ queries: Tensor) -> Tensor {
        let (heads, shared) = (queries.layout.shape[1], layout.shape[1])
        return heads == shared || shared == 0 ? self : repeatInterleave(heads / shared, dim: 1)
    }

    /// The gradient of `repeatedHeads`: the sum over the queries' heads that share one.
    fileprivate func summedHeads(_ shared: Tensor) -> Tensor {
        let (heads, count) = (layout.shape[1], shared.layout.shape[1])
        if heads == count || count == 0 { return self }
        return unflatten(1, [count, heads / count]).sum(dim: 2)
    }
}
