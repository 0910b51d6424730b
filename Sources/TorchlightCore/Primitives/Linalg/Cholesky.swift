import CKernels

/// The Cholesky factor of symmetric positive definite matrices: `A = L L^H`, or `A = U^H U`.
///
/// Shapes: `[*, n, n] -> factor [*, n, n], info [*]`. Dtypes: float32, float64 and complex; info int32: 0, or the order of the first
/// leading minor that is not positive. Only the triangle of the factor is read.
///
/// `gA = L^-H phi(L^H gL) L^-1 / 2`, where phi mirrors the lower triangle, conjugated, into the upper one and keeps the
/// diagonal (Murray 2016, arXiv:1602.07527).
package struct Cholesky: Primitive {
    package static let name = "cholesky"
    package static let supportsComplex = true
    package var isUpper = false
    package var checkErrors = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try MatrixRules.checkSquare(inputs[0], in: Self.name)
        return Few(
            ResultSpec(inputs[0].layout.shape, inputs[0].dtype), ResultSpec(MatrixRules.batch(inputs[0]), .int32))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_cholesky($0(inputs[0]), $0(outputs[0]), isUpper, $0(outputs[1]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
        if checkErrors {
            try MatrixRules.check(
                info: outputs[1], in: Self.name, Array(inputs),
                problem: { "is not positive definite: its leading minor of order \($0) is not positive" },
                expected: "symmetric positive definite matrices",
                fix: "add a little to the diagonal, or use choleskyEx to go on without an error")
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return [nil] }
        let lower = isUpper ? context.output(0).mH : context.output(0)
        let product = lower.mH.matmul(isUpper ? g.mH : g).tril()
        let phi = (product + product.tril(-1).mH) * 0.5
        let left = apply(SolveTriangular(isUpper: true), lower.mH, phi)
        return [apply(SolveTriangular(isUpper: false, isLeft: false), lower, left)]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}
