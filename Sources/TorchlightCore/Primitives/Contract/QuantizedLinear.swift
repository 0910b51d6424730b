import CKernels

/// How the weight of a linear layer is stored in integers.
///
/// Codes are packed in panels of 16 output features, scales and offsets with them: codes uint8 `[panels, steps, 64]`, where a
/// step is 4 input features of 8 bits or 8 of 4 bits; scales and offsets `[panels, groups, 16]`. Rows are filled up to a
/// multiple of 32 columns, and the last panel to 16 rows.
package struct QuantizedLayout: Sendable, Hashable, Codable {
    /// 8 or 4.
    package var bits: Int
    /// The number of input features that share a scale: a multiple of 32. That of the last group may be smaller.
    package var group: Int
    package var inFeatures: Int
    package var outFeatures: Int
    /// Whether a weight is `scale · code + offset`; otherwise it is `scale · (code - zero)`, where `zero` is 128 or 8.
    package var hasOffsets: Bool

    /// The number of input features, filled up to a multiple of 32.
    package var width: Int { (Swift.max(inFeatures, 0) +| 31) / 32 * 32 }
    package var panels: Int { (Swift.max(outFeatures, 0) +| 15) / 16 }
    package var groups: Int { group > 0 ? (width +| (group - 1)) / group : 0 }
    /// The code of the weight 0 without offsets.
    package var zero: Int { bits == 8 ? 128 : 8 }
    package var codeShape: [Int] { [panels, width / (bits == 8 ? 4 : 8), 64] }
    package var scaleShape: [Int] { [panels, groups, 16] }

    package init(bits: Int, group: Int, inFeatures: Int, outFeatures: Int, hasOffsets: Bool) {
        self.bits = bits
        self.group = group
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
        self.hasOffsets = hasOffsets
    }
}

