import CKernels

/// The inverse of square matrices, by LU factorisation with row exchanges.
///
/// Shapes: `[*, n, n] -> inverse [*, n, n], info [*]`. Dtypes: float32, float64 and complex; info int32: 0, or for a singular
/// matrix the index, counted from 1, of the zero on the diagonal of U. The result of a singular matrix is NaN.
///
/// `gA = -Y^H g Y^H` with `Y = A^-1`.
package struct Inverse: Primitive {
    package static let name = "inv"
    package static let supportsComplex = true
    package var checkErrors = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try MatrixRules.checkSquare(inputs[0], in: Self.name)
        return Few(
            ResultSpec(inputs[0].layout.shape, inputs[0].dtype), ResultSpec(MatrixRules.batch(inputs[0]), .int32))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments { tl_linalg_inverse($0(inputs[0]), $0(outputs[0]), $0(outputs[1])) }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
        if checkErrors {
            try MatrixRules.check(
                info: outputs[1], in: Self.name, Array(inputs), problem: { _ in "is singular" },
                expected: "matrices that have an inverse", fix: "use pinv for the pseudo-inverse")
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return [nil] }
        let inverse = context.output(0).mH
        return [-inverse.matmul(g).matmul(inverse)]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}
