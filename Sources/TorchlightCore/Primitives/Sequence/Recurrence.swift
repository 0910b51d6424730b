import CKernels

/// One direction of one recurrent layer over all steps of a batch of sequences.
///
/// With `a = inputs[t] + W h` in the rows of step `t`, `h` and `c` the state before it:
///
///     tanh, relu   h = f(a)
///     lstm         i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o);  c = f c + i g;  h = o tanh(c)
///     gru          r, z = sigmoid(a_r), sigmoid(a_z) with a = inputs[t] + W h + b
///                  n = tanh(inputs_n + r (W_n h + b_n));  h = (1 - z) n + z h
///
/// and, with a projection, `h = R h` at the end of each step of an LSTM. The products with the
/// input, `x W_i^T + b`, are computed for all steps at once, so that a step is one product with `W` and the cell.
///
/// Shapes: `inputs [rows, G H]`, `weight [G H, P]`, `h0 [batch, P]`, then `c0 [batch, H]` of an LSTM, `bias [3 H]` of a
/// GRU, `projection [P, H]` if any `-> y [rows, P], hn [batch, P]`, `cn [batch, H]` of an LSTM; and where gradients
/// will be computed for, gates `[rows, 4 H]` of LSTM and GRU, cells `[rows, H]` of an LSTM. Dtypes: float32 or float64,
/// all the same.
///
/// The gradient of all steps is computed by one kernel; those of the weights are one product over all rows.
package struct Recurrence: Primitive {
    package static let name = "recurrence"

    /// The computation of a step.
    package enum Cell: Int32, Sendable, Hashable, Codable {
        case tanh, relu, lstm, gru

        /// The number of gates.
        package var gates: Int {
            switch self {
            case .tanh, .relu: 1
            case .lstm: 4
            case .gru: 3
            }
        }
    }

    package var cell: Cell
    package var steps: SequenceSteps
    /// From the last step to the first.
    package var isReversed = false
    package var hasProjection = false
    /// Whether the results that only the gradient reads are computed.
    package var keepsGates = false

    /// The inputs after `h0`.
    func cellState<Operand>(_ inputs: some RandomAccessCollection<Operand>) -> Operand? {
        cell == .lstm ? inputs.dropFirst(3).first : nil
    }
    func bias<Operand>(_ inputs: some RandomAccessCollection<Operand>) -> Operand? {
        cell == .gru ? inputs.dropFirst(3).first : nil
    }
    func projection<Operand>(_ inputs: some RandomAccessCollection<Operand>) -> Operand? {
        hasProjection ? inputs.dropFirst(4).first : nil
    }
    fileprivate var inputCount: Int { (cell == .lstm || cell == .gru ? 4 : 3) + (hasProjection ? 1 : 0) }
    /// The number of results that the public functions use.
    package var stateCount: Int { cell == .lstm ? 3 : 2 }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, weight, h0) = (inputs[0], inputs[1], inputs[2])
        guard x.dtype == .float32 || x.dtype == .float64 else {
            throw .dtype(Self.name, [x], expected: "float32 or float64")
        }
        guard x.rank == 2, weight.rank == 2, h0.rank == 2, inputs.count == inputCount, !hasProjection || cell == .lstm
        else {
            throw mismatch(inputs)
        }
        let width = cell.gates
        guard weight.layout.shape[0] % width == 0, x.layout.shape[1] == weight.layout.shape[0],
            x.layout.shape[0] == steps.rows
        else { throw mismatch(inputs) }
        let (hidden, out, batch) = (weight.layout.shape[0] / width, weight.layout.shape[1], steps.batch)
        guard h0.layout.shape == [batch, out], hasProjection || hidden == out,
            cellState(inputs)?.layout.shape ?? [batch, hidden] == [batch, hidden],
            bias(inputs)?.layout.shape ?? [3 *| hidden] == [3 *| hidden],
            projection(inputs)?.layout.shape ?? [out, hidden] == [out, hidden]
        else { throw mismatch(inputs) }
        for input in inputs where input.dtype != x.dtype {
            throw TensorError(
                .dtype, in: Self.name, "the operands have several dtypes", expected: "one dtype",
                operands: Array(inputs))
        }
        let (rows, dtype) = (x.layout.shape[0], x.dtype)
        var specs = Few(ResultSpec(Dims(rows, out), dtype), ResultSpec(Dims(batch, out), dtype))
        if cell == .lstm { specs.append(ResultSpec(Dims(batch, hidden), dtype)) }
        if keepsGates && (cell == .lstm || cell == .gru) { specs.append(ResultSpec(Dims(rows, 4 *| hidden), dtype)) }
        if keepsGates && cell == .lstm { specs.append(ResultSpec(Dims(rows, hidden), dtype)) }
        return specs
    }

    private func mismatch(_ inputs: Specs) -> TensorError {
        TensorError(
            .shape, in: Self.name, "the operands do not fit one another",
            expected:
                "\(quantity(steps.rows, "row")) of \(cell.gates) gates, and states of \(quantity(steps.batch, "row"))",
            operands: Array(inputs))
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        var arrays = Self.arrays(self, inputs)
        arrays.y = outputs[0].data
        arrays.hn = outputs[1].data
        if cell == .lstm { arrays.cn = outputs[2].data }
        if keepsGates && stateCount < outputs.count { arrays.gates = outputs[stateCount].data }
        if keepsGates && cell == .lstm { arrays.cells = outputs[4].data }
        let status = withParameters(inputs[1]) { tl_recurrence($0, &arrays) }
        try Self.check(status)
    }

    fileprivate static func check(_ status: Int32) throws(TensorError) {
        guard status == 0 else { throw TensorError(.outOfMemory, in: name, "there is no memory for packed weights") }
    }

    fileprivate static func arrays(_ rule: Recurrence, _ inputs: Few<Tensor>) -> tl_recurrence_arrays {
        var arrays = tl_recurrence_arrays()
        arrays.inputs = UnsafeRawPointer(inputs[0].data)
        arrays.weight = UnsafeRawPointer(inputs[1].data)
        arrays.h0 = UnsafeRawPointer(inputs[2].data)
        arrays.c0 = rule.cellState(inputs).map { UnsafeRawPointer($0.data) }
        arrays.bias = rule.bias(inputs).map { UnsafeRawPointer($0.data) }
        arrays.project = rule.projection(inputs).map { UnsafeRawPointer($0.data) }
        return arrays
    }

    /// Passes the sizes to the kernel; those of the cell are sizes of the weight.
    fileprivate func withParameters<R>(_ weight: Tensor, _ body: (UnsafePointer<tl_recurrence_params>) -> R) -> R {
        steps.starts.withUnsafeBytes { starts in
            steps.sizes.withUnsafeBytes { sizes in
                var parameters = tl_recurrence_params()
                parameters.cell = cell.rawValue
                parameters.dtype = weight.dtype.rawValue
                parameters.hidden = Int64(weight.layout.shape[0] / cell.gates)
                parameters.projected = hasProjection ? Int64(weight.layout.shape[1]) : 0
                parameters.steps = Int64(steps.starts.count)
                parameters.batch = Int64(steps.batch)
                parameters.row_step = Int64(steps.rowStep)
                parameters.starts = starts.bindMemory(to: Int64.self).baseAddress
                parameters.sizes = sizes.bindMemory(to: Int64.self).baseAddress
                parameters.reverse = isReversed
                parameters.device = weight.device.kernelCode
                return body(&parameters)
            }
        }
    }

    package var differentiability: Differentiability { .differentiable }

    package func saved(for needs: Needs) -> Saved {
        var saved: Saved = .output(0)
        for i in 0..<inputCount { saved.insert(.input(i)) }
        if cell == .lstm || cell == .gru { saved.insert(.output(stateCount)) }
        if cell == .lstm { saved.insert(.output(4)) }
        return saved
    }

    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> {
        guard keepsGates || cell == .tanh || cell == .relu else {
            throw TensorError(.autograd, in: Self.name, "the gates were not saved, and a gradient is required")
        }
        var operands = Few<Tensor>()
        for i in 0..<inputCount { operands.append(context.input(i)) }
        operands.append(context.output(0))
        if cell == .lstm || cell == .gru { operands.append(context.output(stateCount)) }
        if cell == .lstm { operands.append(context.output(4)) }
        var arrived: [Bool] = []
        for i in 0..<stateCount {
            arrived.append(context.gradients[i] != nil)
            if let gradient = context.gradients[i] { operands.append(gradient) }
        }
        let backward = RecurrenceBackward(forward: self, arrived: arrived)
        let results = applyAll(backward, operands, count: backward.resultCount)
        return weightGradients(context, results)
    }

    /// The gradients of the weights are products over all rows of the results of the backward kernel.
    private func weightGradients(_ context: GradientContext, _ results: Few<Tensor>) -> Few<Tensor?> {
        let hidden = cell == .gru ? results[4] : results[0]
        var gradients = Few<Tensor?>(results[0], nil, results[2])
        if context.needs[1] { gradients[1] = apply(MatMul(transposeA: true), hidden, results[1]) }
        if cell == .lstm { gradients.append(results[3]) }
        if cell == .gru { gradients.append(context.needs[3] ? hidden.sum(dim: 0) : nil) }
        if hasProjection {
            gradients.append(context.needs[4] ? apply(MatMul(transposeA: true), results[5], results[4]) : nil)
        }
        return gradients
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let unrolled = UnrolledRecurrence(self, inputs)
        var results = Few(unrolled.rows(unrolled.y, width: inputs[2].layout.shape[1]), unrolled.h)
        if let c = unrolled.c { results.append(c) }
        let hidden = inputs[1].layout.shape[0] / cell.gates
        if keepsGates && (cell == .lstm || cell == .gru) {
            results.append(unrolled.rows(unrolled.gates, width: 4 * hidden))
        }
        if keepsGates && cell == .lstm { results.append(unrolled.rows(unrolled.cells, width: hidden)) }
        return results
    }

    /// Of the products with the hidden state; the product with the input is a separate call.
    package func multiplyAdds(_ inputs: Specs) -> Int {
        steps.rows *| (inputs[1].count + (hasProjection ? inputs[4].count : 0))
    }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// The gradients of `Recurrence`, computed from the last step to the first.
