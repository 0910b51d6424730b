/// The square root of symmetric positive semi-definite matrices, `R R = A` with R of the same kind: `V diag(sqrt(w)) V^H`.
///
/// Shapes: `[*, n, n] -> [*, n, n]`. Dtypes: float32, float64 and complex. The lower triangle is read, and eigenvalues that rounding made
/// negative count as 0.
///
/// `R dR + dR R = dA` in the basis of the eigenvectors of R, whose eigenvalues are r, gives
/// `gA = V ((V^H G V) / (r_i + r_j)) V^H` with `G = (g + g^H) / 2`, the gradient of symmetric matrices: finite for equal
/// eigenvalues, and infinite only where two are 0.
package struct MatrixSquareRoot: CompositePrimitive {
    package static let name = "matrixSqrth"
    package static let supportsComplex = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try MatrixRules.checkSquare(inputs[0], in: Self.name)
        return Few(ResultSpec(inputs[0].layout.shape, inputs[0].dtype))
    }

    package func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        let parts = try perform(SymmetricEigen(), inputs)
        return Few((parts[1] * parts[0].clampMin(0).sqrt().unsqueeze(-2)).matmul(parts[1].mH))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let (values, vectors) = LinAlg.eigh(context.output())
        let g = (context.gradient + context.gradient.mH) * 0.5
        let inner = vectors.mH.matmul(g).matmul(vectors)
        let sums = values.unsqueeze(-1) + values.unsqueeze(-2)
        return [vectors.matmul(inner / sums).matmul(vectors.mH)]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}
