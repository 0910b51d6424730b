import CKernels

/// The negative logarithm of the probability of a sequence of labels: the sum over all alignments with the steps, in
/// which labels are repeated and blanks are inserted between them (Graves et al. 2006).
///
/// Shapes: `logProbs [T, N, C], targets [N, S], inputLengths [N], targetLengths [N] -> losses [N], alpha [N, T, 2 S +
/// 1]`; alpha is only used by the gradient. Of sample `n` the first `inputLengths[n]` steps and the first
/// `targetLengths[n]` labels count. Dtypes: float32 or float64; targets and lengths int64.
///
/// The gradient is `exp(logProbs) - posterior`, as in PyTorch: the gradient with respect to the logits, which is
/// correct if the log probabilities are the result of log-softmax. Losses that are infinite (the target does not fit)
/// have gradient 0 with `zeroInfinity`, NaN without.
package struct CTC: Primitive {
    package static let name = "ctcLoss"
    package var blank = 0
    package var zeroInfinity = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, targets) = (inputs[0], inputs[1])
        guard x.dtype == .float32 || x.dtype == .float64 else {
            throw .dtype(Self.name, [x], expected: "float32 or float64")
        }
        for integers in [targets, inputs[2], inputs[3]] where integers.dtype != .int64 {
            throw .dtype(Self.name, [integers], expected: "int64 targets and lengths")
        }
        guard x.rank == 3 else {
            throw TensorError(
                .shape, in: Self.name, "the log probabilities have the wrong number of dimensions",
                expected: "[steps, samples, classes]", operands: [x])
        }
        let (steps, samples, classes) = (x.layout.shape[0], x.layout.shape[1], x.layout.shape[2])
        guard inputs[2].layout.shape == [samples], inputs[3].layout.shape == [samples] else {
            throw TensorError(
                .shape, in: Self.name, "there is not one length for each sample",
                got: "\(inputs[2].count) input and \(inputs[3].count) target lengths",
                expected: "\(samples) of both", operands: [x])
        }
        guard targets.rank == 2, targets.layout.shape[0] == samples else {
            throw TensorError(
                .shape, in: Self.name, "there is not one row of targets for each sample",
                expected: "[\(samples), labels]", operands: [x, targets])
        }
        guard blank >= 0 && blank < classes else {
            throw TensorError(
                .index, in: Self.name, "the blank is none of the classes", got: "\(blank)",
                expected: "0 ..< \(classes)", operands: [x])
        }
        let states = 2 *| targets.layout.shape[1] +| 1
        return Few(ResultSpec(Dims([samples]), x.dtype), ResultSpec(Dims(samples, steps, states), x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        let (x, width) = (inputs[0], inputs[1].layout.shape[1])
        let (steps, classes) = (x.layout.shape[0], x.layout.shape[2])
        let labels = inputs[1].toArray(Int.self)
        let (inputLengths, targetLengths) = (inputs[2].toArray(Int.self), inputs[3].toArray(Int.self))
        for (n, length) in inputLengths.enumerated() where length < 0 || length > steps {
            throw TensorError(
                .value, in: Self.name, "the input length of sample \(n) is out of range", got: "\(length)",
                expected: "0 ... \(steps)", operands: [x])
        }
        for (n, length) in targetLengths.enumerated() {
            guard length >= 0, length <= width else {
                throw TensorError(
                    .value, in: Self.name, "the target length of sample \(n) does not fit the targets",
                    got: "\(length)", expected: "0 ... \(width)", operands: [x, inputs[1]])
            }
            for label in labels[(n * width)..<(n * width + length)] where label < 0 || label >= classes {
                throw TensorError(
                    .index, in: Self.name, "a label of sample \(n) is none of the classes", got: "\(label)",
                    expected: "0 ..< \(classes)", operands: [x])
            }
        }
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index == 0 }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        // Steps beyond a sample's length are not visited.
        fill(outputs[1], with: .double(-.infinity))
        let (targets, inputLengths, targetLengths) = (inputs[1], inputs[2], inputs[3])
        withKernelArguments {
            tl_ctc(
                Int64(blank), $0(inputs[0]), $0(targets), $0(inputLengths), $0(targetLengths), $0(outputs[0]),
                $0(outputs[1]))
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved {
        [.input(0), .input(1), .input(2), .input(3), .output(0), .output(1)]
    }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return Few(repeating: nil, count: 4) }
        var operands = Few(g)
        for i in 0..<4 { operands.append(context.input(i)) }
        for i in 0..<2 { operands.append(context.output(i).detach()) }
        var gradients = Few<Tensor?>(repeating: nil, count: 4)
        gradients[0] = applyFirst(CTCBackward(blank: blank, zeroInfinity: zeroInfinity), operands)
        return gradients
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var merged = Few(operands.merged(0, into: 1))
        for i in 1..<operands.count { merged.append(operands.merged(i)) }
        return Few(try operands.call(self, merged).map { operands.split($0) })
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The gradient of `CTC`: `(gradient of each loss, logProbs, targets, inputLengths, targetLengths, losses, alpha) ->
/// [T, N, C]`.
package struct CTCBackward: Primitive {
    package static let name = "ctcLossBackward"
    package var blank = 0
    package var zeroInfinity = false

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[1]
        let forward = CTC(blank: blank, zeroInfinity: zeroInfinity)
        let results = try forward.infer(Specs([x, inputs[2], inputs[3], inputs[4]]))
        for (operand, result) in [(0, 0), (5, 0), (6, 1)] {
            try checkOperand(inputs[operand], is: results[result].shape, x.dtype, in: Self.name)
        }
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        try CTC(blank: blank, zeroInfinity: zeroInfinity).validate(Few([inputs[1], inputs[2], inputs[3], inputs[4]]))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index < 2 }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        let (targets, inputLengths, targetLengths) = (inputs[2], inputs[3], inputs[4])
        let (losses, alpha) = (inputs[5], inputs[6])
        withKernelArguments {
            tl_ctc_backward(
                Int64(blank), zeroInfinity, $0(inputs[0]), $0(inputs[1]), $0(targets), $0(inputLengths),
                $0(targetLengths), $0(losses), $0(alpha), $0(outputs[0]))
        }
    }

    /// `scale (exp(logProbs) + dL/dlogProbs)`, the losses `L` by the recursion over the steps.
    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let (scale, x, inputLengths, losses) = (inputs[0], inputs[1], inputs[3], inputs[5])
        if x.count == 0 { return Few(Tensor.zeros(like: x)) }
        let recursion = CTCRecursion(
            blank: blank, targets: inputs[2], inputLengths: inputLengths, targetLengths: inputs[4])
        let exact = try gradientsThroughComposition(of: Few(x), seeds: [Tensor.ones(like: losses.detach())]) {
            operands throws(TensorError) in ([recursion.losses(operands[0])], [])
        }[0]
        let steps = Tensor.arange(x.layout.shape[0], device: x.device).unsqueeze(1)
        let isWithin = (steps < inputLengths).unsqueeze(2)
        let gradient = Tensor.where(isWithin, scale.unsqueeze(1) * (x.exp() + exact), 0)
        let isImpossible = isWithin.logicalAnd((losses.detach() .== Double.infinity).unsqueeze(1))
        return Few(gradient.maskedFill(isImpossible, zeroInfinity ? 0 : Double.nan))
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(repeating: nil, count: context.inputCount)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        var merged = Few<Tensor>()
        for i in operands.tensors.indices { merged.append(operands.merged(i, into: i == 1 ? 1 : 0)) }
        return Few(try operands.call(self, merged).map { operands.split($0, at: 1) })
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// The recursion over the steps in operations that have gradients of any order. Infinite losses are large numbers
/// whose gradients are undefined.
private struct CTCRecursion {
    var blank: Int
    var targets: Tensor
    var inputLengths: Tensor
    var targetLengths: Tensor

