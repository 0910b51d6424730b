import CKernels

/// Scaled dot-product attention, `softmax(q k^T * scale + mask) v`, in blocks of queries and keys: memory grows with the
/// length of the sequences, not with its square (Dao et al. 2022).
///
/// Shapes: `q [B, H, L, D]`, `k [B, K, S, D]`, `v [B, K, S, E]` with `H` a multiple of `K` (neighbouring heads of queries
/// share a head of keys), `mask [B, H, L, S]` or none `-> out [B, L, H, E], logsumexp [B, H, L]`. The heads of the result lie
/// side by side, as the next layer wants them. A mask is bool (false leaves a key out) or of the dtype (added); with
/// `isCausal` query `i` sees the keys `0 ... i`. A query without any key gives 0. Dtypes: float32 or float64.
package struct Attention: Primitive {
    package static let name = "attention"
    package var scale: Double
    package var isCausal: Bool

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
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
            TensorSpec(Dims([a[0], a[2], a[1], c[3]]), q.dtype), TensorSpec(Dims(a[0], a[1], a[2]), q.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[1].count == 0 { return }
        if inputs[1].count == 0 || inputs[2].count == 0 && inputs[2].layout.shape[2] == 0 {
            fill(outputs[0], with: 0)
            fill(outputs[1], with: .double(-.infinity))
            return
        }
        let (q, k, v) = (try inputs[0].withDenseRows(), try inputs[1].withDenseRows(), try inputs[2].withDenseRows())
        var parameters = tl_attention_params(scale: scale, causal: isCausal)
        let status = withKernels(q, k, v) { q, k, v in
            withOptionalKernel(inputs.count > 3 ? inputs[3] : nil) { mask in
                withKernel(outputs[0], outputs[0].layout.transposed(1, 2)) { out in
                    withKernel(outputs[1]) { tl_attention(&parameters, q, k, v, mask, out, $0) }
                }
            }
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

    package var placeableInputs: Int { 3 }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let inputs = (0..<context.inputCount).map { context.input($0) }
        // The gradient of the mask has the size of the scores: it is left to operations that have them in memory.
        if isGradEnabled || (inputs.count > 3 && context.needs[3]) {
            return enableGradIfNeeded { gradientThroughComposition(context, inputs) { [composed($0), nil] } }
        }
        guard let g = context.gradients[0] else { return Few(repeating: nil, count: context.inputCount) }
        var operands = Few(inputs[0], inputs[1], inputs[2])
        operands.append(context.output(0))
        operands.append(context.output(1))
        operands.append(g)
        if inputs.count > 3 { operands.append(inputs[3]) }
        let backward = AttentionBackward(forward: self)
        var places = Few<Tensor?>()
        for place in context.places ?? Few() { places.append(place) }
        let results = try perform(backward, operands, into: places)
        var gradients = Few<Tensor?>(results[0], results[1], results[2])
        if inputs.count > 3 { gradients.append(nil) }
        return gradients
    }

    /// The same in operations that have gradients of any order; the matrix of scores is whole in memory.
    package func composed(_ inputs: [Tensor]) -> Tensor {
        composedAttention(
            inputs[0], inputs[1], inputs[2], mask: inputs.count > 3 ? inputs[3] : nil, isCausal: isCausal, scale: scale
        ).transpose(1, 2)
    }

    package var traits: Traits { [] }
}

/// Runs the body with gradients recorded, which a composition needs even in a pass that is not recorded itself.
private func enableGradIfNeeded(_ body: () -> Few<Tensor?>) -> Few<Tensor?> {
    if isGradEnabled { return body() }
    return enableGrad { body() }.mapElements { $0?.detach() }
}

extension Few {
    fileprivate func mapElements<R>(_ body: (Element) -> R) -> Few<R> {
        var result = Few<R>()
        for element in self { result.append(body(element)) }
        return result
    }
}

/// The gradients of `Attention` with respect to queries, keys and values, block by block from the sums of the rows.
///
/// Operands: `q, k, v, out, logsumexp`, the gradient of `out`, and the mask if any.
package struct AttentionBackward: Primitive {
    package static let name = "attentionBackward"
    package var forward: Attention

    package func output(of inputs: Few<Tensor>) throws(TensorError) -> Few<TensorSpec> {
        guard inputs[0].dtype == .float32 || inputs[0].dtype == .float64 else {
            throw .dtype(Self.name, [inputs[0]], expected: "float32 or float64")
        }
        func spec(_ x: Tensor) -> TensorSpec { TensorSpec(x.layout.shape, x.dtype) }
        return Few(spec(inputs[0]), spec(inputs[1]), spec(inputs[2]))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if inputs[0].count == 0 || inputs[1].count == 0 || inputs[2].count == 0 {
            for out in outputs { fill(out, with: 0) }
            return
        }
        let (q, k, v) = (try inputs[0].withDenseRows(), try inputs[1].withDenseRows(), try inputs[2].withDenseRows())
        let (out, lse, g) = (try inputs[3].withDenseRows(), try inputs[4].asDense(), try inputs[5].withDenseRows())
        var parameters = tl_attention_params(scale: forward.scale, causal: forward.isCausal)
        let status = withKernels(q, k, v) { q, k, v in
            withOptionalKernel(inputs.count > 6 ? inputs[6] : nil) { mask in
                withKernel(out, out.layout.transposed(1, 2)) { out in
                    withKernel(g, g.layout.transposed(1, 2)) { g in
                        withKernel(lse) { lse in
                            withKernels(outputs[0], outputs[1], outputs[2]) { dq, dk, dv in
                                tl_attention_backward(&parameters, g, q, k, v, mask, out, lse, dq, dk, dv)
                            }
                        }
                    }
                }
            }
        }
        try Attention.check(status)
    }

    package var differentiability: Differentiability {
        .unavailable("the gradient of attention is composed of other operations while gradients are recorded")
    }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }
    package var traits: Traits { [] }
}

extension Tensor {
    /// The tensor itself where the elements of its last dimension are neighbours, else a copy.
    fileprivate func withDenseRows() throws(TensorError) -> Tensor {
        rank == 0 || layout.shape[rank - 1] <= 1 || layout.strides[rank - 1] == 1 ? self : try copied()
    }
}
