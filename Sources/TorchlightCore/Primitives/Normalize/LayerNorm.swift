import CKernels

/// The last dimensions of each sample brought to mean 0 and variance 1, then scaled and shifted:
/// `y = (x - mean) * rstd * weight + bias`, `rstd = 1 / sqrt(variance + epsilon)`, the variance that of the row itself.
///
/// Shapes: `x [*, D]`, `weight` and `bias D` or none, with `D` the last `dims` dimensions `-> y [*, D], mean [*], rstd [*]`.
/// Dtypes: floating point, all the same, or float32 parameters of a half type. The mean is float64, because float32 has too few
/// digits beside a mean that is much larger than the deviations; `rstd` has the dtype that computes.
package struct LayerNorm: PreparedPrimitive {
    package static let name = "layerNorm"
    /// The number of trailing dimensions of a row.
    package var dims: Int
    package var epsilon: Double
    package var hasWeight: Bool
    package var hasBias: Bool

    private func weight(_ inputs: Few<Tensor>) -> Tensor? { hasWeight ? inputs[1] : nil }
    private func bias(_ inputs: Few<Tensor>) -> Tensor? { hasBias ? inputs[hasWeight ? 2 : 1] : nil }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[0]
        try checkFloating(x, in: Self.name)
        try checkRow(x, in: Self.name)
        var lead = Dims()
        for i in 0..<(x.rank - dims) { lead.append(x.layout.shape[i]) }
        var row = Dims()
        for i in (x.rank - dims)..<x.rank { row.append(x.layout.shape[i]) }
        for i in 1..<(1 + (hasWeight ? 1 : 0) + (hasBias ? 1 : 0)) {
            try checkOperand(inputs[i], is: row, inputs[i].dtype, in: Self.name)
            guard inputs[i].dtype == inputs[1].dtype, inputs[i].dtype.fitsAsParameter(of: x.dtype) else {
                throw TensorError(
                    .dtype, in: Self.name, "weight and bias have another dtype than the input",
                    expected: "one dtype, or float32 parameters of a half-precision input", operands: Array(inputs))
            }
        }
        return Few(
            ResultSpec(x.layout.shape, x.dtype), ResultSpec(lead, .float64), ResultSpec(lead, x.dtype.computeType))
    }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if outputs[0].count == 0 { return }
        normalize(inputs, outputs, Arguments(self, inputs[0].layout, outputs[0].layout)!)
    }

    package func prepared(_ inputs: Specs, _ outputs: Specs) -> PreparedCall? {
        guard let arguments = Arguments(self, inputs[0].layout, outputs[0].layout),
            inputs.dropFirst().allSatisfy(\.layout.isContiguous)
        else { return nil }
        return { (inputs, outputs) throws(TensorError) in normalize(inputs, outputs, arguments) }
    }

    /// The layouts of the arguments of the kernel, relative to the storage offsets of the tensors.
    private struct Arguments {
        let x: Layout
        let y: Layout
        /// Of the weight and the bias.
        let row: Layout
        /// Of the means and the reciprocals of the deviations.
        let column: Layout

        init?(_ norm: LayerNorm, _ input: Layout, _ output: Layout) {
            let shape = norm.rows(input)
            guard let x = input.moved(by: -input.offset).viewed(as: shape),
                let y = output.moved(by: -output.offset).viewed(as: shape)
            else { return nil }
            (self.x, self.y) = (x, y)
            (row, column) = (Layout(shape: [shape[1]]), Layout(shape: [shape[0]]))
        }
    }

    private func normalize(_ inputs: Few<Tensor>, _ outputs: Few<Tensor>, _ layouts: Arguments) {
        let (weight, bias) = (weight(inputs), bias(inputs))
        withKernelArguments { arguments in
            tl_layer_norm(
                arguments(inputs[0], relative: layouts.x), weight.map { arguments($0, relative: layouts.row) },
                bias.map { arguments($0, relative: layouts.row) }, epsilon,
                arguments(outputs[0], relative: layouts.y), arguments(outputs[1], relative: layouts.column),
                arguments(outputs[2], relative: layouts.column))
        }
    }

    func checkRow(_ x: TensorSpec, in operation: String) throws(TensorError) {
        guard dims >= 0, dims <= x.rank else {
            throw TensorError(
                .shape, in: operation, "the input has fewer dimensions than a row",
                expected: "at least \(quantity(dims, "dimension"))", operands: [x])
        }
    }

    /// `[rows, width]`
    func rows(_ x: Layout) -> Dims {
        var width = 1
        for i in (x.rank - dims)..<x.rank { width *= x.shape[i] }
        return Dims(width == 0 ? 0 : x.count / width, width)
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index == 0 && layout.viewed(as: rows(layout)) != nil
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        var saved: Saved = [.input(0), .output(1), .output(2)]
        if hasWeight { saved.insert(.input(1)) }
        return saved
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        var gradients = Few<Tensor?>(repeating: nil, count: context.inputCount)
        // Mean and rstd are only used by this rule.
        guard let g = context.gradients[0] else { return gradients }
        let x = context.input(0)
        let weight = hasWeight ? context.input(1) : nil
        let needsWeight = hasWeight && context.needs[1]
        let needsBias = hasBias && context.needs[context.inputCount - 1]
        var operands = Few(g, x, context.output(1))
        operands.append(context.output(2))
        if let weight { operands.append(weight) }
        var backward = LayerNormBackward(
            norm: self, needsInput: context.needs[0], needsWeight: needsWeight, needsBias: needsBias,
            parameterDType: context.dtype(context.inputCount - 1))
        if backward.resultCount == 0 { return gradients }
        var destinations = Few<Tensor?>()
        if context.needs[0], x.dtype == x.dtype.computeType, let sum = context.sum(0), sum.layout.isContiguous {
            backward.addsToInput = true
            operands.append(sum)
            destinations.append(sum)
        }
        var results = Array(try perform(backward, operands, into: destinations))
        if context.needs[0] { gradients[0] = results.removeFirst() }
        if needsWeight { gradients[1] = results.removeFirst() }
        if needsBias { gradients[context.inputCount - 1] = results.removeFirst() }
        return gradients
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        let parameters = operands.tensors.indices.dropFirst()
        guard parameters.contains(where: { operands.isMapped($0) }) else {
            return try operands.call(self, operands.tensors)
        }
        // Parameters of each example are applied after the normalisation.
        let plain = LayerNorm(dims: dims, epsilon: epsilon, hasWeight: false, hasBias: false)
        let x = operands.leading(0)
        var results = try operands.call(plain, Few(x))
        for i in parameters {
            let parameter = operands.aligned(i, rank: operands.rank(0))
            results[0] = hasWeight && i == 1 ? results[0] * parameter : results[0] + parameter
        }
        results[0] = results[0].to(x.dtype)
        return results
    }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { .other }
}

