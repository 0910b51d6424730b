import CKernels

/// The matrix product of the last two dimensions, `out[..., i, j] = sum over k of a[..., i, k] * b[..., k, j]`.
///
/// Shapes: `[*, m, k], [*, k, n] -> [*, m, n]`, leading dimensions broadcast; a vector on the left is one row, on the
/// right one column, and its dimension disappears from the result. Dtypes: numbers, both the same; half types
/// accumulate in float32.
///
/// The transposes are attributes, so that a gradient is a product of what was saved and needs no views: with
/// `C = A B`, `dA = dC B^T` and `dB = A^T dC`.
package struct MatMul: Primitive {
    package static let name = "matmul"
    package static let supportsComplex = true
    /// Whether the last two dimensions of the left operand are exchanged first; not for vectors.
    package var transposeA = false
    /// The same of the right operand.
    package var transposeB = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let a = inputs[0]
        let b = inputs[1]
        let shape = try MatrixProduct.shape(a, b, transposeA, transposeB, in: Self.name)
        return Few(ResultSpec(shape, a.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let a = inputs[0]
        let b = inputs[1]
        if a.rank == 2 && b.rank == 2 {
            return try MatrixProduct.call(
                a, MatrixProduct.batched(a.layout, transposed: transposeA), b,
                MatrixProduct.batched(b.layout, transposed: transposeB), outputs[0],
                MatrixProduct.batched(outputs[0].layout), 1, 0, Self.name)
        }
        var out = outputs[0].layout
        if b.rank == 1 { out = out.unsqueezed(out.rank) }
        if a.rank == 1 { out = out.unsqueezed(out.rank - 1) }
        try MatrixProduct.multiply(
            a, MatrixProduct.matrices(a.layout, transposed: transposeA, isLeft: true),
            b, MatrixProduct.matrices(b.layout, transposed: transposeB, isLeft: false),
            outputs[0], out, in: Self.name)
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var g = context.gradient
        let (rankA, rankB) = (context.shape(0).count, context.shape(1).count)
        if rankA == 1 || rankB == 1 {
            // As matrices: the dimension that disappeared is put back in the gradient and the operands.
            if rankB == 1 { g = g.unsqueeze(-1) }
            if rankA == 1 { g = g.unsqueeze(-2) }
            var left: Tensor?
            var right: Tensor?
            if context.needs[0] {
                let b = rankB == 1 ? context.input(1).conj().unsqueeze(-1) : context.input(1).conj()
                left = apply(MatMul(transposeB: true), g, b)
                if rankA == 1 { left = left!.squeeze(-2) }
            }
            if context.needs[1] {
                let a = rankA == 1 ? context.input(0).conj().unsqueeze(-2) : context.input(0).conj()
                right = apply(MatMul(transposeA: true), a, g)
                if rankB == 1 { right = right!.squeeze(-1) }
            }
            return Few(left, right)
        }
        var left: Tensor?
        if context.needs[0] {
            let b = context.input(1).conj()
            left =
                transposeA
                ? apply(MatMul(transposeA: transposeB, transposeB: true), b, g)
                : apply(MatMul(transposeB: !transposeB), g, b)
        }
        var right: Tensor?
        if context.needs[1] {
            var a = context.input(0).conj()
            if rankB == 2 && rankA > 2 && !transposeA {
                // One matrix met many: its gradient is one product over all rows, not a sum of products.
                let shape = a.layout.shape
                let rows = shape.product / Swift.max(shape[rankA - 1], 1)
                if shape[rankA - 1] > 0 {
                    a = a.reshape([rows, shape[rankA - 1]])
                    g = g.reshape([rows, g.layout.shape[g.rank - 1]])
                }
            }
            right =
                transposeB
                ? apply(MatMul(transposeA: true, transposeB: transposeA), g, a)
                : apply(MatMul(transposeA: !transposeA), a, g)
        }
        return Few(left, right)
    }

    package func multiplyAdds(_ inputs: Specs) -> Int {
        let shape = (try? infer(inputs))?.first?.shape.product ?? 0
        let a = inputs[0].layout.shape
        return shape *| a[transposeA ? a.count - 2 : a.count - 1]
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        // Vectors become matrices of one row or column: a dimension before the examples' would be one of a batch.
        var product = self
        let (isRow, isColumn) = (operands.rank(0) == 1, operands.rank(1) == 1)
        if isRow { product.transposeA = false }
        if isColumn { product.transposeB = false }
        let rank = Swift.max(operands.rank(0), operands.rank(1), 2)
        func matrices(_ index: Int) -> Tensor {
            guard operands.rank(index) == 1 else { return operands.aligned(index, rank: rank) }
            let x = operands[index].unsqueeze(index == 0 ? -2 : -1)
            return operands.isMapped(index)
                ? BatchedOperands(Few(x), mapped: Needs(all: 1), size: operands.size).aligned(0, rank: rank) : x
        }
        var result = apply(product, matrices(0), matrices(1))
        if isColumn { result = result.squeeze(-1) }
        if isRow { result = result.squeeze(isColumn ? -1 : -2) }
        return Few(result)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .multilinear([0, 1]) }
    package var autocast: AutocastClass { .lowPrecision }
}

/// What the products share: shapes, errors and the call of the kernel.
enum MatrixProduct {
    /// An operand seen as matrices: a vector as one row on the left, one column on the right.
    @inline(__always)
    static func matrices(_ x: Layout, transposed: Bool, isLeft: Bool) -> Layout {
        if x.rank == 1 { return x.unsqueezed(isLeft ? 0 : 1) }
        return transposed ? x.transposed(x.rank - 2, x.rank - 1) : x
    }

    /// The shape of the product, after the checks.
    static func shape(
        _ a: some Described, _ b: some Described, _ transposeA: Bool, _ transposeB: Bool, in operation: String
    ) throws(TensorError) -> Dims {
        try checkDTypes(a, b, in: operation)
        guard a.rank > 0 && b.rank > 0 else {
            throw TensorError(
                .shape, in: operation, "a 0-dimensional tensor has no matrix product",
                expected: "at least one dimension each",
                fix: "use * to scale a tensor", operands: [a, b])
        }
        guard (a.rank > 1 || !transposeA) && (b.rank > 1 || !transposeB) else {
            throw TensorError(
                .shape, in: operation, "a vector cannot be transposed", expected: "matrices", operands: [a, b])
        }
        let left = matrices(a.layout, transposed: transposeA, isLeft: true).shape
        let right = matrices(b.layout, transposed: transposeB, isLeft: false).shape
        guard left[left.count - 1] == right[right.count - 2] else {
            throw innerSizes(a, b, left, right, in: operation)
        }
        var result: Dims
        if left.count == 2 && right.count == 2 {
            result = Dims()
        } else {
            guard let batch = Layout.broadcast(batchDims(left), batchDims(right)) else {
                throw TensorError(
                    .shape, in: operation, "the leading dimensions do not broadcast",
                    got: "batches \(batchDims(left)) and \(batchDims(right))",
                    expected: "equal sizes, or 1, in each dimension before the last two", operands: [a, b])
            }
            result = batch
        }
        if a.rank > 1 { result.append(left[left.count - 2]) }
        if b.rank > 1 { result.append(right[right.count - 1]) }
        return result
    }

    static func checkDTypes(_ a: some Described, _ b: some Described, in operation: String) throws(TensorError) {
        guard a.dtype == b.dtype else {
            throw TensorError(
                .dtype, in: operation, "the operands have different dtypes", expected: "one dtype",
                fix: "convert one, as in x.to(.\(DType.promote(a.dtype, b.dtype)))", operands: [a, b])
        }
        guard a.dtype != .bool else {
            throw .dtype(operation, [a, b], expected: "numbers", fix: "convert it first, as in x.to(.float32)")
        }
    }

    static func batchDims(_ shape: Dims) -> Dims {
        var batch = Dims()
        for i in 0..<(shape.count - 2) { batch.append(shape[i]) }
        return batch
    }

    private static func innerSizes(
        _ a: some Described, _ b: some Described, _ left: Dims, _ right: Dims, in operation: String
    ) -> TensorError {
        let columns = left[left.count - 1]
        var fix: String?
        if b.rank >= 2 && right[right.count - 1] == columns {
            fix = "transpose the second operand, as in b.mT"
        } else if a.rank >= 2 && left[left.count - 2] == right[right.count - 2] {
            fix = "transpose the first operand, as in a.mT"
        } else if a.rank >= 2 && b.rank >= 2 && right[right.count - 1] == left[left.count - 2] {
            fix = "exchange the operands"
        } else if a.rank > 2, a.count / Swift.max(a.layout.shape[0], 1) == right[right.count - 2] {
            fix = "flatten all but the first dimension, as in a.flatten(from: 1)"
        }
        return TensorError(
            .shape, in: operation, "the inner sizes \(columns) and \(right[right.count - 2]) disagree",
            expected:
                "the last size of the first operand to equal the \(b.rank == 1 ? "" : "second to ")last of the second",
            fix: fix, operands: [a, b])
    }

    /// `out = alpha * a @ b + beta * out`; the layouts have at least two dimensions and their batches broadcast to
    /// that of `out`.
    static func multiply(
        _ a: Tensor, _ aLayout: Layout, _ b: Tensor, _ bLayout: Layout, _ out: Tensor, _ outLayout: Layout,
        alpha: Double = 1, beta: Double = 0, in operation: String
    ) throws(TensorError) {
        if outLayout.count == 0 { return }
        let rows = aLayout.shape[aLayout.rank - 2]
        let inner = aLayout.shape[aLayout.rank - 1]
        let columns = bLayout.shape[bLayout.rank - 1]
        if outLayout.rank == 2 {
            try call(
                a, batched(aLayout), b, batched(bLayout), out, batched(outLayout), alpha, beta, operation)
            return
        }
        let batch = outLayout.count / (rows * columns)
        if bLayout.count == inner * columns && bLayout.rank == 2 {
            // Many matrices meet one: their rows are the rows of one matrix, if they lie so.
            let folded = Dims(1, batch * rows, inner)
            if let left = aLayout.viewed(as: folded), let result = outLayout.viewed(as: Dims(1, batch * rows, columns))
            {
                try call(a, left, b, batched(bLayout), out, result, alpha, beta, operation)
                return
            }
        }
        let dims = batchDims(outLayout.shape)
        let left = aLayout.expanded(to: dims.with(rows, inner))
        let right = bLayout.expanded(to: dims.with(inner, columns))
        if let leftView = left.viewed(as: Dims(batch, rows, inner)),
            let rightView = right.viewed(as: Dims(batch, inner, columns)),
            let result = outLayout.viewed(as: Dims(batch, rows, columns))
        {
            try call(a, leftView, b, rightView, out, result, alpha, beta, operation)
            return
        }
        for i in 0..<outLayout.shape[0] {
            try multiply(
                a, left.selected(0, i), b, right.selected(0, i), out, outLayout.selected(0, i), alpha: alpha,
                beta: beta,
                in: operation)
        }
    }

    @inline(__always)
    fileprivate static func batched(_ x: Layout, transposed: Bool = false) -> Layout {
        if x.rank == 3 { return x }
        let (row, column) = transposed ? (1, 0) : (0, 1)
        return Layout(
            shape: Dims(1, x.shape[row], x.shape[column]), strides: Dims(0, x.strides[row], x.strides[column]),
            offset: x.offset)
    }

    fileprivate static func call(
        _ a: Tensor, _ aLayout: Layout, _ b: Tensor, _ bLayout: Layout, _ out: Tensor, _ outLayout: Layout,
        _ alpha: Double, _ beta: Double, _ operation: String
    ) throws(TensorError) {
        let status = withKernelArguments {
            tl_matmul($0(a, aLayout), $0(b, bLayout), $0(out, outLayout), alpha, beta)
        }
        try checkStatus(status, in: operation, [a, b])
    }
}

/// The product of two dense float32 matrices, by a shorter path to the same end as `perform`; nil for anything else.
///
/// The checks and layouts of the general path cost as much as a product of 64 x 64.
private func denseProduct(_ a: Tensor, _ b: Tensor) -> Tensor? {
    let state = threadState
    guard a.dtype == .float32, b.dtype == .float32, a.rank == 2, b.rank == 2, a.layout.isContiguous,
        b.layout.isContiguous, !a.isPlaceholder, !b.isPlaceholder, a.device == .cpu, b.device == .cpu,
        state.pointee.anomaly == 0, state.pointee.autocast == 0, state.pointee.recording == 0
    else { return nil }
    let (rows, inner, columns) = (a.layout.shape[0], a.layout.shape[1], b.layout.shape[1])
    guard inner == b.layout.shape[0], rows > 0, inner > 0, columns > 0,
        let out = try? Tensor(empty: Dims(rows, columns), dtype: .float32, device: .cpu)
    else { return nil }
    let status = tl_matmul_contiguous(
        Int64(rows), Int64(columns), Int64(inner), a.data.assumingMemoryBound(to: Float.self),
        b.data.assumingMemoryBound(to: Float.self), out.data.assumingMemoryBound(to: Float.self))
    guard status == 0 else { return nil }
    state.pointee.kernels &+= 1
    if state.pointee.grad_disabled == 0 && (a.requiresGrad || b.requiresGrad) {
        var needs = Needs()
        needs[0] = a.requiresGrad
        needs[1] = b.requiresGrad
        record(MatMul(), Few(a, b), Few(out), needs)
    }
    return out
}

extension Tensor {
    /// The matrix product: `[*, m, k] @ [*, k, n] -> [*, m, n]`; the leading dimensions broadcast.
    ///
    /// Two vectors give their dot product: `[k] @ [k] -> []`. A matrix and a vector give a vector: `[m, k] @ [k] ->
    /// [m]`. Both operands must have the same dtype.
    public func matmul(_ other: Tensor) -> Tensor { denseProduct(self, other) ?? apply(MatMul(), self, other) }
}

/// The matrix product: `[*, m, k] @ [*, k, n] -> [*, m, n]`; the leading dimensions broadcast.
///
///     matmul(Tensor.randn(8, 3, 4), Tensor.randn(4, 5))       // [8, 3, 5]
///
/// Two vectors give their dot product: `[k] @ [k] -> []`. A matrix and a vector give a vector: `[m, k] @ [k] -> [m]`. Both
/// operands must have the same dtype. Sizes that do not fit are an error that names both shapes.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { a.matmul(b) }
