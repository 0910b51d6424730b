import CKernels

/// The LU factorisation with row exchanges, `A = P L U`, in one matrix: U with its diagonal, and below it L, whose own
/// diagonal is ones.
///
/// Shapes: `[*, m, n] -> LU [*, m, n], pivots [*, min(m, n)], info [*]`. Dtypes: float32, float64 and complex; pivots (counted from 1)
/// and info int32. `info` is the index, counted from 1, of the first zero on the diagonal of U; 0 if there is none.
///
/// With the gradients `gL` (strictly below the diagonal) and `gU`, of a square matrix:
/// `gA = P L^-H (tril(L^H gL, -1) + triu(gU U^H)) U^-H`. Of a wide matrix, U = [U1 U2]: U2 = L^-1 P^T A2 passes on
/// `gA2 = P L^-H gU2` and `-L^-H gU2 U2^T` to L. Of a tall one, L = [L1; L2]: L2 = A2 U^-1 passes on `gA2 = gL2 U^-H` and
/// `-L2^T gL2 U^-H` to U.
package struct LUFactor: Primitive {
    package static let name = "luFactor"
    package static let supportsComplex = true
    package var checkErrors = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try MatrixRules.check(x, in: Self.name)
        let batch = MatrixRules.batch(x)
        return Few(
            ResultSpec(x.layout.shape, x.dtype), ResultSpec(batch.with(MatrixRules.smallest(x)), .int32),
            ResultSpec(batch, .int32))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_lu($0(inputs[0]), $0(outputs[0]), $0(outputs[1]), $0(outputs[2]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
        if checkErrors {
            try MatrixRules.check(
                info: outputs[2], in: Self.name, Array(inputs),
                problem: { "is singular: element \($0 - 1) of the diagonal of U is zero" },
                expected: "matrices of full rank", fix: "use luFactorEx to go on with what there is")
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.output(0), .output(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return [nil] }
        let lu = context.output(0)
        let (m, n) = (MatrixRules.rows(lu), MatrixRules.columns(lu))
        let k = Swift.min(m, n)
        let square = lu.narrow(-2, start: 0, length: k).narrow(-1, start: 0, length: k)
        let top = g.narrow(-2, start: 0, length: k).narrow(-1, start: 0, length: k)
        let lower = square.tril(-1) + Tensor.eye(k, dtype: lu.dtype, device: lu.device)
        let upper = square.triu()
        var below = lower.mH.matmul(top.tril(-1))
        var above = top.triu().matmul(upper.mH)
        if n > k {
            below =
                below - g.narrow(-1, start: k, length: n - k).matmul(lu.narrow(-1, start: k, length: n - k).mH)
        }
        if m > k {
            above =
                above - lu.narrow(-2, start: k, length: m - k).mH.matmul(g.narrow(-2, start: k, length: m - k))
        }
        let inner = below.tril(-1) + above.triu()
        let fromU = apply(SolveTriangular(isUpper: false, isLeft: false), upper.mH, inner)
        var result = apply(SolveTriangular(isUpper: true, isUnit: true), lower.mH, fromU)
        if n > k {
            let right = apply(
                SolveTriangular(isUpper: true, isUnit: true), lower.mH, g.narrow(-1, start: k, length: n - k))
            result = cat([result, right], dim: -1)
        }
        if m > k {
            let bottom = apply(
                SolveTriangular(isUpper: false, isLeft: false), upper.mH, g.narrow(-2, start: k, length: m - k))
            result = cat([result, bottom], dim: -2)
        }
        // P X by moving rows, since P has m x m elements.
        let order = apply(PivotOrder(rows: m), context.output(1)).unsqueeze(-1).expand(result.shape)
        return [Tensor.zeros(like: result).scatter(-2, order, result)]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The order of rows that the row exchanges of an LU factorisation amount to: row `i` of `P^T A` is row `order[i]` of A.
///
/// Shapes: `[*, k] -> [*, rows]`. Dtypes: pivots int32, counted from 1; the order int64.
package struct PivotOrder: Primitive {
    package static let name = "pivotOrder"
    package var rows: Int

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype == .int32 else {
            throw .dtype(Self.name, [x], expected: "int32 pivots, as luFactor gives them")
        }
        guard x.rank >= 1, x.layout.shape[x.rank - 1] <= rows else {
            throw TensorError(
                .shape, in: Self.name, "the shape of the pivots does not match the matrices",
                expected: "at most one pivot for each of \(quantity(rows, "row"))", operands: [x])
        }
        var shape = x.layout.shape
        shape[x.rank - 1] = rows
        return Few(ResultSpec(shape, .int64))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        _ = withKernelArguments { tl_linalg_permutation($0(inputs[0]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .constant }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .constant }
}

extension Tensor {
    /// The permutation matrices P of orders of rows, `P[order[i], i] = 1`: `[*, m] -> [*, m, m]`.
    func permutation(_ dtype: DType) -> Tensor {
        if isPlaceholder { return self }
        let rows = Tensor.arange(layout.shape[rank - 1], device: device).unsqueeze(-1)
        return (rows .== unsqueeze(-2)).to(dtype)
    }
}