/// The gradients of `LayerNorm` in one pass, `(gradient, x, mean, rstd, weight if any, sum if any) -> those that are needed`.
package struct LayerNormBackward: Primitive {
    package static let name = "layerNormBackward"
    package var norm: LayerNorm
    package var needsInput: Bool
    package var needsWeight: Bool
    package var needsBias: Bool
    /// The dtype of weight and bias.
    package var parameterDType: DType
    /// Whether the last operand is a sum to which the gradient of the input is added.
    package var addsToInput = false

    private func weight(_ inputs: Few<Tensor>) -> Tensor? { norm.hasWeight ? inputs[4] : nil }

    var resultCount: Int { (needsInput ? 1 : 0) + (needsWeight ? 1 : 0) + (needsBias ? 1 : 0) }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let x = inputs[1]
        try checkFloating(x, in: Self.name)
        try norm.checkRow(x, in: Self.name)
        var row = Dims()
        for i in (x.rank - norm.dims)..<x.rank { row.append(x.layout.shape[i]) }
        try checkOperand(inputs[0], is: x.layout.shape, x.dtype, in: Self.name)
        var rows = 1
        for i in 0..<(x.rank - norm.dims) { rows *= x.layout.shape[i] }
        guard inputs[2].count == rows, inputs[3].count == rows else {
            throw TensorError(
                .shape, in: Self.name, "mean and reciprocal deviation do not fit the rows", expected: "\(rows) of each",
                operands: [x, inputs[2], inputs[3]])
        }
        if norm.hasWeight { try checkOperand(inputs[4], is: row, inputs[4].dtype, in: Self.name) }
        if addsToInput { try checkOperand(inputs[inputs.count - 1], is: x.layout.shape, x.dtype, in: Self.name) }
        var specs = Few<ResultSpec>()
        if needsInput { specs.append(ResultSpec(x.layout.shape, x.dtype)) }
        if needsWeight { specs.append(ResultSpec(row, parameterDType)) }
        if needsBias { specs.append(ResultSpec(row, parameterDType)) }
        return specs
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool {
        index < 2 && layout.viewed(as: norm.rows(layout)) != nil
    }
    package func acceptsResult(_ layout: Layout) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        if addsToInput { inputs[inputs.count - 1].copyForUpdate(to: outputs[0]) }
        if inputs[1].count == 0 {
            for (i, out) in outputs.enumerated() where i > 0 || !addsToInput { fill(out, with: 0) }
            return
        }
        let (g, x) = (inputs[0], inputs[1])
        let shape = norm.rows(x.layout)
        var results = Array(outputs)
        let gradX = needsInput ? results.removeFirst() : nil
        let gradWeight = needsWeight ? results.removeFirst() : nil
        let gradBias = needsBias ? results.removeFirst() : nil
        withKernelArguments {
            tl_layer_norm_backward(
                $0(g, shape: shape), $0(x, shape: shape), $0(flat: weight(inputs)), $0(flat: inputs[2]),
                $0(flat: inputs[3]), $0(gradX, shape: shape), addsToInput, $0(flat: gradWeight), $0(flat: gradBias))
        }
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let all = composedGradients(inputs[0], inputs[1], weight(inputs))
        var results = Few<Tensor>()
        if needsInput { results.append(addsToInput ? inputs[inputs.count - 1] + all.x : all.x) }
        if needsWeight { results.append(all.weight.to(parameterDType)) }
        if needsBias { results.append(all.bias.to(parameterDType)) }
        return results
    }

    /// The gradients in operations that have gradients themselves: with `n = (x - mean) rstd` and `h = g weight`,
    /// `dx = rstd (h - mean(h) - n mean(h n))`, `dweight = sum(g n)`, `dbias = sum(g)`.
    private func composedGradients(
        _ g: Tensor, _ x: Tensor, _ weight: Tensor?
    ) -> (x: Tensor, weight: Tensor, bias: Tensor) {
        let width = Array((x.rank - norm.dims)..<x.rank)
        let lead = Array(0..<(x.rank - norm.dims))
        let (normal, dx) = normalizationGradient(weight.map { g * $0 } ?? g, x, over: width, norm.epsilon)
        if lead.isEmpty { return (dx, g * normal, g) }
        return (dx, (g * normal).sum(dim: lead), g.sum(dim: lead))
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? {
        try operands.runDecomposition(of: self)
    }

    package var effects: Effects { addsToInput ? .updates(norm.hasWeight ? 5 : 4) : .pure }
    package var fusion: FusionClass { .rows }
    package var algebra: Algebra { addsToInput ? .linear([0, norm.hasWeight ? 5 : 4]) : .linear([0]) }
}

