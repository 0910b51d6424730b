import CKernels

/// The cross entropy of each row's softmax with its class, in one pass over the logits.
///
/// With classes `c = 0 ..< C`, weights `w` (1 where none are given) and smoothing `s`, row `i` of class `t` has
/// `loss = -(1 - s) w[t] log p[t] - s / C * sum over c of w[c] log p[c]`, `p = softmax(x[i])`. Rows whose class is
/// `ignoreIndex` have loss and weight 0.
///
/// Shapes: `logits [n, C]`, `target [n]`, `weight [C]` or none `-> losses [n], weights [n], logsumexp [n]`; the weight of
/// a row is `w[t]`. Dtypes: floating-point logits and weights of one dtype, int64 targets within `0 ..< C`.
package struct CrossEntropyRows: Primitive {
    package static let name = "crossEntropy"
    package var ignoreIndex = -100
    package var labelSmoothing = 0.0

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (logits, target) = (inputs[0], inputs[1])
        guard logits.dtype.isFloatingPoint else {
            throw .dtype(Self.name, [logits, target], expected: "floating-point logits")
        }
        guard logits.rank == 2, target.rank == 1, logits.layout.shape[0] == target.layout.shape[0] else {
            throw TensorError(
                .shape, in: Self.name, "the targets do not fit the logits",
                expected: "logits [n, classes] and one class number a row, [n]", operands: [logits, target])
        }
        guard target.dtype == .int64 else {
            throw TensorError(
                .dtype, in: Self.name, "the targets are not class indices", expected: "int64 targets",
                operands: [logits, target])
        }
        guard labelSmoothing >= 0 && labelSmoothing <= 1 else {
            throw TensorError(
                .value, in: Self.name, "the label smoothing is out of range", got: "\(labelSmoothing)",
                expected: "0 ... 1")
        }
        if inputs.count > 2 {
            let weight = inputs[2]
            guard weight.rank == 1, weight.layout.shape[0] == logits.layout.shape[1], weight.dtype == logits.dtype
            else {
                throw TensorError(
                    .shape, in: Self.name, "the class weights do not fit the logits",
                    expected: "\(logits.dtype) [\(logits.layout.shape[1])]", operands: [logits, weight])
            }
        }
        let rows = Dims(repeating: logits.layout.shape[0], count: 1)
        let row = ResultSpec(rows, logits.dtype)
        return Few(row, row, ResultSpec(rows, logits.dtype.computeType))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (logits, target) = (inputs[0], inputs[1])
        if target.count == 0 { return }
        let weight = inputs.count > 2 ? inputs[2] : nil
        let (losses, weights, logsumexp) = (outputs[0], outputs[1], outputs[2])
        let bad = withKernelArguments {
            tl_cross_entropy(
                $0(logits), $0(target), $0(weight), Int64(ignoreIndex), labelSmoothing, $0(losses), $0(weights),
                $0(logsumexp))
        }
        guard bad >= 0 else { return }
        throw TensorError(
            .index, in: Self.name, "target \(target.element(at: Int(bad)).value) in row \(bad) is out of range",
            expected: "0 ... \(logits.layout.shape[1] - 1), or ignoreIndex (\(ignoreIndex))",
            operands: [logits, target])
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1), .input(2), .output(2)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        // The weights do not depend on the logits, and the logsumexp is only used by this rule.
        guard let g = context.gradients[0], context.needs[0] else { return [nil, nil, nil] }
        let (logits, target) = (context.input(0), context.input(1))
        let weight = context.inputCount > 2 ? context.input(2) : nil
        let backward = CrossEntropyBackward(ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing)
        var operands = Few(g, logits, target)
        operands.append(context.output(2))
        if let weight { operands.append(weight) }
        return [applyFirst(backward, operands), nil, nil]
    }

    /// The rows of all samples as one batch of rows; nil if each sample has its own class weights.
    ///
    /// - Parameter rows: the number of operands that have rows; the class weights follow.
    static func runMerged(
        _ primitive: any Primitive, _ operands: BatchedOperands, rows: Int
    ) throws(TensorError) -> Few<Tensor>? {
        var merged = Few<Tensor>()
        for i in operands.tensors.indices {
            if i >= rows && operands.isMapped(i) { return nil }
            merged.append(i < rows ? operands.merged(i) : operands[i])
        }
        return Few(try operands.call(primitive, merged).map { operands.split($0) })
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try Self.runMerged(self, operands, rows: 2)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .other }
}

