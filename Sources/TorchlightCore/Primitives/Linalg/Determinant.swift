import CKernels

/// The determinant of square matrices, by LU factorisation; 1 of matrices without elements.
///
/// Shapes: `[*, n, n] -> [*]`. Dtypes: float32, float64 and complex.
///
/// The gradient is `g` times the matrix of cofactors, `det(A) A^-H`. Where a matrix has no inverse, its singular values S and
/// vectors give them: with `A = U diag(S) V^H`, `cof(A) = det(U) det(V) U diag(product of the other S) V^H`.
package struct Determinant: Primitive {
    package static let name = "det"
    package static let supportsComplex = true

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
        let spread = Tensor.arange(1, n + 1, dtype: a.dtype.toReal, device: a.device).to(a.dtype).diagEmbed()
        let regular = Tensor.where(isRegular, a, spread)
        let inverse = applyAll(Inverse(checkErrors: false), Few(regular), count: 2)[0]
        let product = context.output().conj().unsqueeze(-1).unsqueeze(-1) * inverse.mH
        let factor = Tensor.where(isRegular, product, cofactors(Tensor.where(isRegular, spread, a)))
        return [g.unsqueeze(-1).unsqueeze(-1) * factor]
    }

    private func cofactors(_ a: Tensor) -> Tensor {
        let n = MatrixRules.rows(a)
        let parts = applyAll(SingularValues(vectors: .full), Few(a), count: 3)
        let turns = noGrad {
            (apply(Determinant(), parts[0].detach()) * apply(Determinant(), parts[2].detach())).conj()
        }
        // Each row contains all singular values, with a 1 instead of its own.
        let own = Tensor.eye(n, dtype: .bool, device: a.device)
        let others = parts[1].unsqueeze(-2).expand(Array(MatrixRules.batch(a).with(n, n))).maskedFill(own, 1).prod(
            dim: -1)
        return turns.unsqueeze(-1).unsqueeze(-1) * (parts[0] * others.unsqueeze(-2)).matmul(parts[2])
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The sign of the determinant and the logarithm of its magnitude, which neither overflow nor vanish.
///
/// Shapes: `[*, n, n] -> sign [*], logabsdet [*]`. Dtypes: float32, float64 and complex. A singular matrix gives 0 and -infinity.
/// The gradient of the logarithm is `g A^-H`, that of the sign 0, and of a
/// complex sign s with the gradient h `-i Im(conj(h) s) A^-H`.
package struct LogDeterminant: Primitive {
    package static let name = "slogdet"
    package static let supportsComplex = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try MatrixRules.checkSquare(inputs[0], in: Self.name)
        let batch = MatrixRules.batch(inputs[0])
        return Few(ResultSpec(batch, inputs[0].dtype), ResultSpec(batch, inputs[0].dtype.toReal))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_det($0(inputs[0]), nil, $0(outputs[0]), $0(outputs[1]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        var g = context.gradients[1]
        if a.dtype.isComplex, let ofSign = context.gradients[0] {
            let turn = (ofSign.conj() * context.output(0)).imag
            g = complex(g ?? Tensor.zeros(like: turn), -turn)
        }
        guard let g else { return [nil] }
        let inverse = applyAll(Inverse(checkErrors: false), Few(a), count: 2)[0]
        return [g.unsqueeze(-1).unsqueeze(-1) * inverse.mH]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}
