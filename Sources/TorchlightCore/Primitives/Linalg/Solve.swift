import CKernels

/// The solution of `A X = B` by LU factorisation with row exchanges.
///
/// Shapes: `A [*, n, n], B [*, n, k] -> X [*, n, k], info [*]`, leading dimensions broadcast. Dtypes: float32, float64 and complex, both
/// the same; info int32: 0, or if A is singular the index, counted from 1, of the zero on the diagonal of U. X is NaN then.
///
/// `gB = A^-T g`, `gA = -gB X^H`.
package struct Solve: Primitive {
    package static let name = "solve"
    package static let supportsComplex = true
    package var checkErrors = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let shape = try MatrixRules.solution(inputs[0], inputs[1], in: Self.name)
        return Few(ResultSpec(shape, inputs[0].dtype), ResultSpec(MatrixProduct.batchDims(shape), .int32))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let n = MatrixRules.rows(inputs[0])
        let matrices = inputs[0].layout.expanded(to: outputs[1].layout.shape.with(n, n))
        let right = inputs[1].layout.expanded(to: outputs[0].layout.shape)
        let status = withKernelArguments {
            tl_linalg_solve($0(inputs[0], matrices), $0(inputs[1], right), $0(outputs[0]), $0(outputs[1]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
        if checkErrors { try Self.check(info: outputs[1], Array(inputs)) }
    }

    /// Makes an error of the first singular matrix.
    static func check(info: Tensor, _ operands: [Tensor]) throws(TensorError) {
        try MatrixRules.check(
            info: info, in: name, operands, problem: { _ in "of the equations is singular" },
            expected: "matrices that have an inverse", fix: "use lstsq for the best solution that there is")
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[0] ? [.input(0), .output(0)] : .input(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return Few(nil, nil) }
        let side = applyAll(Solve(checkErrors: checkErrors), Few(context.input(0).mH, g), count: 2)[0]
        return Few(
            context.needs[0] ? -side.matmul(context.output(0).mH) : nil, context.needs[1] ? side : nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let rank = Swift.max(operands.rank(0), operands.rank(1))
        return try operands.call(self, Few(operands.aligned(0, rank: rank), operands.aligned(1, rank: rank)))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([1]) }
    package var autocast: AutocastClass { .float32 }
}