///
/// Operands: its inputs, `y`, gates and cells if the cell has them, and the gradients of `y`, `hn` and `cn` that
/// exist. Results: the gradient of the products with the input, the hidden states before the steps, and the gradient of
/// `h0`; for an LSTM also that of `c0`, and with a projection its inputs and the gradients of its outputs; for a GRU an
/// empty `c0` and the gradient of the products with the hidden state.
package struct RecurrenceBackward: Primitive {
    package static let name = "recurrenceBackward"
    package var forward: Recurrence
    package var arrived: [Bool]

    package var resultCount: Int {
        switch forward.cell {
        case .tanh, .relu: 3
        case .lstm: forward.hasProjection ? 6 : 4
        case .gru: 5
        }
    }

    package func infer(_ inputs: Specs) throws(TensorError) -> Few<ResultSpec> {
        let (x, weight) = (inputs[0], inputs[1])
        let count = forward.inputCount, isGated = forward.cell == .lstm || forward.cell == .gru
        guard
            inputs.count == count + (isGated ? 2 : 1) + (forward.cell == .lstm ? 1 : 0) + arrived.count(where: \.self),
            arrived.count == forward.stateCount
        else {
            throw TensorError(
                .shape, in: Self.name, "the operands are not those of the forward pass", got: "\(inputs.count)",
                expected: "its operands, its results and their gradients", operands: Array(inputs))
        }
        var kept = forward
        kept.keepsGates = true
        let results = try kept.infer(Specs(Array(inputs.prefix(count))))
        var expected = [results[0]]
        if isGated { expected.append(results[forward.stateCount]) }
        if forward.cell == .lstm { expected.append(results[4]) }
        for (state, hasArrived) in arrived.enumerated() where hasArrived { expected.append(results[state]) }
        for (number, result) in expected.enumerated() {
            try checkOperand(inputs[count + number], is: result.shape, result.dtype, in: Self.name)
        }
        let (rows, batch) = (x.layout.shape[0], forward.steps.batch)
        let (hidden, out) = (weight.layout.shape[0] / forward.cell.gates, weight.layout.shape[1])
        func spec(_ a: Int, _ b: Int) -> ResultSpec { ResultSpec(Dims(a, b), x.dtype) }
        var specs = Few(ResultSpec(x.layout.shape, x.dtype), spec(rows, out), spec(batch, out))
        if forward.cell == .lstm { specs.append(spec(batch, hidden)) }
        if forward.hasProjection {
            specs.append(spec(rows, hidden))
            specs.append(spec(rows, out))
        }
        if forward.cell == .gru {
            specs.append(spec(0, hidden))
            specs.append(ResultSpec(x.layout.shape, x.dtype))
        }
        return specs
    }

    package func accepts(_ layout: Layout, ofOperand index: Int) -> Bool { false }

    package func run(_ inputs: Few<Tensor>, into outputs: Few<Tensor>) throws(TensorError) {
        var arrays = Recurrence.arrays(forward, inputs)
        var next = forward.inputCount
        func take() -> Tensor {
            next += 1
            return inputs[next - 1]
        }
        arrays.y = take().data
        if forward.cell == .lstm || forward.cell == .gru { arrays.gates = take().data }
        if forward.cell == .lstm { arrays.cells = take().data }
        var gradients = tl_recurrence_gradients()
        if arrived[0] { gradients.grad_y = UnsafeRawPointer(take().data) }
        if arrived[1] { gradients.grad_hn = UnsafeRawPointer(take().data) }
        if arrived.count > 2 && arrived[2] { gradients.grad_cn = UnsafeRawPointer(take().data) }
        gradients.inputs = outputs[0].data
        gradients.previous = outputs[1].data
        gradients.h0 = outputs[2].data
        if forward.cell == .lstm { gradients.c0 = outputs[3].data }
        if forward.cell == .gru { gradients.hidden = outputs[4].data }
        if forward.hasProjection {
            gradients.full = outputs[4].data
            gradients.projected = outputs[5].data
        }
        let status = forward.withParameters(inputs[1]) { tl_recurrence_backward($0, &arrays, &gradients) }
        try Recurrence.check(status)
    }

    package func decomposed(_ inputs: Few<Tensor>) throws(TensorError) -> Few<Tensor>? {
        let count = forward.inputCount
        var operands = Few<Tensor>()
        for i in 0..<count { operands.append(inputs[i]) }
        // The gradients are the last operands.
        var next = inputs.count - arrived.count(where: { $0 })
        let seeds = arrived.map { isThere -> Tensor? in
            defer { if isThere { next += 1 } }
            return isThere ? inputs[next] : nil
        }
        var unrolled: UnrolledRecurrence?
        let gradients = try gradientsThroughComposition(of: operands, seeds: seeds) { operands throws(TensorError) in
            let steps = UnrolledRecurrence(forward, operands)
            unrolled = steps
            let y = steps.rows(steps.y, width: operands[2].layout.shape[1])
            return ([y, steps.h] + (steps.c.map { [$0] } ?? []), steps.shares + steps.projected)
        }
        let steps = unrolled!
        let (width, hidden) = (inputs[2].layout.shape[1], inputs[1].layout.shape[0] / forward.cell.gates)
        var results = Few(gradients[0], steps.rows(steps.previous, width: width), gradients[2])
        let inner = gradients.dropFirst(count)
        switch forward.cell {
        case .tanh, .relu: break
        case .lstm:
            results.append(gradients[3])
            if forward.hasProjection {
                results.append(steps.rows(steps.full, width: hidden))
                results.append(steps.rows(Array(inner), width: width))
            }
        case .gru:
            results.append(inputs[2].narrow(0, start: 0, length: 0))
            results.append(steps.rows(Array(inner), width: 3 * hidden))
        }
        return results
    }

    package var differentiability: Differentiability { .throughDecomposition }
    package func saved(for needs: Needs) -> Saved { .none }
    package func gradient(_ context: GradientContext) throws(TensorError) -> Few<Tensor?> { [nil] }

    package func batched(_ operands: BatchedOperands) throws(TensorError) -> Few<Tensor>? { nil }

    package var effects: Effects { .pure }
    package var fusion: FusionClass { .opaque }
    package var algebra: Algebra { .other }
}

