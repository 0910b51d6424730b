import CKernels

/// Normalises each channel with the statistics of the batch (training) or with given statistics (evaluation), then
/// scales and shifts it: `y = (x - mean) * rstd * weight + bias`, `rstd = 1 / sqrt(variance + epsilon)`.
///
/// Operands: `x [N, C, *]`, then `weight [C]`, `bias [C]`, `runningMean [C]` and `runningVar [C]` if their flags are
/// set. Results: `y [N, C, *]`, `mean [C]`, `rstd [C]` and, in training with running statistics, their new values
/// `(1 - momentum) * running + momentum * batch` (with the unbiased variance). Dtypes: floating point; a half type
/// takes float32 parameters as well. The mean is float64, because float32 has too few digits beside a mean that is much
/// larger than the deviations; `rstd` has the dtype of the computation.
package struct BatchNorm: Primitive {
    package static let name = "batchNorm"
    package var isTraining: Bool
    package var momentum: Double
    package var epsilon: Double
    package var hasWeight: Bool
    package var hasBias: Bool
    package var hasRunning: Bool

    private var biasIndex: Int { hasWeight ? 2 : 1 }
    private var runningIndex: Int { biasIndex + (hasBias ? 1 : 0) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkFloating(x, in: Self.name)
        guard x.rank >= 2 else {
            throw TensorError(
                .shape, in: Self.name, "the input has no channels", expected: "[N, C, *]", operands: [x])
        }
        let channels = Dims(repeating: x.layout.shape[1], count: 1)
        guard inputs.count == runningIndex + (hasRunning ? 2 : 0) else {
            throw TensorError(
                .value, in: Self.name, "another number of parameters", got: quantity(inputs.count, "operand"),
                expected: quantity(runningIndex + (hasRunning ? 2 : 0), "operand"), operands: [x])
        }
        for i in 1..<inputs.count {
            guard inputs[i].layout.shape == channels else {
                throw TensorError(
                    .shape, in: Self.name, "a parameter does not fit the channels", expected: "shape \(channels)",
                    operands: [x, inputs[i]])
            }
            let wanted = i >= runningIndex ? inputs[runningIndex].dtype : inputs[1].dtype
            let fits = i >= runningIndex || wanted.fitsAsParameter(of: x.dtype)
            guard fits, inputs[i].dtype == wanted, wanted.isFloatingPoint else {
                throw TensorError(
                    .dtype, in: Self.name, "a parameter has another dtype",
                    expected: fits ? "\(wanted)" : "\(x.dtype), or float32 beside a half-precision input",
                    operands: [x, inputs[i]])
            }
        }
        guard isTraining || hasRunning else {
            throw TensorError(
                .value, in: Self.name, "evaluation has no statistics", expected: "running mean and variance",
                fix: "pass training: true", operands: [x])
        }
        if isTraining && x.count > 0 && x.count == x.layout.shape[1] {
            throw TensorError(
                .value, in: Self.name, "one value a channel has no variance", expected: "more than one value a channel",
                fix: "use a larger batch, or eval() to normalise by the running statistics", operands: [x])
        }
        var specs = Few(
            ResultSpec(x.layout.shape, x.dtype), ResultSpec(channels, .float64),
            ResultSpec(channels, x.dtype.computeType))
        if isTraining && hasRunning {
            specs.append(ResultSpec(channels, inputs[runningIndex].dtype))
            specs.append(ResultSpec(channels, inputs[runningIndex + 1].dtype))
        }
        return specs
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index == 0 && layout.viewed(as: Self.folded(layout.shape)) != nil
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let x = inputs[0]
        let shape = Self.folded(x.layout.shape)
        let (mean, rstd) = (outputs[1], outputs[2])
        if isTraining {
            if hasRunning {
                for i in 0..<2 {
                    let running = inputs[runningIndex + i]
                    copyElements(from: running, layout: running.layout, to: outputs[3 + i])
                }
            }
            if x.count == 0 {
                fill(mean, with: 0)
                fill(rstd, with: 1)
                return
            }
            withKernelArguments {
                tl_batch_norm_statistics(
                    $0(x, shape: shape), epsilon, momentum, $0(mean), $0(rstd), $0(hasRunning ? outputs[3] : nil),
                    $0(hasRunning ? outputs[4] : nil))
            }
        } else {
            let (runningMean, runningVar) = (inputs[runningIndex], inputs[runningIndex + 1])
            withKernelArguments {
                tl_batch_norm_evaluation($0(runningMean), $0(runningVar), epsilon, $0(mean), $0(rstd))
            }
        }
        if x.count == 0 { return }
        withKernelArguments {
            tl_batch_norm_apply(
                $0(x, shape: shape), $0(mean), $0(rstd), $0(flat: hasWeight ? inputs[1] : nil),
                $0(flat: hasBias ? inputs[biasIndex] : nil), $0(outputs[0], shape: shape))
        }
    }

    /// `[N, C, L]`
    static func folded(_ shape: Dims) -> Dims {
        var length = 1
        for i in 2..<Swift.max(shape.count, 2) { length *= shape[i] }
        return Dims(shape[0], shape[1], length)
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        var saved: Saved = [.input(0), .output(1), .output(2)]
        if hasWeight { saved.insert(.input(1)) }
        return saved
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var gradients = Few<Tensor?>(repeating: nil, count: context.inputCount)
        // The statistics are only used by this rule and by the running statistics.
        guard let g = context.gradients[0] else { return gradients }
        let x = context.input(0)
        let weight = hasWeight ? context.input(1) : nil
        let needsWeight = hasWeight && context.needs[1]
        let needsBias = hasBias && context.needs[biasIndex]
        var operands = Few(g, x, context.output(1))
        operands.append(context.output(2))
        if let weight { operands.append(weight) }
        let backward = BatchNormBackward(
            isTraining: isTraining, epsilon: epsilon, needsInput: context.needs[0], needsWeight: needsWeight,
            needsBias: needsBias,
            parameterDType: context.dtype(hasWeight || hasBias ? 1 : 0))
        let count = backward.resultCount
        if count == 0 { return gradients }
        var results = Array(applyAll(backward, operands, count: count))
        if context.needs[0] { gradients[0] = results.removeFirst() }
        if needsWeight { gradients[1] = results.removeFirst() }
        if needsBias { gradients[biasIndex] = results.removeFirst() }
        return gradients
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var merged = Few(operands.merged(0, into: 1))
        for i in operands.tensors.indices.dropFirst() { merged.append(operands.merged(i)) }
        let results = try operands.call(self, merged)
        return Few(results.enumerated().map { i, result in operands.split(result, at: i == 0 ? 1 : 0) })
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .other }
}

