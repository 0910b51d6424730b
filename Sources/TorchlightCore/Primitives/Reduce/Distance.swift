import CKernels

// Distances of rows. The tensor of the differences of all pairs is never stored, also not for the gradients.

/// The p-norm of the difference of every pair of rows, `out[n, i, j] = norm(a[n, i] - b[n, j] + shift, p)`.
///
/// Shapes: `a [N, I, D], b [N, J, D] -> [N, I, J]`. Dtypes: float32 and float64, both the same. `p >= 0`; 0 counts the
/// coordinates that differ, infinity is the largest difference. The gradient is 0 at distance 0 and for `p = 0`; for
/// infinity each of several largest coordinates gets the whole gradient.
package struct PairDistance: Primitive {
    package static let name = "cdist"
    package var p: Double
    /// Is added to each coordinate of the differences.
    package var shift = 0.0

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (a, b) = (inputs[0], inputs[1])
        try checkPower(p, inputs, in: Self.name)
        guard a.rank == 3, b.rank == 3, a.layout.shape[0] == b.layout.shape[0], a.layout.shape[2] == b.layout.shape[2]
        else {
            throw TensorError(
                .shape, in: Self.name, "the rows do not have the same length", expected: "[N, I, D] and [N, J, D]",
                operands: Array(inputs))
        }
        return Few(ResultSpec(Dims(a.layout.shape[0], a.layout.shape[1], b.layout.shape[1]), a.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasDenseRows }
    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_pair_distance($0(inputs[0]), $0(inputs[1]), p, shift, $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let (a, b) = (context.input(0), context.input(1))
        let (g, distance) = (context.gradient, context.output())
        let ofA =
            context.needs[0] ? applyFirst(PairDistanceBackward(p: p, shift: shift), Few([g, a, b, distance])) : nil
        // norm(a - b + shift) = norm(b - a - shift)
        let ofB =
            context.needs[1]
            ? applyFirst(PairDistanceBackward(p: p, shift: -shift), Few([g.mT, b, a, distance.mT])) : nil
        return Few(ofA, ofB)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}

/// The gradient of the first operand of `PairDistance`, `(gradient, a, b, distance) -> [N, I, D]`.
package struct PairDistanceBackward: Primitive {
    package static let name = "cdistBackward"
    package var p: Double
    package var shift: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkPower(p, inputs, in: Self.name)
        let (a, b) = (inputs[1], inputs[2])
        let distance = try PairDistance(p: p, shift: shift).infer(Specs([a, b]))[0]
        try checkOperand(inputs[0], is: distance.shape, distance.dtype, in: Self.name)
        try checkOperand(inputs[3], is: distance.shape, distance.dtype, in: Self.name)
        return Few(ResultSpec(a.layout.shape, a.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index == 0 || index == 3 || layout.hasDenseRows
    }
    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        let (g, a, b, distance) = (inputs[0], inputs[1], inputs[2], inputs[3])
        withKernelArguments {
            tl_pair_distance_backward($0(g), $0(a), $0(b), $0(distance), p, shift, $0(outputs[0]))
        }
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        Few(composedGradient(inputs[0], inputs[1], inputs[2], inputs[3], p: p, shift: shift))
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(repeating: nil, count: 4)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runMerged(self)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
    package var autocast: AutocastClass { .float32 }
}

/// The p-norm of the difference of each pair of rows `i < j`, in the order (0, 1), (0, 2), ...: `[n, D] -> [n (n - 1) /
/// 2]`. Dtypes, powers and gradients are those of `PairDistance`.
package struct CondensedDistance: Primitive {
    package static let name = "pdist"
    package var p: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkPower(p, inputs, in: Self.name)
        guard x.rank == 2 else {
            throw TensorError(.shape, in: Self.name, "the input is no list of rows", expected: "[n, D]", operands: [x])
        }
        let n = x.layout.shape[0]
        return Few(ResultSpec(Dims(repeating: n *| Swift.max(n - 1, 0) / 2, count: 1), x.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { layout.hasDenseRows }
    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments {
            tl_condensed_distance($0(inputs[0], inputs[0].layout.unsqueezed(0)), p, $0(outputs[0]))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(applyFirst(CondensedDistanceBackward(p: p), Few(context.gradient, context.input(0), context.output())))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
    package var autocast: AutocastClass { .float32 }
}

/// The gradient of `CondensedDistance`, `(gradient, x, distance) -> [n, D]`.
package struct CondensedDistanceBackward: Primitive {
    package static let name = "pdistBackward"
    package var p: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        try checkPower(p, inputs, in: Self.name)
        let x = inputs[1]
        let distance = try CondensedDistance(p: p).infer(Specs([x]))[0]
        try checkOperand(inputs[0], is: distance.shape, distance.dtype, in: Self.name)
        try checkOperand(inputs[2], is: distance.shape, distance.dtype, in: Self.name)
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index == 1 && layout.hasDenseRows }
    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        let (g, x, distance) = (inputs[0], inputs[1], inputs[2])
        withKernelArguments {
            tl_condensed_distance_backward(
                $0(g), $0(x, x.layout.unsqueezed(0)), $0(distance), p, $0(outputs[0]))
        }
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let (g, x, distance) = (inputs[0], inputs[1], inputs[2])
        let n = x.layout.shape[0]
        guard n > 1 else { return Few(x * 0) }
        // The index of the pair (i, j) or (j, i); that of (i, i) is arbitrary, and its gradient is 0.
        let i = Tensor.arange(n, device: x.device).unsqueeze(1)
        let (low, high) = (i.minimum(i.mT), i.maximum(i.mT))
        let pairIndex = (low * n - (low * (low + 1)).floorDivide(2) + high - low - 1).clamp(min: 0).reshape([n * n])
        let isSame = i .== i.mT
        func square(_ pairs: Tensor) -> Tensor {
            pairs.indexSelect(0, pairIndex).reshape([n, n]).maskedFill(isSame, 0).unsqueeze(0)
        }
        let points = x.unsqueeze(0)
        return Few(composedGradient(square(g), points, points, square(distance), p: p, shift: 0).squeeze(0))
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(repeating: nil, count: 3)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
    package var autocast: AutocastClass { .float32 }
}

private func checkPower(_ p: Double, _ inputs: Specs, in operation: String) throws(TensorError) {
    guard p >= 0 else {
        throw TensorError(
            .value, in: operation, "p is negative", got: "\(p)", expected: "at least 0",
            operands: Array(inputs))
    }
    for input in inputs {
        guard input.dtype == inputs[0].dtype, input.dtype == .float32 || input.dtype == .float64 else {
            throw .dtype(
                operation, Array(inputs), expected: "float32 or float64, all the same",
                fix: "convert first, as in x.to(.float32)")
        }
    }
}

/// The gradient of `a` in operations that have gradients themselves, with nothing of the size of all differences:
/// `out[i] = sum over j of g[i, j] sign(d) (|d| / distance)^(p - 1)`, `d = a[i] - b[j] + shift`, and 0 at distance 0.
private func composedGradient(
    _ g: Tensor, _ a: Tensor, _ b: Tensor, _ distance: Tensor, p: Double, shift: Double
) -> Tensor {
    if p == 0 || distance.count == 0 || a.count == 0 { return a * 0 }
    let isZero = noGrad { distance .== 0 }
    let length = distance.maskedFill(isZero, 1)
    if p == 2 {
        // sum of w (a - b) with w = g / distance: products of matrices. Measured from the middle of b, so that points
        // that are far from 0 and near one another keep their digits.
        let middle = noGrad { b.mean(dim: 1, keepdim: true) }
        let w = (g / length).maskedFill(isZero, 0)
        return w.sum(dim: -1, keepdim: true) * (a - middle + shift) - w.matmul(b - middle)
    }
    let width = a.layout.shape[2]
    let operands = a.count + b.count, pairs = distance.count
    // In chunks of coordinates whose intermediate tensors are about as large as the operands, with activation
    // checkpointing.
    let step = Swift.min(width, Swift.max(1, operands / pairs))
    let parts = stride(from: 0, to: width, by: step).map { start in
        let count = Swift.min(step, width - start)
        return checkpoint(
            [g, a.narrow(2, start: start, length: count), b.narrow(2, start: start, length: count), length],
            preserveRandomState: false
        ) { operands in
            let (g, a, b, length) = (operands[0], operands[1], operands[2], operands[3])
            let d = a.unsqueeze(2) - b.unsqueeze(1) + shift
            var slope = d.sign()
            let size = d.abs()
            if p == .infinity {
                slope = slope.maskedFill(noGrad { size .!= length.unsqueeze(-1) }, 0)
            } else if p != 1 {
                let isSame = noGrad { d .== 0 }
                let ratio = (size / length.unsqueeze(-1)).maskedFill(isSame, 1)
                slope = (slope * ratio.pow(p - 1)).maskedFill(isSame, 0)
            }
            return (g.maskedFill(isZero, 0).unsqueeze(-1) * slope).sum(dim: 2)
        }
    }
    return parts.count == 1 ? parts[0] : cat(parts, dim: 2)
}
