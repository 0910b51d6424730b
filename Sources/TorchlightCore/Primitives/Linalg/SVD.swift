import CKernels

/// The singular value decomposition, `A = U diag(S) V^H`, with the singular values in falling order.
///
/// Shapes, k = min(m, n): `[*, m, n] -> U [*, m, k], S [*, k], V^H [*, k, n]`; full, U is `[*, m, m]` and V^H `[*, n, n]`. Dtypes:
/// float32, float64 and complex. The vectors of a singular value are free up to a common sign, those of equal ones up to a rotation.
///
/// With `skew(X) = X - X^H` and `E_ij = s_j^2 - s_i^2` (1 on the diagonal):
/// `gA = U [(skew(U^H gU) / E) S + S (skew(V^H gV) / E) + diag(gS)] V^H`
/// ` + (1 - U U^H) gU S^-1 V^H + U S^-1 gV^H (1 - V V^H)` (Townsend 2016). It is infinite where singular values are equal, and
/// where one is 0 and the matrix not square, unless only S is used.
package struct SingularValues: Primitive {
    /// Which vectors are wanted.
    package enum Vectors: String, Sendable, Codable { case none, reduced, full }

    package static let name = "svd"
    package static let supportsComplex = true
    package var vectors: Vectors

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try MatrixRules.check(x, in: Self.name)
        let batch = MatrixRules.batch(x)
        let (m, n, k) = (MatrixRules.rows(x), MatrixRules.columns(x), MatrixRules.smallest(x))
        let values = ResultSpec(batch.with(k), x.dtype.toReal)
        switch vectors {
        case .none: return Few(ResultSpec([0], x.dtype), values, ResultSpec([0], x.dtype))
        case .reduced: return Few(ResultSpec(batch.with(m, k), x.dtype), values, ResultSpec(batch.with(k, n), x.dtype))
        case .full: return Few(ResultSpec(batch.with(m, m), x.dtype), values, ResultSpec(batch.with(n, n), x.dtype))
        }
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let wanted = vectors != .none
        let status = withKernelArguments {
            tl_linalg_svd(
                $0(inputs[0]), $0(wanted ? outputs[0] : nil), $0(outputs[1]), $0(wanted ? outputs[2] : nil))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability {
        vectors == .none ? .unavailable("the derivative needs the singular vectors") : .differentiable
    }
    package func saved(for needs: Needs) -> Saved { [.output(0), .output(1), .output(2)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let s = context.output(1)
        let k = s.layout.shape[s.rank - 1]
        let u = context.output(0).narrow(-1, start: 0, length: k)
        let vh = context.output(2).narrow(-2, start: 0, length: k)
        let gS = context.gradients[1]
        guard context.gradients[0] != nil || context.gradients[2] != nil else {
            return [gS.map { (u * $0.unsqueeze(-2)).matmul(vh) }]
        }
        let (m, n) = (MatrixRules.rows(u), MatrixRules.columns(vh))
        let row = s.unsqueeze(-2)
        let column = s.unsqueeze(-1)
        // Differences of squares as products: less is lost where two are close.
        let gaps = ((row - column) * (row + column)).maskedFill(Tensor.eye(k, dtype: .bool, device: s.device), 1)
        var inner = gS?.diagEmbed()
        var outside: Tensor?
        func add(_ part: Tensor, to sum: inout Tensor?) { sum = sum.map { $0 + part } ?? part }
        if let g = context.gradients[0]?.narrow(-1, start: 0, length: k) {
            let product = u.mH.matmul(g)
            let skew = product - product.mH
            add(skew / gaps * row, to: &inner)
            // The common phase of a pair of vectors, which is free.
            if skew.dtype.isComplex {
                add((skew.diagonal(dim1: -2, dim2: -1) / (s * 2)).diagEmbed(), to: &inner)
            }
            if m > k { add(((g - u.matmul(product)) / row).matmul(vh), to: &outside) }
        }
        if let g = context.gradients[2]?.narrow(-2, start: 0, length: k) {
            let product = vh.matmul(g.mH)
            add(column * ((product - product.mH) / gaps), to: &inner)
            if n > k { add(u.matmul((g - product.mH.matmul(vh)) / column), to: &outside) }
        }
        let within = inner.map { u.matmul($0).matmul(vh) }
        guard let within, let outside else { return [within ?? outside] }
        return [within + outside]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}