/// The gradients of `BatchNorm` in one pass, `(gradient, x, mean, rstd, weight if any) -> those that are needed`.
package struct BatchNormBackward: Primitive {
    package static let name = "batchNormBackward"
    package var isTraining: Bool
    package var epsilon: Double
    package var needsInput: Bool
    package var needsWeight: Bool
    package var needsBias: Bool
    /// The dtype of weight and bias.
    package var parameterDType: DType

    var resultCount: Int { (needsInput ? 1 : 0) + (needsWeight ? 1 : 0) + (needsBias ? 1 : 0) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[1]
        try checkFloating(x, in: Self.name)
        guard x.rank >= 2 else {
            throw TensorError(
                .shape, in: Self.name, "the input has no channels", expected: "[N, C, *]", operands: [x])
        }
        let channels = ResultSpec(Dims(repeating: x.layout.shape[1], count: 1), parameterDType)
        try checkOperand(inputs[0], is: x.layout.shape, x.dtype, in: Self.name)
        for operand in inputs.dropFirst(2) {
            try checkOperand(operand, is: channels.shape, operand.dtype, in: Self.name)
        }
        var specs = Few<ResultSpec>()
        if needsInput { specs.append(ResultSpec(x.layout.shape, x.dtype)) }
        if needsWeight { specs.append(channels) }
        if needsBias { specs.append(channels) }
        return specs
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index < 2 && layout.viewed(as: BatchNorm.folded(layout.shape)) != nil
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if inputs[1].count == 0 {
            for out in outputs { fill(out, with: 0) }
            return
        }
        let (g, x) = (inputs[0], inputs[1])
        let shape = BatchNorm.folded(x.layout.shape)
        var results = Array(outputs)
        let gradX = needsInput ? results.removeFirst() : nil
        let gradWeight = needsWeight ? results.removeFirst() : nil
        let gradBias = needsBias ? results.removeFirst() : nil
        withKernelArguments {
            tl_batch_norm_backward(
                $0(g, shape: shape), $0(x, shape: shape), $0(inputs[2]), $0(inputs[3]),
                $0(flat: inputs.count > 4 ? inputs[4] : nil), isTraining, $0(gradX, shape: shape), $0(flat: gradWeight),
                $0(flat: gradBias))
        }
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let all = composedGradients(
            inputs[0], inputs[1], inputs.count > 4 ? inputs[4] : nil, inputs[2].detach(), inputs[3].detach())
        var results = Few<Tensor>()
        if needsInput { results.append(all.x) }
        if needsWeight { results.append(all.weight.to(parameterDType)) }
        if needsBias { results.append(all.bias.to(parameterDType)) }
        return results
    }

    /// The gradients in operations that have gradients themselves: with `n = (x - mean) rstd` and `h = g weight`, in
    /// training `dx = rstd (h - mean(h) - n mean(h n))`, in evaluation `dx = rstd h`; `dweight = sum(g n)`,
    /// `dbias = sum(g)`, all over every dimension but the channels.
    private func composedGradients(
        _ g: Tensor, _ x: Tensor, _ weight: Tensor?, _ mean: Tensor, _ rstd: Tensor
    ) -> (x: Tensor, weight: Tensor, bias: Tensor) {
        let dims = Array(Dims.allBut(1, of: x.rank))
        let column = [-1] + Array(repeating: 1, count: x.rank - 2)
        let h = weight.map { g * $0.reshape(column) } ?? g
        guard isTraining else {
            let normal = ((x.to(.float64) - mean.reshape(column)) * rstd.to(.float64).reshape(column)).to(
                x.dtype.computeType)
            return (h * rstd.to(x.dtype).reshape(column), (g * normal).sum(dim: dims), g.sum(dim: dims))
        }
        let (normal, dx) = normalizationGradient(h, x, over: dims, epsilon)
        return (dx, (g * normal).sum(dim: dims), g.sum(dim: dims))
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var merged = Few<Tensor>()
        for i in operands.tensors.indices { merged.append(operands.merged(i, into: i < 2 ? 1 : 0)) }
        let results = try operands.call(self, merged)
        return Few(
            results.enumerated().map { i, result in operands.split(result, at: needsInput && i == 0 ? 1 : 0) })
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .linear([0]) }
}