    /// A logarithm of 0 whose differences are no NaN.
    private static let lowest = -1e30

    /// `logProbs [T, N, C] -> [N]`, of at least one step.
    func losses(_ logProbs: Tensor) -> Tensor {
        let (steps, samples) = (logProbs.layout.shape[0], logProbs.layout.shape[1])
        let (labels, maySkip) = noGrad { states(samples) }
        let count = labels.layout.shape[1]
        let scores = logProbs.gather(2, labels.unsqueeze(0).expand([steps, samples, count]))
        let none = Tensor.full([samples, 2], Self.lowest, dtype: logProbs.dtype, device: logProbs.device)
        let isFirst = Tensor.arange(count, device: logProbs.device) < 2
        var alpha = Tensor.where(isFirst, scores[0], Self.lowest)
        for t in 1..<max(steps, 1) {
            let before = cat([none, alpha], dim: 1)
            let skipped = Tensor.where(maySkip, before.narrow(1, start: 0, length: count), Self.lowest)
            let next = stack([alpha, before.narrow(1, start: 1, length: count), skipped]).logsumexp(dim: 0) + scores[t]
            alpha = Tensor.where((inputLengths > t).unsqueeze(1), next, alpha)
        }
        let end = targetLengths.unsqueeze(1) * 2
        let last = alpha.gather(1, end).squeeze(1)
        let label = Tensor.where(
            targetLengths > 0, alpha.gather(1, (end - 1).clamp(min: 0)).squeeze(1), Self.lowest)
        let total = -stack([last, label]).logsumexp(dim: 0)
        return Tensor.where(inputLengths .== 0, 0, total)
    }

    /// The label of each state, blanks at the even ones, and whether a path may enter it past the blank before.
    private func states(_ samples: Int) -> (labels: Tensor, maySkip: Tensor) {
        let width = targets.layout.shape[1]
        let positions = Tensor.arange(width, device: targets.device)
        let padded = Tensor.where(positions < targetLengths.unsqueeze(1), targets, blank)
        let blanks = Tensor.full([samples, width], blank, dtype: .int64, device: targets.device)
        let one = Tensor.full([samples, 1], blank, dtype: .int64, device: targets.device)
        let labels = cat([stack([blanks, padded], dim: 2).reshape([samples, 2 * width]), one], dim: 1)
        let twoBefore = cat([one, one, labels], dim: 1).narrow(1, start: 0, length: 2 * width + 1)
        let isLabel = Tensor.arange(2 * width + 1, device: targets.device).remainder(2) .== 1
        return (labels, isLabel.logicalAnd(labels .!= twoBefore))
    }
}

/// The loss of each sample, `[T, N, C] -> [N]`; half types compute in float32.
package func ctcLosses(
    _ logProbs: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: Int, zeroInfinity: Bool
) -> Tensor {
    let isHalf = logProbs.dtype == .float16 || logProbs.dtype == .bfloat16
    var operands = Few(isHalf ? logProbs.to(.float32) : logProbs)
    for operand in [targets, inputLengths, targetLengths] { operands.append(operand) }
    let losses = applyAll(CTC(blank: blank, zeroInfinity: zeroInfinity), operands, count: 2)[0]
    if losses.isPlaceholder { return losses }
    let finite = zeroInfinity ? losses.maskedFill(noGrad { losses .== Double.infinity }, 0) : losses
    return isHalf ? finite.to(logProbs.dtype) : finite
}
