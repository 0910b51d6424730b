import CKernels

/// The eigenvalues of symmetric matrices in rising order, and their eigenvectors: `A = V diag(w) V^H`.
///
/// Shapes: `[*, n, n] -> w [*, n], V [*, n, n]` with the vectors as columns. Dtypes: float32, float64 and complex. One triangle of A is
/// read. Vectors are free up to their signs, those of equal eigenvalues up to a rotation.
///
/// `gA = V (diag(gw) + (V^H gV) / E) V^H` with `E_ij = w_j - w_i` and nothing on the diagonal: the gradient of A as a symmetric
/// matrix, in both triangles. It is infinite where eigenvalues are equal, unless only w is used.
package struct SymmetricEigen: Primitive {
    package static let name = "eigh"
    package static let supportsComplex = true
    package var isUpper = false
    /// Whether the vectors are wanted.
    package var hasVectors = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try MatrixRules.checkSquare(x, in: Self.name)
        let values = MatrixRules.batch(x).with(MatrixRules.rows(x))
        return Few(ResultSpec(values, x.dtype.toReal), ResultSpec(hasVectors ? x.layout.shape : [0], x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_eigh($0(inputs[0]), $0(outputs[0]), $0(hasVectors ? outputs[1] : nil), isUpper)
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability {
        hasVectors ? .differentiable : .unavailable("the derivative needs the eigenvectors")
    }
    package func saved(for needs: Needs) -> Saved { [.output(0), .output(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let values = context.output(0)
        let vectors = context.output(1)
        guard let g = context.gradients[1] else {
            return [context.gradients[0].map { (vectors * $0.unsqueeze(-2)).matmul(vectors.mH) }]
        }
        let own = Tensor.eye(MatrixRules.rows(vectors), dtype: .bool, device: vectors.device)
        let gaps = (values.unsqueeze(-2) - values.unsqueeze(-1)).maskedFill(own, 1)
        var inner = (vectors.mH.matmul(g) / gaps).maskedFill(own, 0)
        if let gw = context.gradients[0] { inner = inner + gw.diagEmbed() }
        return [vectors.matmul(inner).matmul(vectors.mH)]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}
