import CKernels

/// The negative logarithm of the probability that a sequence of labels, with any blanks between them and any of them
/// held for several steps, is what the steps say (Graves et al. 2006).
///
/// Shapes: `logProbs [T, N, C] -> losses [N], alpha [N, T, 2 S + 1]` with `S` the longest target; alpha is for the gradient
/// alone. Dtypes: float32 or float64.
///
/// The gradient is `exp(logProbs) - posterior`, PyTorch's: it is that of the scores before a log-softmax, and so takes for
/// granted that the log probabilities come from one. Losses that are infinite (the target does not fit) have gradient
/// 0 with `zeroInfinity`, NaN without. A second derivative is not known here.
package struct CTC: Primitive {
    package static let name = "ctcLoss"
    package var blank = 0
    package var zeroInfinity = false
    /// The labels of all samples, one list after another from `offsets` on.
    package var targets: [Int]
    package var offsets: [Int]
    package var targetLengths: [Int]
    package var inputLengths: [Int]

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        guard x.dtype == .float32 || x.dtype == .float64 else {
            throw .dtype(Self.name, [x], expected: "float32 or float64")
        }
        guard x.rank == 3 else {
            throw TensorError(
                .shape, in: Self.name, "the log probabilities have the wrong number of dimensions",
                expected: "[steps, samples, classes]", operands: [x])
        }
        let (steps, samples, classes) = (x.layout.shape[0], x.layout.shape[1], x.layout.shape[2])
        guard targetLengths.count == samples, inputLengths.count == samples, offsets.count == samples else {
            throw TensorError(
                .shape, in: Self.name, "there is not one length for each sample",
                got: "\(inputLengths.count) input and \(targetLengths.count) target lengths",
                expected: "\(samples) of both", operands: [x])
        }
        guard blank >= 0 && blank < classes else {
            throw TensorError(
                .index, in: Self.name, "the blank is none of the classes", got: "\(blank)",
                expected: "0 ..< \(classes)", operands: [x])
        }
        for (n, length) in inputLengths.enumerated() where length < 0 || length > steps {
            throw TensorError(
                .value, in: Self.name, "the input length of sample \(n) is out of range", got: "\(length)",
                expected: "0 ... \(steps)", operands: [x])
        }
        for (n, length) in targetLengths.enumerated() {
            guard length >= 0, offsets[n] >= 0, offsets[n] + length <= targets.count else {
                throw TensorError(
                    .value, in: Self.name, "the target length of sample \(n) does not fit the targets",
                    got: "\(length)", expected: "no more labels than there are", operands: [x])
            }
            for label in targets[offsets[n]..<(offsets[n] + length)] where label < 0 || label >= classes {
                throw TensorError(
                    .index, in: Self.name, "a label of sample \(n) is none of the classes", got: "\(label)",
                    expected: "0 ..< \(classes)", operands: [x])
            }
        }
        let states = 2 * (targetLengths.max() ?? 0) + 1
        return Few(ResultSpec(Dims([samples]), x.dtype), ResultSpec(Dims(samples, steps, states), x.dtype))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        // Steps beyond a sample's length are not visited.
        fill(outputs[1], with: .double(-.infinity))
        withParameters { parameters in
            withKernels(inputs[0], outputs[0], outputs[1]) { tl_ctc(parameters, $0, $1, $2) }
        }
    }

    fileprivate func withParameters(_ body: (UnsafePointer<tl_ctc_params>) -> Void) {
        func list<R>(_ values: [Int], _ body: (UnsafePointer<Int64>?) -> R) -> R {
            values.withUnsafeBytes { body($0.bindMemory(to: Int64.self).baseAddress) }
        }
        list(targets) { targets in
            list(offsets) { offsets in
                list(targetLengths) { targetLengths in
                    list(inputLengths) { inputLengths in
                        var parameters = tl_ctc_params(
                            blank: Int64(blank), longest: Int64(self.targetLengths.max() ?? 0), targets: targets,
                            offsets: offsets, target_lengths: targetLengths, input_lengths: inputLengths)
                        body(&parameters)
                    }
                }
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .output(0), .output(1)] }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard let g = context.gradients[0] else { return [nil] }
        return [
            applyFirst(
                CTCBackward(forward: self),
                [g, context.input(0), context.output(0).detach(), context.output(1).detach()])
        ]
    }
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The gradient of `CTC`: `(gradient of each loss, logProbs, losses, alpha) -> [T, N, C]`.
package struct CTCBackward: Primitive {
    package static let name = "ctcLossBackward"
    package var forward: CTC

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[1]
        guard x.dtype == .float32 || x.dtype == .float64 else {
            throw .dtype(Self.name, [x], expected: "float32 or float64")
        }
        return Few(ResultSpec(x.layout.shape, x.dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { index < 2 }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        forward.withParameters { parameters in
            withKernels(inputs[0], inputs[1], outputs[0]) { scale, x, grad in
                withKernels(inputs[2], inputs[3]) { losses, alpha in
                    tl_ctc_backward(parameters, scale, x, losses, alpha, forward.zeroInfinity, grad)
                }
            }
        }
    }

    package var differentiability: Differentiability {
        .unavailable("the gradient of ctcLoss is not an exact derivative of the log probabilities alone")
    }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }
    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// The loss of each sample, `[T, N, C] -> [N]`; half types compute in float32.
package func ctcLosses(
    _ logProbs: Tensor, targets: [Int], offsets: [Int], targetLengths: [Int], inputLengths: [Int], blank: Int,
    zeroInfinity: Bool
) -> Tensor {
    let isHalf = logProbs.dtype == .float16 || logProbs.dtype == .bfloat16
    let rule = CTC(
        blank: blank, zeroInfinity: zeroInfinity, targets: targets, offsets: offsets, targetLengths: targetLengths,
        inputLengths: inputLengths)
    let losses = applyAll(rule, Few(isHalf ? logProbs.to(.float32) : logProbs), count: 2)[0]
    if losses.isPlaceholder { return losses }
    let finite = zeroInfinity ? losses.maskedFill(noGrad { losses .== Double.infinity }, 0) : losses
    return isHalf ? finite.to(logProbs.dtype) : finite
}