/// One direction of a recurrent layer: its results `y`, `hn` and of an LSTM `cn`. Half types compute in float32.
///
/// Inside `autocast { }`, the products with the input have the low precision. The weights are then rounded to it, and
/// the results have it too. As in PyTorch, the states of gated units, projected LSTMs and single steps keep their
/// dtype, and results of products do not.
package func recurrence(
    _ cell: Recurrence.Cell, _ steps: SequenceSteps, inputs: Tensor, weight: Tensor, h0: Tensor, c0: Tensor? = nil,
    bias: Tensor? = nil, projection: Tensor? = nil, isReversed: Bool = false, isSingleStep: Bool = false
) -> [Tensor] {
    if let low = autocastDType, inputs.dtype == low {
        let keepsState = cell == .gru || cell == .lstm && (isSingleStep || projection != nil)
        let state = keepsState ? DType.promote(low, (c0 ?? h0).dtype) : low
        let results = inLowPrecision {
            recurrence(
                cell, steps, inputs: $0(inputs), weight: $0(weight), h0: keepsState ? h0 : $0(h0),
                c0: keepsState ? c0 : c0.map($0), bias: bias.map($0), projection: projection.map($0),
                isReversed: isReversed, resultDType: state)
        }
        guard projection != nil, !results[0].isPlaceholder else { return results }
        return results.enumerated().map { $0 < 2 ? $1.to(low) : $1 }
    }
    return recurrence(
        cell, steps, inputs: inputs, weight: weight, h0: h0, c0: c0, bias: bias, projection: projection,
        isReversed: isReversed, resultDType: inputs.dtype)
}

private func recurrence(
    _ cell: Recurrence.Cell, _ steps: SequenceSteps, inputs: Tensor, weight: Tensor, h0: Tensor, c0: Tensor?,
    bias: Tensor?, projection: Tensor?, isReversed: Bool, resultDType: DType
) -> [Tensor] {
    var operands = Few(inputs, weight, h0)
    for operand in [c0, bias, projection] { if let operand { operands.append(operand) } }
    for operand in operands where operand.isPlaceholder { return [operand, operand, operand] }
    let dtype = inputs.dtype
    let isHalf = dtype == .float16 || dtype == .bfloat16
    if isHalf { for i in 0..<operands.count { operands[i] = operands[i].to(.float32) } }
    let keeps = isGradEnabled && operands.contains { $0.requiresGrad }
    let rule = Recurrence(
        cell: cell, steps: steps, isReversed: isReversed, hasProjection: projection != nil, keepsGates: keeps)
    let count = rule.stateCount + (keeps ? (cell == .lstm ? 2 : cell == .gru ? 1 : 0) : 0)
    let results = applyAll(rule, operands, count: count)
    return (0..<rule.stateCount).map { isHalf ? results[$0].to(resultDType) : results[$0] }
}