extension DType {
    /// Whether a normalisation takes weight and bias of this dtype beside an input of the other: the same, or float32, in which
    /// half types compute.
    func fitsAsParameter(of input: DType) -> Bool { self == input || self == input.computeType }
}

/// The gradient of layer and batch normalisation, in operations that have gradients themselves: `n = (x - mean) rstd`
/// over the dimensions `dims`, and `dx = rstd (h - mean(h) - n mean(h n))`, where `h` is the gradient of `n`.
func normalizationGradient(
    _ h: Tensor, _ x: Tensor, over dims: [Int], _ epsilon: Double
) -> (normal: Tensor, dx: Tensor) {
    // Half types would round the mean and the squares. The mean is computed twice: the second one
    // corrects the rounding error of the first, which may be large.
    let (x, h, dtype) = (x.to(x.dtype.computeType), h.to(x.dtype.computeType), x.dtype)
    let rough = x - x.mean(dim: dims, keepdim: true).detach()
    let centred = rough - rough.mean(dim: dims, keepdim: true)
    let rstd = ((centred * centred).mean(dim: dims, keepdim: true) + epsilon).rsqrt()
    let normal = centred * rstd
    let along = normal * (h * normal).mean(dim: dims, keepdim: true)
    return (normal, (rstd * (h - h.mean(dim: dims, keepdim: true) - along)).to(dtype))
}

/// Refuses dtypes that are not floating point.
func checkFloating(_ x: some Described, in operation: String) throws(TensorError) {
    guard x.dtype.isFloatingPoint else {
        throw .dtype(operation, [x], expected: "floating point", fix: "convert it first, as in x.to(.float32)")
    }
}

/// Layer normalisation over the last dimensions: `(x - mean) / sqrt(var + eps) * weight + bias`, with the biased
/// variance (Ba et al., 2016).
///
/// Shapes: `x [*, D]`, `weight` and `bias [D] -> [*, D]`, where `D` is `normalizedShape`.
///
/// - Parameters:
///   - normalizedShape: the sizes of the dimensions to normalise over, which must be the last ones of `x`.
///   - weight: the scale of each element. Default: 1.
///   - bias: the shift of each element. Default: 0.
///   - eps: a constant added to the variance. Default: 1e-5.
public func layerNorm(
    _ x: Tensor, _ normalizedShape: [Int], _ weight: Tensor? = nil, _ bias: Tensor? = nil, eps: Double = 1e-5
) -> Tensor {
    orFail(like: x) { () throws(TensorError) in
        if let placeholder = [x, weight, bias].compactMap({ $0 }).first(where: \.isPlaceholder) { return placeholder }
        guard !normalizedShape.isEmpty, x.rank >= normalizedShape.count,
            Array(x.shape.suffix(normalizedShape.count)) == normalizedShape
        else {
            throw TensorError(
                .shape, in: LayerNorm.name, "the last sizes of the input are not the normalized shape",
                got: "normalizedShape \(normalizedShape)",
                expected: "an input of shape [*, "
                    + normalizedShape.map(String.init).joined(separator: ", ") + "]", operands: [x])
        }
        var operands = Few(x)
        for (name, parameter) in [("weight", weight), ("bias", bias)] {
            guard let parameter else { continue }
            guard parameter.shape == normalizedShape else {
                throw TensorError(
                    .shape, in: LayerNorm.name, "the \(name) does not have the normalized shape",
                    expected: "\(normalizedShape)", operands: [x, parameter])
            }
            operands.append(parameter)
        }
        let primitive = LayerNorm(
            dims: normalizedShape.count, epsilon: eps, hasWeight: weight != nil, hasBias: bias != nil)
        return applyFirst(primitive, operands)
    }
}
