import CKernels

/// The LDL factorisation of symmetric matrices by the method of Bunch and Kaufman, `A = L D L^T`, or `A = L D L^H` of Hermitian
/// ones: L is a product of permutations and unit lower triangular matrices, D has blocks of size 1 and 2 on its diagonal.
///
/// Shapes: `[*, n, n] -> LD [*, n, n], pivots [*, n], info [*]`. Dtypes: float32, float64 and complex; pivots and info int32. LD
/// has L, without its diagonal, and D in its lower triangle and zeros above. Pivots are those of LAPACK, counted from 1 and
/// negative for both rows of a block of size 2. `info` is the position of the first block of D that is exactly 0; 0 if
/// there is none. Only the lower triangle of A is read. There is no derivative, as in PyTorch.
package struct LDLFactor: Primitive {
    package static let name = "ldlFactor"
    package static let supportsComplex = true
    package var isHermitian = false
    package var checkErrors = true

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try MatrixRules.checkSquare(x, in: Self.name)
        let batch = MatrixRules.batch(x)
        return Few(
            ResultSpec(x.layout.shape, x.dtype), ResultSpec(batch.with(MatrixRules.rows(x)), .int32),
            ResultSpec(batch, .int32))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let status = withKernelArguments {
            tl_linalg_ldl($0(inputs[0]), $0(outputs[0]), $0(outputs[1]), isHermitian, $0(outputs[2]))
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
        if checkErrors {
            try MatrixRules.check(
                info: outputs[2], in: Self.name, Array(inputs),
                problem: { "is singular: D has a zero at position \($0 - 1) of its diagonal" },
                expected: "matrices of full rank", fix: "use ldlFactorEx to get the factors without an error")
        }
    }

    package var differentiability: Differentiability {
        .unavailable("use LinAlg.luFactor or LinAlg.solve, which have a derivative")
    }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}

/// The solution of `A X = B` with the LDL factorisation of A.
///
/// Shapes: `LD [*, n, n], pivots [*, n], B [*, n, k] -> X [*, n, k]`, leading dimensions broadcast. Dtypes: float32, float64 and
/// complex, LD and B the same; pivots int32. `gB = A^-H g`: the same factors solve for it, with g conjugated where A is
/// symmetric and complex. There is no derivative with respect to LD.
package struct LDLSolve: Primitive {
    package static let name = "ldlSolve"
    package static let supportsComplex = true
    package var isHermitian = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (factors, pivots, b) = (inputs[0], inputs[1], inputs[2])
        let shape = try MatrixRules.solution(factors, b, in: Self.name)
        guard pivots.dtype == .int32 else {
            throw .dtype(Self.name, [pivots], expected: "int32 pivots, as ldlFactor returns them")
        }
        guard pivots.layout.shape == MatrixRules.batch(factors).with(MatrixRules.rows(factors)) else {
            throw TensorError(
                .shape, in: Self.name, "the pivots do not match the factors",
                expected: "factors [*, n, n] and pivots [*, n]", operands: [factors, pivots])
        }
        return Few(ResultSpec(shape, b.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let n = MatrixRules.rows(inputs[0])
        let batch = MatrixRules.batch(outputs[0])
        let factors = inputs[0].layout.expanded(to: batch.with(n, n))
        let pivots = inputs[1].layout.expanded(to: batch.with(n))
        let right = inputs[2].layout.expanded(to: outputs[0].layout.shape)
        let status = withKernelArguments {
            tl_linalg_ldl_solve(
                $0(inputs[0], factors), $0(inputs[1], pivots), $0(inputs[2], right), $0(outputs[0]), isHermitian)
        }
        try MatrixRules.check(status: status, in: Self.name, Array(inputs))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard !context.needs[0] else {
            throw TensorError(
                .autograd, in: Self.name, "there is no derivative with respect to the factors",
                fix: "detach them, or use LinAlg.solve, which has a derivative", operands: [context.input(0)])
        }
        guard let g = context.gradients[0] else { return Few(nil, nil, nil) }
        let isConjugated = !isHermitian && g.dtype.isComplex
        let solution = apply(self, context.input(0), context.input(1), isConjugated ? g.conj() : g)
        return Few(nil, nil, isConjugated ? solution.conj() : solution)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let rank = Swift.max(operands.rank(0), operands.rank(2))
        return try operands.call(
            self,
            Few(
                operands.leading(0, rank: rank), operands.leading(1, rank: rank - 1), operands.leading(2, rank: rank)))
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([2]) }
    package var autocast: AutocastClass { .float32 }
}
