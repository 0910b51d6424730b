import CKernels

/// The determinant of square matrices, by LU factorisation; 1 of matrices without elements.
///
/// Shapes: `[*, n, n] -> [*]`. Dtypes: float32 and float64.
///
/// The gradient is `g` times the matrix of cofactors, `det(A) A^-T`. Where a matrix has no inverse, its singular values S and
/// vectors give them: with `A = U diag(S) V^T`, `cof(A) = det(U) det(V) U diag(product of the other S) V^T`.
package struct Determinant: Primitive {
    package static let name = "det"

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try MatrixRules.checkSquare(inputs[0], in: Self.name)
        return Few(ResultSpec(MatrixRules.batch(inputs[0]), inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments { tl_linalg_det($0(inputs[0]), $0(outputs[0]), nil, nil) }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let g = context.gradient
        // Both forms are computed, each of matrices that it suits: where the other is taken, of a matrix for which it is
        // finite, so that nothing infinite meets a gradient of 0.
        let n = MatrixRules.rows(a)
        let parts = applyAll(Inverse(checkErrors: false), Few(a.detach()), count: 2)
        let isRegular = noGrad {
            (parts[1] .== 0).logicalAnd(parts[0].isfinite().flatten(from: -2).all(dim: -1)).unsqueeze(-1).unsqueeze(-1)
        }
        let spread = Tensor.arange(1, n + 1, dtype: a.dtype, device: a.device).diagEmbed()
        let regular = Tensor.where(isRegular, a, spread)
        let inverse = applyAll(Inverse(checkErrors: false), Few(regular), count: 2)[0]
        let product = context.output().unsqueeze(-1).unsqueeze(-1) * inverse.mT
        let factor = Tensor.where(isRegular, product, cofactors(Tensor.where(isRegular, spread, a)))
        return [g.unsqueeze(-1).unsqueeze(-1) * factor]
    }

    private func cofactors(_ a: Tensor) -> Tensor {
        let n = MatrixRules.rows(a)
        let parts = applyAll(SingularValues(vectors: .full), Few(a), count: 3)
        let turns = noGrad {
            apply(Determinant(), parts[0].detach()) * apply(Determinant(), parts[2].detach())
        }
        // Each row holds all singular values, with a 1 in place of its own.
        let own = Tensor.eye(n, dtype: .bool, device: a.device)
        let others = parts[1].unsqueeze(-2).expand(Array(MatrixRules.batch(a).with(n, n))).maskedFill(own, 1).prod(
            dim: -1)
        return turns.unsqueeze(-1).unsqueeze(-1) * (parts[0] * others.unsqueeze(-2)).matmul(parts[2])
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The sign of the determinant and the logarithm of its magnitude, which neither overflow nor vanish.
///
/// Shapes: `[*, n, n] -> sign [*], logabsdet [*]`. Dtypes: float32 and float64. A singular matrix gives 0 and -infinity.
/// The gradient of the logarithm is `g A^-T`, that of the sign 0.
package struct LogDeterminant: Primitive {
    package static let name = "slogdet"

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try MatrixRules.checkSquare(inputs[0], in: Self.name)
        let spec = ResultSpec(MatrixRules.batch(inputs[0]), inputs[0].dtype)
        return Few(spec, spec)
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_det($0(inputs[0]), nil, $0(outputs[0]), $0(outputs[1]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[1] else { return [nil] }
        let inverse = applyAll(Inverse(checkErrors: false), Few(context.input(0)), count: 2)[0]
        return [g.unsqueeze(-1).unsqueeze(-1) * inverse.mT]
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}
