import CKernels

/// The matrix product of the last two dimensions, `out[..., i, j] = sum over k of a[..., i, k] * b[..., k, j]`.
///
/// Shapes: `[*, m, k], [*, k, n] -> [*, m, n]`, leading dimensions broadcast; a vector on the left is one row, on the
/// right one column, and its dimension disappears from the result. Dtypes: numbers, both the same; half types
/// accumulate in float32.
///
/// The transposes are attributes, so that a gradient is a product of what was saved and needs no views: with
/// `C = A B`, `dA = dC B^T` and `dB = A^T dC`.
package struct MatMul: PreparedPrimitive {
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
        let layouts = layouts(a.layout, b.layout, outputs[0].layout)
        try MatrixProduct.multiply(a, layouts.a, b, layouts.b, outputs[0], layouts.out, in: Self.name)
    }

    /// Operands and result as matrices.
    private func layouts(_ a: Layout, _ b: Layout, _ out: Layout) -> (a: Layout, b: Layout, out: Layout) {
        var result = out
        if b.rank == 1 { result = result.unsqueezed(result.rank) }
        if a.rank == 1 { result = result.unsqueezed(result.rank - 1) }
        return (
            MatrixProduct.matrices(a, transposed: transposeA, isLeft: true),
            MatrixProduct.matrices(b, transposed: transposeB, isLeft: false), result
        )
    }

    package func prepared(_ inputs: Specs, _ outputs: Specs) -> PreparedCall? {
        let matrices = layouts(inputs[0].layout, inputs[1].layout, outputs[0].layout)
        struct TooManyProducts: Error {}
        var calls: [(a: Layout, b: Layout, out: Layout)] = []
        do throws(TooManyProducts) {
            try MatrixProduct.split(matrices.a, matrices.b, matrices.out) { (a, b, out) throws(TooManyProducts) in
                // Each takes 500 bytes, and saves little time in comparison with many products.
                guard calls.count < 16 else { throw TooManyProducts() }
                calls.append((a, b, out))
            }
        } catch { return nil }
        return { [calls] (inputs, outputs) throws(TensorError) in
            let (a, b, out) = (inputs[0], inputs[1], outputs[0])
            for i in calls.indices {
                let status = withKernelArguments {
                    tl_matmul(
                        $0(a, relative: calls[i].a), $0(b, relative: calls[i].b), $0(out, relative: calls[i].out), 1, 0)
                }
                if status != 0 { try checkStatus(status, in: Self.name, [a, b]) }
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        (needs[0] ? Saved.input(1) : []).union(needs[1] ? Saved.input(0) : [])
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var g = context.gradient
        let (rankA, rankB) = (context.shape(0).count, context.shape(1).count)
        if rankA == 1 || rankB == 1 {
            // As matrices: the dimension that was removed is inserted in the gradient and the operands.
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
                // One matrix is multiplied by many: its gradient is one product over all rows, not a sum of products.
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

/// Shapes, errors and the call of the kernel, common to all products.
enum MatrixProduct {
    /// An operand as matrices: a vector as one row on the left, one column on the right.
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
        try split(aLayout, bLayout, outLayout) { (left, right, result) throws(TensorError) in
            try call(a, left, b, right, out, result, alpha, beta, operation)
        }
    }

    /// Calls the body with the layouts `[batch, rows, columns]` of operands and result for each call of the kernel: one, unless the
    /// batch dimensions of one of them are not one dimension in memory.
    static func split<E: Error>(
        _ a: Layout, _ b: Layout, _ out: Layout, _ body: (Layout, Layout, Layout) throws(E) -> Void
    ) throws(E) {
        if out.count == 0 { return }
        if let (left, right, result) = oneBatch(a, b, out) { return try body(left, right, result) }
        let dims = batchDims(out.shape)
        let left = a.expanded(to: dims.with(a.shape[a.rank - 2], a.shape[a.rank - 1]))
        let right = b.expanded(to: dims.with(b.shape[b.rank - 2], b.shape[b.rank - 1]))
        for i in 0..<out.shape[0] {
            try split(left.selected(0, i), right.selected(0, i), out.selected(0, i), body)
        }
    }

    private static func oneBatch(_ a: Layout, _ b: Layout, _ out: Layout) -> (Layout, Layout, Layout)? {
        if out.rank == 2 { return (batched(a), batched(b), batched(out)) }
        let rows = a.shape[a.rank - 2]
        let inner = a.shape[a.rank - 1]
        let columns = b.shape[b.rank - 1]
        let batch = out.count / (rows * columns)
        if b.rank == 2 {
            // The rows of all matrices of a batch are the rows of one matrix.
            if let left = a.viewed(as: Dims(1, batch * rows, inner)),
                let result = out.viewed(as: Dims(1, batch * rows, columns))
            {
                return (left, batched(b), result)
            }
        }
        let dims = batchDims(out.shape)
        guard let left = a.expanded(to: dims.with(rows, inner)).viewed(as: Dims(batch, rows, inner)),
            let right = b.expanded(to: dims.with(inner, columns)).viewed(as: Dims(batch, inner, columns)),
            let result = out.viewed(as: Dims(batch, rows, columns))
        else { return nil }
        return (left, right, result)
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

/// The product of two dense float32 matrices, by a faster path with the result of `perform`; nil for other operands.
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