/// Batch normalisation: `(x - mean) / sqrt(var + eps) * weight + bias` for each channel (Ioffe and Szegedy, 2015).
///
/// In training mode, mean and biased variance are those of the batch, and the running statistics are updated in place:
/// `running = (1 - momentum) * running + momentum * batch`, with the unbiased variance. In evaluation mode the running
/// statistics are used.
///
/// Shapes: `x [N, C, *]`; `runningMean`, `runningVar`, `weight` and `bias [C] -> [N, C, *]`.
///
/// - Parameters:
///   - weight: the scale of each channel. Default: 1.
///   - bias: the shift of each channel. Default: 0.
///   - training: whether to use the statistics of the batch. Default: false.
///   - momentum: the weight of the batch in the running statistics. Default: 0.1.
///   - eps: a constant added to the variance. Default: 1e-5.
public func batchNorm(
    _ x: Tensor, _ runningMean: Tensor?, _ runningVar: Tensor?, _ weight: Tensor? = nil, _ bias: Tensor? = nil,
    training: Bool = false, momentum: Double = 0.1, eps: Double = 1e-5
) -> Tensor {
    let running = [runningMean, runningVar].compactMap { $0 }
    let parameters = [weight, bias].compactMap { $0 }
    if let placeholder = ([x] + parameters + running).first(where: \.isPlaceholder) { return placeholder }
    // Nothing needs no channels.
    if x.rank == 1 && x.count == 0 && x.dtype.isFloatingPoint { return x * 1 }
    guard running.count != 1 else {
        return fail(
            TensorError(
                .value, in: BatchNorm.name, "one of the running statistics is missing",
                expected: "mean and variance, or none", operands: [x]), like: x)
    }
    let primitive = BatchNorm(
        isTraining: training, momentum: momentum, epsilon: eps, hasWeight: weight != nil, hasBias: bias != nil,
        hasRunning: !running.isEmpty)
    var operands = Few(x)
    for parameter in parameters { operands.append(parameter) }
    for statistic in running { operands.append(statistic.detach()) }
    let updates = training && !running.isEmpty
    let results = applyAll(primitive, operands, count: updates ? 5 : 3)
    if updates && !results[0].isPlaceholder {
        noGrad {
            running[0].copy_(results[3])
            running[1].copy_(results[4])
        }
    }
    return results[0]
}