/// The gradient of `CrossEntropyRows` with respect to the logits, in one pass: operands are the gradient of each row's
/// loss, the logits, the targets, the logsumexp of each row and the class weights, if any.
package struct CrossEntropyBackward: Primitive {
    package static let name = "crossEntropyBackward"
    package var ignoreIndex: Int
    package var labelSmoothing: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[1]
        try checkFloating(x, in: Self.name)
        guard x.rank == 2 else {
            throw TensorError(
                .shape, in: Self.name, "the logits are not 2-dimensional", expected: "[N, C]", operands: [x])
        }
        let (rows, classes) = (
            Dims(repeating: x.layout.shape[0], count: 1), Dims(repeating: x.layout.shape[1], count: 1)
        )
        try checkOperand(inputs[0], is: rows, inputs[0].dtype, in: Self.name)
        try checkOperand(inputs[2], is: rows, .int64, in: Self.name)
        try checkOperand(inputs[3], is: rows, inputs[3].dtype, in: Self.name)
        if inputs.count > 4 { try checkOperand(inputs[4], is: classes, inputs[4].dtype, in: Self.name) }
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        let (scale, x, target, logsumexp) = (inputs[0], inputs[1], inputs[2], inputs[3])
        let weight = inputs.count > 4 ? inputs[4] : nil
        withKernelArguments {
            tl_cross_entropy_backward(
                $0(scale), $0(x), $0(target), $0(weight), Int64(ignoreIndex), labelSmoothing, $0(logsumexp),
                $0(outputs[0]))
        }
    }

    /// With a row's weight `v`, the sum of all weights `W` and `a = (1 - s) v + s W / C`, the gradient of a row is
    /// `g * (a p - (1 - s) v onehot(t) - s / C w)`.
    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let (logits, target) = (inputs[1], inputs[2])
        let weight = inputs.count > 4 ? inputs[4] : nil
        let classes = Double(logits.layout.shape[1])
        let counts = target .!= ignoreIndex
        // The gradient of a mean over no rows is infinite, and theirs is 0.
        let g = Tensor.where(counts, inputs[0], Tensor.zeros(like: inputs[0]))
        let isCounted = counts.to(g.dtype)
        let labels = target * isCounted.to(.int64)
        var row = isCounted * (1 - labelSmoothing)
        if let weight { row = row * weight.indexSelect(0, labels) }
        row = row.unsqueeze(1)
        let share = isCounted.unsqueeze(1) * (labelSmoothing / classes)
        let total = weight.map { share * $0.sum() } ?? share * classes
        let hits = Tensor.zeros(like: logits).scatter(1, labels.unsqueeze(1), row)
        let smooth = weight.map { share * $0 } ?? share
        let p = apply(Softmax(dim: 1), logits)
        return Few(g.unsqueeze(1) * (p * (row + total) - hits - smooth))
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try CrossEntropyRows.runMerged(self, operands, rows: 4)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .linear([0]) }
}

/// The loss of each row and its weight, for the reductions of `crossEntropy`. Gradients reach the logits only.
package func crossEntropyRows(
    _ logits: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, labelSmoothing: Double = 0
) -> (losses: Tensor, weights: Tensor) {
    var operands = Few(logits, target.dtype.isInteger ? target.to(.int64) : target)
    if let weight { operands.append(weight.detach()) }
    let rows = applyAll(
        CrossEntropyRows(ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing), operands, count: 3)
    return (rows[0], rows[1].detach())
}
