/// The cross entropy of probabilities element by element, `-(y log p + (1 - y) log(1 - p))` with logarithms clamped to
/// at least -100.
///
/// Shapes: `p [*], y [*] -> [*]`, equal. Dtypes are promoted; floating point. Both must lie in [0, 1], and not be NaN.
///
/// The gradient of `p`, `(p - y) / max(p (1 - p), 1e-12)`, is finite where that of the formula is 0 / 0, at `p = 0` and
/// `p = 1`.
package struct BinaryCrossEntropy: CompositePrimitive {
    package static let name = "binaryCrossEntropy"

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (p, y) = (inputs[0], inputs[1])
        guard p.layout.shape == y.layout.shape else {
            throw TensorError(
                .shape, in: Self.name, "the target differs in shape, and losses do not broadcast",
                expected: "equal shapes", operands: [p, y])
        }
        try checkFloating(p, in: Self.name)
        return Few(ResultSpec(p.layout.shape, ResultType.of(p, y)))
    }

    package func validate(_ inputs: Few<Tensor>) throws(TensorError) {
        for (values, what) in [(inputs[0], "a prediction"), (inputs[1], "a target")] where values.count > 0 {
            let (low, high): (Double, Double) = noGrad { (values.min().item(), values.max().item()) }
            // Comparisons with NaN are false.
            guard low >= 0, high <= 1 else {
                throw TensorError(
                    .value, in: Self.name, "\(what) is outside [0, 1]", got: "values from \(low) to \(high)",
                    expected: "numbers in [0, 1]",
                    fix: values === inputs[0]
                        ? "use binaryCrossEntropyWithLogits for inputs without sigmoid"
                        : "scale the targets, as in mask / 255", operands: [values])
            }
        }
    }

    package func composed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor> {
        let (p, y) = (inputs[0], inputs[1])
        return Few((y - 1) * (1 - p).log().clamp(min: -100) - y * p.log().clamp(min: -100))
    }

    package var differentiability: Differentiability { .differentiable }
    package func saved(for needs: Needs) -> Saved { [.input(0), .input(1)] }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let (p, y, g) = (context.input(0), context.input(1), context.gradient)
        return Few(
            context.needs[0] ? g * (p - y) / (p * (1 - p)).clamp(min: 1e-12) : nil,
            context.needs[1] ? g * ((1 - p).log().clamp(min: -100) - p.log().clamp(min: -100)) : nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { try operands.run(self) }

    package var effects: Effects { .pure }
    package var algebra: Algebra { .other }
}

/// The cross entropy of probabilities element by element, `-(y log p + (1 - y) log(1 - p))`; see
/// ``BinaryCrossEntropy``.
package func binaryCrossEntropyTerms(_ p: Tensor, _ y: Tensor) -> Tensor { apply(BinaryCrossEntropy(), p, y) }
