/// `beta * input + alpha * (a @ b)` in one pass.
///
/// Shapes: `input` broadcasts to the product `[*, m, k] @ [*, k, n] -> [*, m, n]`. Dtypes: numbers, all the same. Where
/// `beta` is 0 the input is not read, so that its NaN does not spread.
package struct AddMatMul: Primitive {
    package static let name = "addmm"
    package static let supportsComplex = true
    package var beta: Double
    package var alpha: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (input, a, b) = (inputs[0], inputs[1], inputs[2])
        guard a.rank >= 2 && b.rank >= 2 else {
            throw TensorError(
                .shape, in: Self.name, "the factors are not matrices", expected: "at least two dimensions each",
                operands: [a, b])
        }
        let shape = try MatrixProduct.shape(a, b, false, false, in: Self.name)
        try MatrixProduct.checkDTypes(input, a, in: Self.name)
        guard Layout.broadcast(input.layout.shape, shape) == shape else {
            throw TensorError(
                .shape, in: Self.name, "the term does not broadcast to the product", got: "a product of shape \(shape)",
                expected: "equal sizes, or 1 in the term, counted from the last dimension", operands: [input])
        }
        guard a.dtype.isDifferentiable || (beta == beta.rounded() && alpha == alpha.rounded()) else {
            throw .fractionalFactors(Self.name, beta: beta, alpha: alpha, [input, a, b])
        }
        try Scalar.double(beta).check(fits: a.dtype, in: Self.name)
        try Scalar.double(alpha).check(fits: a.dtype, in: Self.name)
        return Few(ResultSpec(shape, a.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let out = outputs[0]
        if beta != 0 { inputs[0].copyForUpdate(to: out) }
        try MatrixProduct.multiply(
            inputs[1], inputs[1].layout, inputs[2], inputs[2].layout, out, out.layout, alpha: alpha,
            beta: beta, in: Self.name)
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[1] ? Saved.input(2) : []).union(needs[2] ? Saved.input(1) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let scaled = alpha == 1 ? g : g * alpha
        return Few(
            context.needs[0] ? (beta == 1 ? g : g * beta) : nil,
            context.needs[1] ? apply(MatMul(transposeB: true), scaled, context.input(2).conj()) : nil,
            context.needs[2] ? apply(MatMul(transposeA: true), context.input(1).conj(), scaled) : nil)
    }

    package func multiplyAdds(_ inputs: Specs) -> Int {
        let (a, b) = (inputs[1].layout.shape, inputs[2].layout.shape)
        let batch = Layout.broadcast(MatrixProduct.batchDims(a), MatrixProduct.batchDims(b))?.product ?? 1
        return batch *| a[a.count - 2] *| a[a.count - 1] *| b[b.count - 1]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let rank = Swift.max(operands.rank(1), operands.rank(2))
        var aligned = Few(
            operands.aligned(0, rank: rank), operands.aligned(1, rank: rank), operands.aligned(2, rank: rank))
        // The term broadcasts to the product, which therefore needs the dimension of the examples.
        if !operands.isMapped(1) && !operands.isMapped(2) { aligned[1] = operands.leading(1, rank: rank) }
        return try operands.call(self, aligned)
    }

    package var effects: Effects { .updates(0) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .multilinear([1, 2], added: [0]) }
    package var autocast: AutocastClass { .lowPrecision }
}

extension Tensor {
    /// `beta * self + alpha * (a @ b)` for matrices: `a [m, k]`, `b [k, n]`; the tensor broadcasts to `[m, n]`. With
    /// `beta` 0 its elements are ignored.
    public func addmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        apply(AddMatMul(beta: beta, alpha: alpha), self, a, b)
    }

    /// `self = beta * self + alpha * (a @ b)`, in place.
    @discardableResult
    public func addmm_(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        applyInPlace(AddMatMul(beta: beta, alpha: alpha), on: self, Few(self, a, b), name: "addmm_")
    }

    /// `beta * self + alpha * (a @ b)` for batches of matrices: `a [b, m, k]`, `b [b, k, n]`; the tensor broadcasts to
    /// `[b, m, n]`.
    public func baddbmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        orFail(like: self) { () throws(TensorError) in
            if isPlaceholder || a.isPlaceholder || b.isPlaceholder { return self }
            guard a.rank == 3, b.rank == 3, a.layout.shape[0] == b.layout.shape[0] else {
                throw TensorError(
                    .shape, in: "baddbmm", "the factors are not two batches of one size",
                    expected: "[b, m, k] and [b, k, n]", operands: [a, b])
            }
            return apply(AddMatMul(beta: beta, alpha: alpha), self, a, b)
        }
    }

    /// `self = beta * self + alpha * (a @ b)` for batches of matrices, in place.
    @discardableResult
    public func baddbmm_(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        applyInPlace(AddMatMul(beta: beta, alpha: alpha), on: self, Few(self, a, b), name: "baddbmm_")
    }

    /// `beta * self + alpha * (a @ x)` for a matrix `a [m, k]` and a vector `x [k]`; the tensor broadcasts to `[m]`.
    public func addmv(_ a: Tensor, _ x: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        if isAutocasting { return withoutAutocast { addmv(a, x, beta: beta, alpha: alpha) } }
        return orFail(like: self) { () throws(TensorError) in
            guard a.rank == 2 && x.rank == 1 else {
                throw TensorError(
                    .shape, in: "addmv", "the factors are not a matrix and a vector", expected: "[m, k] and [k]",
                    operands: [a, x])
            }
            return unsqueeze(-1).addmm(a, x.unsqueeze(-1), beta: beta, alpha: alpha).squeeze(-1)
        }
    }

    /// `self = beta * self + alpha * (a @ x)` for a matrix and a vector, in place.
    @discardableResult
    public func addmv_(_ a: Tensor, _ x: Tensor, beta: Double = 1, alpha: Double = 1) -> Tensor {
        copy_(addmv(a, x, beta: beta, alpha: alpha))
    }
}

extension TensorError {
    /// Integers multiplied by numbers that are not whole.
    static func fractionalFactors(
        _ operation: String, beta: Double, alpha: Double, _ operands: [some Described]
    ) -> TensorError {
        TensorError(
            .dtype, in: operation, "integer matrices take whole factors", got: "beta \(beta), alpha \(alpha)",
            operands: operands)
    }
}
