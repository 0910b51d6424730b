/// The Moore-Penrose pseudo-inverse by the singular value decomposition, `V diag(1 / S) U^H`, where singular values at or below
/// the larger of `atol` and `rtol` times the largest of them count as 0; of symmetric matrices by their eigenvalues.
///
/// Shapes: `A [*, m, n], atol [*], rtol [*] -> [*, n, m]`. Dtypes: float32, float64 and complex, all the same.
///
/// The gradient is that of matrices of the same rank (Golub and Pereyra 1973), written with products alone, so that equal
/// singular values do no harm: with P = A^+, G = g^H and K = G P,
/// `gA = -(P K)^H + K P^H - A P K P^H + P^H P (G - K A)`; the tall form is the same with both sides exchanged.
package struct PseudoInverse: CompositePrimitive {
    package static let name = "pinv"
    package static let supportsComplex = true
    package var isSymmetric = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        if isSymmetric {
            try MatrixRules.checkSquare(x, in: Self.name)
        } else {
            try MatrixRules.check(x, in: Self.name)
        }
        for limit in [inputs[1], inputs[2]]
        where limit.layout.shape != MatrixRules.batch(x) || limit.dtype != x.dtype.toReal {
            throw TensorError(
                .shape, in: Self.name, "the shape of the limits does not match the matrices",
                expected: "one limit for each matrix, of the same dtype", operands: [x, limit])
        }
        return Few(
            ResultSpec(MatrixRules.batch(x).with(MatrixRules.columns(x), MatrixRules.rows(x)), x.dtype))
    }

    package func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        let a = inputs[0]
        let left: Tensor
        let values: Tensor
        let right: Tensor
        if isSymmetric {
            let parts = try perform(SymmetricEigen(), Few(a))
            (left, values, right) = (parts[1], parts[0], parts[1])
        } else {
            let parts = try perform(SingularValues(vectors: .reduced), Few(a))
            (left, values, right) = (parts[0], parts[1], parts[2].mH)
        }
        let limit = LinAlg.largest(values) * inputs[2]
        let isZero = values.abs() <= limit.maximum(inputs[1]).unsqueeze(-1)
        let inverses = values.maskedFill(isZero, 1).reciprocal().maskedFill(isZero, 0)
        return Few((right * inverses.unsqueeze(-2)).matmul(left.mH))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard context.needs[0] else { return Few(nil, nil, nil) }
        let a = context.input(0)
        let p = context.output()
        let g = context.gradient.mH
        if MatrixRules.rows(a) <= MatrixRules.columns(a) {
            let k = g.matmul(p)
            let kp = k.matmul(p.mH)
            let rest = p.mH.matmul(p).matmul(g - k.matmul(a))
            return Few(kp - p.matmul(k).mH - a.matmul(p).matmul(kp) + rest, nil, nil)
        }
        let k = p.matmul(g)
        let pk = p.mH.matmul(k)
        let rest = (g - a.matmul(k)).matmul(p).matmul(p.mH)
        return Few(pk - k.matmul(p).mH - pk.matmul(p).matmul(a) + rest, nil, nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.run(self)
    }

    package var effects: Effects { .pure }
    package var algebra: Algebra { .other }
}
