import CKernels

/// Each element kept with probability `1 - p` and scaled by `1 / (1 - p)`, else 0; the second result is the mask, uint8.
///
/// `x [*], key int64 [2] -> [*], uint8 [*]`, floating point, `0 < p < 1`. Which elements are kept depends on the key and the row-major
/// position alone. The gradient passes where elements were kept, with the same scale.
package struct DropoutForward: Primitive {
    package static let name = "dropout"
    package var p: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let dtype = try floatingPointType(of: inputs[0], in: Self.name)
        let shape = inputs[0].layout.shape
        try checkOperand(inputs[1], is: [2], .int64, in: Self.name)
        return Few(ResultSpec(shape, dtype), ResultSpec(shape, .uint8))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_dropout($0(inputs[1]), p, $0(inputs[0]), $0(outputs[0]), $0(outputs[1])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .output(1) }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(DropoutBackward(p: p), context.gradient, context.output(1)), nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .random(key: 1) }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// The gradient of dropout: `(g, mask) -> g * mask / (1 - p)`.
package struct DropoutBackward: Primitive {
    package static let name = "dropoutBackward"
    package var p: Double

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let dtype = try floatingPointType(of: inputs[0], in: Self.name)
        try checkOperand(inputs[1], is: inputs[0].layout.shape, .uint8, in: Self.name)
        return Few(ResultSpec(inputs[0].layout.shape, dtype))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        withKernelArguments { tl_dropout_backward(p, $0(inputs[0]), $0(inputs[1]), $0(outputs[0])) }
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { .input(1) }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        Few(apply(DropoutBackward(p: p), context.gradient, context.input(1)), nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .linear([0]) }
}

/// Dropout: in training, sets each element to 0 with probability `p` and multiplies the others by `1 / (1 - p)`.
/// Otherwise returns the input (Srivastava et al., 2014).
///
/// - Parameters:
///   - p: the probability of an element to be zeroed. Default: 0.5.
///   - training: whether dropout is applied. Default: true.
///   - generator: the random number generator.
public func dropout(
    _ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator = .default
) -> Tensor {
    guard p >= 0 && p <= 1 else {
        return fail(
            TensorError(
                .value, in: DropoutForward.name, "the probability is outside [0, 1]", got: "\(p)",
                expected: "a number from 0 to 1", operands: [x]), like: x)
    }
    if !training || p == 0 { return x }
    if p == 1 { return x * 0 }
    if x.isPlaceholder { return x }
    return orFail(like: x) { () throws(TensorError) in
        try perform(DropoutForward(p: p), Few(x, generator.nextKey(on: x.device)))[0]
    }
}