/// `y = x Wᵀ + b` with a weight of integers of 8 or 4 bits, decoded while it is multiplied.
///
/// Shapes: `x [*, in]`, packed codes, scales, offsets where the layout has them, and `bias [out]` or none `-> [*, out]`. Dtypes:
/// `x` floating point, the bias the same; codes uint8; scales and offsets float32, float16 or bfloat16. With `roundsInput`
/// each row of `x` is rounded to int8, with a scale for each 32 features, so that the products are sums of integers; an
/// infinity or NaN among the 32 makes the whole row of the result NaN. float64 is computed by dequantising.
///
/// Gradients: of `x` as if it were not rounded, `dx = dy W`; of the bias, the scales and the offsets those of the linear layer
/// with the dequantised weight. Codes are integers and have none.
package struct QuantizedLinear: Primitive {
    package static let name = "quantizedLinear"
    package var layout: QuantizedLayout
    package var roundsInput: Bool

    private var biasIndex: Int { layout.hasOffsets ? 4 : 3 }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, codes, scales) = (inputs[0], inputs[1], inputs[2])
        guard layout.bits == 8 || layout.bits == 4, layout.group >= 32, layout.group % 32 == 0, layout.outFeatures >= 0
        else {
            throw TensorError(
                .value, in: Self.name, "the layout of the weight is invalid",
                got: "\(quantity(layout.bits, "bit")), groups of \(layout.group)",
                expected: "8 or 4 bits, and groups of a multiple of 32")
        }
        guard x.dtype.isFloatingPoint else {
            throw .dtype(Self.name, [x], expected: "a floating-point input")
        }
        guard x.rank > 0, x.layout.shape[x.rank - 1] == layout.inFeatures else {
            throw TensorError(
                .shape, in: Self.name, "the input does not have the features that the weight takes",
                expected: "an input of shape [*, \(layout.inFeatures)]", operands: [x])
        }
        guard codes.dtype == .uint8, codes.layout.shape == Dims(layout.codeShape) else {
            throw TensorError(
                .shape, in: Self.name, "the codes do not fit the layout of the weight",
                expected: "uint8 \(layout.codeShape)", operands: [codes])
        }
        try check(scales, "scales")
        if layout.hasOffsets {
            try check(inputs[3], "offsets")
            guard inputs[3].dtype == scales.dtype else {
                throw .dtype(Self.name, [scales, inputs[3]], expected: "one dtype for scales and offsets")
            }
        }
        if inputs.count > biasIndex {
            let bias = inputs[biasIndex]
            guard bias.rank == 1, bias.layout.shape[0] == layout.outFeatures else {
                throw TensorError(
                    .shape, in: Self.name, "the bias does not fit the weight", expected: "[\(layout.outFeatures)]",
                    operands: [bias])
            }
            guard bias.dtype == x.dtype else {
                throw .dtype(Self.name, [x, bias], expected: "one dtype for input and bias")
            }
        }
        var shape = x.layout.shape
        shape[x.rank - 1] = layout.outFeatures
        return Few(ResultSpec(shape, x.dtype))
    }

    private func check(_ factors: TensorSpec, _ what: String) throws(TensorError) {
        guard factors.layout.shape == Dims(layout.scaleShape) else {
            throw TensorError(
                .shape, in: Self.name, "the \(what) do not fit the layout of the weight",
                expected: "\(layout.scaleShape)", operands: [factors])
        }
        guard factors.dtype.isFloatingPoint else {
            throw .dtype(Self.name, [factors], expected: "floating-point \(what)")
        }
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        let (x, codes, scales, out) = (inputs[0], inputs[1], inputs[2], outputs[0])
        if out.count == 0 { return }
        if x.dtype == .float64 || scales.dtype == .float64 || layout.inFeatures == 0 {
            var operands = Few<Tensor>()
            for input in inputs { operands.append(input.detach()) }
            let result = composed(operands)
            return copyElements(from: result, layout: result.layout, to: out)
        }
        let rows = out.count / layout.outFeatures
        let input = Layout(shape: Dims(rows, layout.inFeatures), offset: x.layout.offset)
        let result = Layout(shape: Dims(rows, layout.outFeatures), offset: out.layout.offset)
        let offsets = layout.hasOffsets ? inputs[3] : nil
        let bias = inputs.count > biasIndex ? inputs[biasIndex] : nil
        let status = withKernelArguments {
            tl_quantized_linear(
                $0(x, input), $0(codes), $0(scales), $0(offsets), $0(bias), $0(out, result), Int32(layout.bits),
                Int64(layout.group), roundsInput)
        }
        try checkStatus(status, in: Self.name, [x, codes])
    }

    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        var saved: Saved = needs[0] || needs[2] || layout.hasOffsets && needs[3] ? [.input(1), .input(2)] : []
        if layout.hasOffsets && needs[0] { saved = saved.union(.input(3)) }
        if needs[2] || layout.hasOffsets && needs[3] { saved = saved.union(.input(0)) }
        return saved
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        let g = context.gradient
        let rows = g.shape.dropLast().reduce(1, *)
        var gradients = Few<Tensor?>(repeating: nil, count: context.inputCount)
        if context.needs[0] {
            let weight = layout.dequantized(
                context.input(1), context.input(2), layout.hasOffsets ? context.input(3) : nil, dtype: g.dtype)
            gradients[0] = matmul(g, weight)
        }
        if context.needs[2] || layout.hasOffsets && context.needs[3] {
            let ofWeight = matmul(
                g.reshape([rows, layout.outFeatures]).t(), context.input(0).reshape([rows, layout.inFeatures]))
            let grouped = layout.grouped(ofWeight)
            if context.needs[2] {
                let codes = layout.grouped(layout.centredCodes(context.input(1), dtype: g.dtype))
                gradients[2] = layout.packedFactors((grouped * codes).sum(dim: -1))
            }
            if layout.hasOffsets && context.needs[3] { gradients[3] = layout.packedFactors(grouped.sum(dim: -1)) }
        }
        if context.inputCount > biasIndex && context.needs[biasIndex] {
            gradients[biasIndex] = g.reshape([rows, layout.outFeatures]).sum(dim: 0)
        }
        return gradients
    }

    package func multiplyAdds(_ inputs: Specs) -> Int { inputs[0].count *| layout.outFeatures }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? { Few(composed(inputs)) }

    /// The linear layer with the dequantised weight.
    private func composed(_ inputs: Few<Tensor>) -> Tensor {
        let x = inputs[0]
        let weight = layout.dequantized(inputs[1], inputs[2], layout.hasOffsets ? inputs[3] : nil, dtype: x.dtype)
        return linear(
            roundsInput ? layout.rounded(x) : x, weight, inputs.count > biasIndex ? inputs[biasIndex] : nil)
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        for i in 1..<operands.count where operands.isMapped(i) { return nil }
        return try operands.call(self, operands.tensors)
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// Applies a linear transformation with a quantised weight: ``QuantizedLinear``.
package func quantizedLinear(
    _ x: Tensor, codes: Tensor, scales: Tensor, offsets: Tensor?, bias: Tensor? = nil, layout: QuantizedLayout,
    roundsInput: Bool
) -> Tensor {
    var operands = Few(x, codes, scales)
    if let offsets { operands.append(offsets) }
    if let bias { operands.append(bias) }
    return applyFirst(QuantizedLinear(layout: layout, roundsInput: roundsInput), operands)
}
