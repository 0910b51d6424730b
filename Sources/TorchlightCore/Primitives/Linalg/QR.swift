import CKernels

/// The QR decomposition by Householder's reflections: `A = Q R` with orthonormal columns in Q and an upper triangular R.
///
/// Shapes, k = min(m, n): `[*, m, n] -> Q [*, m, k], R [*, k, n]`; complete, Q is `[*, m, m]` and R `[*, m, n]`. Dtypes: float32,
/// float64 and complex. The signs of R's diagonal are LAPACK's: not all positive.
///
/// For m >= n, `gA = (gQ + Q copyltu(M)) R^-T` with `M = R gR^H - gQ^H Q` and `copyltu(M) = tril(M) + tril(M, -1)^H`. For m < n the
/// first m columns X of A = [X Y] decide Q, and Y = Q V, R = [U V]: V's gradient passes `Y gV^H` on to Q and `Q gV` to Y
/// (Roberts and Roberts 2020, arXiv:2009.10071). The columns that a complete Q has more than A has rank are any basis
/// of the rest, and have no derivative.
package struct QRDecomposition: Primitive {
    package static let name = "qr"
    package static let supportsComplex = true
    package var isComplete = false
    /// Whether Q is wanted.
    package var hasQ = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try MatrixRules.check(x, in: Self.name)
        let batch = MatrixRules.batch(x)
        let k = isComplete ? MatrixRules.rows(x) : MatrixRules.smallest(x)
        let q = hasQ ? batch.with(MatrixRules.rows(x), k) : [0]
        return Few(ResultSpec(q, x.dtype), ResultSpec(batch.with(k, MatrixRules.columns(x)), x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_qr($0(inputs[0]), $0(hasQ ? outputs[0] : nil), $0(outputs[1]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability {
        hasQ ? .differentiable : .unavailable("the derivative needs Q, which mode .r leaves out")
    }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0), .output(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let a = context.input(0)
        let (m, n) = (MatrixRules.rows(a), MatrixRules.columns(a))
        guard !isComplete || m <= n else {
            throw TensorError(
                .autograd, in: Self.name, "a complete Q of a tall matrix has no derivative", got: "\(m) by \(n)",
                expected: "at most as many rows as columns", fix: "use the reduced mode", operands: [a])
        }
        let q = context.output(0)
        let r = context.output(1)
        let gR = context.gradients[1] ?? Tensor.zeros(like: r)
        var gQ = context.gradients[0] ?? Tensor.zeros(like: q)
        if m >= n { return [Self.back(q, r, gQ, gR)] }
        let gV = gR.narrow(-1, start: m, length: n - m)
        gQ = gQ + a.narrow(-1, start: m, length: n - m).matmul(gV.mH)
        let left = Self.back(q, r.narrow(-1, start: 0, length: m), gQ, gR.narrow(-1, start: 0, length: m))
        return [cat([left, q.matmul(gV)], dim: -1)]
    }

    private static func back(_ q: Tensor, _ r: Tensor, _ gQ: Tensor, _ gR: Tensor) -> Tensor {
        let m = r.matmul(gR.mH) - gQ.mH.matmul(q)
        // The diagonal of R is real.
        let lower =
            m.dtype.isComplex
            ? m.tril(-1) + m.diagonal(dim1: -2, dim2: -1).real.diagEmbed() : m.tril()
        let inner = gQ + q.matmul(lower + m.tril(-1).mH)
        return apply(SolveTriangular(isUpper: false, isLeft: false), r.mH, inner)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}
