import CKernels

/// The solution of `A X = B`, or of `X A = B`, for triangular matrices A; the other triangle of A is not read.
///
/// Shapes: `A [*, n, n], B [*, n, k]` (`[*, k, n]` on the right) `-> X` like B, leading dimensions broadcast. Dtypes: float32,
/// float64 and complex, both the same. A zero on the diagonal gives infinities and NaN. Not reading the diagonal (`isUnit`) takes it
/// for ones.
///
/// `gB = A^-T g`, and `gA = -gB X^H` in the triangle that is read; on the right `gB = g A^-T` and `gA = -X^H gB`. With
/// `isDense` the gradient of A is not cut to the triangle: that of any matrix, at one whose other triangle is 0.
package struct SolveTriangular: Primitive {
    package static let name = "solveTriangular"
    package static let supportsComplex = true
    package var isUpper: Bool
    package var isLeft = true
    package var isUnit = false
    package var isDense = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let shape = try MatrixRules.solution(inputs[0], inputs[1], isLeft: isLeft, in: Self.name)
        return Few(ResultSpec(shape, inputs[0].dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let batch = MatrixRules.batch(outputs[0])
        let n = MatrixRules.rows(inputs[0])
        let (a, b, x) = (inputs[0], inputs[1], outputs[0])
        let status = withKernelArguments {
            tl_linalg_solve_triangular(
                $0(a, a.layout.expanded(to: batch.with(n, n))), $0(b, b.layout.expanded(to: x.layout.shape)), $0(x),
                isUpper, isLeft, isUnit)
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { needs[0] ? [.input(0), .output(0)] : .input(0) }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let side = apply(
            SolveTriangular(isUpper: !isUpper, isLeft: isLeft, isUnit: isUnit, isDense: isDense),
            context.input(0).mH, context.gradient)
        guard context.needs[0] else { return Few(nil, side) }
        let x = context.output()
        let whole = isLeft ? side.matmul(x.mH) : x.mH.matmul(side)
        if isDense { return Few(-whole, context.needs[1] ? side : nil) }
        let diagonal = isUnit ? 1 : 0
        return Few(-(isUpper ? whole.triu(diagonal) : whole.tril(-diagonal)), context.needs[1] ? side : nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let rank = Swift.max(operands.rank(0), operands.rank(1))
        return try operands.call(self, Few(operands.aligned(0, rank: rank), operands.aligned(1, rank: rank)))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([1]) }
}
