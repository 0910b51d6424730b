import TorchlightCore

func registerRecurrent(in table: inout OperatorTable) {
    table.add("LSTM", 3...8) { try recurrent($0, .lstm, ["Sigmoid", "Tanh", "Tanh"], lstmStep) }
    table.add("GRU", 3...6) { try recurrent($0, .gru, ["Sigmoid", "Tanh"], gruStep) }
    table.add("RNN", 3...6) { try recurrent($0, .tanh, ["Tanh"], rnnStep) }
}

/// The weights and settings of one direction.
private struct Direction {
    let recurrence: Tensor
    /// The sum of the biases of the input and of the recurrence.
    let bias: Tensor
    let peephole: Tensor?
    let hiddenSize: Int
    let activations: [@Sendable (Tensor) -> Tensor]
    let clip: Double
    let linearBeforeReset: Bool
    let isCoupled: Bool

    func clipped(_ x: Tensor) -> Tensor { clip > 0 ? x.clamp(min: -clip, max: clip) : x }
}

/// The hidden state, and the cell state of an LSTM.
private struct RecurrentState {
    var hidden: Tensor
    var cell: Tensor?
}

private typealias Step = @Sendable (Direction, Tensor, RecurrentState) -> RecurrentState

@Sendable private func rnnStep(_ layer: Direction, _ input: Tensor, _ state: RecurrentState) -> RecurrentState {
    let sum = input + state.hidden.matmul(layer.recurrence.t()) + layer.bias
    return RecurrentState(hidden: layer.activations[0](layer.clipped(sum)))
}

@Sendable private func gruStep(_ layer: Direction, _ input: Tensor, _ state: RecurrentState) -> RecurrentState {
    let n = layer.hiddenSize
    let gates = input.split(n, dim: 1)
    let (weights, biases) = (layer.recurrence.split(n, dim: 0), layer.bias.split(n, dim: 0))
    let update = layer.activations[0](
        layer.clipped(gates[0] + state.hidden.matmul(weights[0].t()) + biases[0]))
    let reset = layer.activations[0](
        layer.clipped(gates[1] + state.hidden.matmul(weights[1].t()) + biases[1]))
    let inner =
        layer.linearBeforeReset
        ? reset * (state.hidden.matmul(weights[2].t()) + biases[2])
        : (reset * state.hidden).matmul(weights[2].t()) + biases[2]
    let candidate = layer.activations[1](layer.clipped(gates[2] + inner))
    return RecurrentState(hidden: (1 - update) * candidate + update * state.hidden)
}

@Sendable private func lstmStep(_ layer: Direction, _ input: Tensor, _ state: RecurrentState) -> RecurrentState {
    guard let cell = state.cell else { return state }
    // The gates are ordered input, output, forget, cell; the peepholes input, output, forget.
    let gates = (input + state.hidden.matmul(layer.recurrence.t()) + layer.bias).split(layer.hiddenSize, dim: 1)
    let peepholes = layer.peephole?.split(layer.hiddenSize, dim: 0)
    func gate(_ index: Int, _ peephole: Int, _ cell: Tensor) -> Tensor {
        layer.activations[0](layer.clipped(peepholes.map { gates[index] + $0[peephole] * cell } ?? gates[index]))
    }
    let entering = gate(0, 0, cell)
    let forget = layer.isCoupled ? 1 - entering : gate(2, 2, cell)
    let candidate = layer.activations[1](layer.clipped(gates[3]))
    let next = forget * cell + entering * candidate
    return RecurrentState(hidden: gate(1, 1, next) * layer.activations[2](next), cell: next)
}

private func activation(_ name: String, _ alpha: Double?, _ beta: Double?) throws -> @Sendable (Tensor) -> Tensor {
    switch name.lowercased() {
    case "sigmoid": return { $0.sigmoid() }
    case "tanh": return { $0.tanh() }
    case "relu": return { $0.relu() }
    case "affine": return { $0 * (alpha ?? 1) + (beta ?? 0) }
    case "leakyrelu": return { $0.leakyRelu(negativeSlope: alpha ?? 0.01) }
    case "thresholdedrelu": return { Tensor.where($0 > (alpha ?? 1), $0, Tensor.zeros(like: $0)) }
    case "scaledtanh": return { ($0 * (beta ?? 1)).tanh() * (alpha ?? 1) }
    case "hardsigmoid": return { ($0 * (alpha ?? 0.2) + (beta ?? 0.5)).clamp(min: 0.0, max: 1.0) }
    case "elu": return { $0.elu(alpha: alpha ?? 1) }
    case "softsign": return { $0.softsign() }
    case "softplus": return { $0.softplus() }
    default:
        throw Problem("the activation \(quoted(name))", expected: "one that the standard lists", kind: .unsupported)
    }
}

/// The recurrent cell of Torchlight with these activations; nil if there is none.
private func fusedCell(_ cell: Recurrence.Cell, _ activations: [String], _ standard: [String]) -> Recurrence.Cell? {
    let names = activations.map { $0.lowercased() }
    if names == standard.map({ $0.lowercased() }) { return cell }
    return cell == .tanh && names == ["relu"] ? .relu : nil
}

/// One direction, computed by the recurrence primitive.
private struct FusedLayer {
    let cell: Recurrence.Cell
    let weight: Tensor
    let recurrence: Tensor
    let inputBias: Tensor
    let bias: Tensor
    let isReversed: Bool
    let isBatchFirst: Bool

    /// The order of the gates in Torchlight, as indices into that of the standard: input, output, forget, cell for
    /// LSTM; update, reset, candidate for GRU.
    private var gateOrder: [Int] {
        switch cell {
        case .lstm: [0, 2, 3, 1]
        case .gru: [1, 0, 2]
        case .tanh, .relu: [0]
        }
    }

    private func ordered(_ gates: Tensor) -> Tensor {
        guard cell.gates > 1 else { return gates }
        let parts = gates.split(gates.shape[0] / cell.gates, dim: 0)
        return cat(gateOrder.map { parts[$0] }, dim: 0)
    }

    /// Returns `[steps, batch, hidden]` and the last state, for `x [steps, batch, features]` or
    /// `[batch, steps, features]`.
    func callAsFunction(_ x: Tensor, _ initial: RecurrentState) -> (Tensor, RecurrentState) {
        let (steps, batch) = isBatchFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
        let shares = linear(
            x.reshape([steps * batch, x.shape[2]]), ordered(weight),
            bias: ordered(cell == .gru ? inputBias : inputBias + bias))
        let results = TorchlightCore.recurrence(
            cell, SequenceSteps(steps: steps, batch: batch, batchFirst: isBatchFirst), inputs: shares,
            weight: ordered(recurrence), h0: initial.hidden, c0: initial.cell,
            bias: cell == .gru ? ordered(bias) : nil, isReversed: isReversed)
        let y = results[0].reshape(isBatchFirst ? [batch, steps, -1] : [steps, batch, -1])
        let final = RecurrentState(hidden: results[1], cell: cell == .lstm ? results[2] : nil)
        return (isBatchFirst ? y.transpose(0, 1) : y, final)
    }
}

private func recurrent(
    _ call: Call, _ cell: Recurrence.Cell, _ standard: [String], _ step: @escaping Step
) throws -> [ONNXValue] {
    let gates = cell.gates
    let isBatchFirst = try call.flag("layout")
    let given = try call.tensor(0)
    let x = isBatchFirst ? given.transpose(0, 1) : given
    let (w, r) = (try call.tensor(1), try call.tensor(2))
    guard x.rank == 3, w.rank == 3, r.rank == 3 else {
        throw Problem(
            "an input of shape \(x.shape) with weights of shapes \(w.shape) and \(r.shape)", expected: "3 dimensions")
    }
    let (steps, batch, hidden) = (x.shape[0], x.shape[1], r.shape[2])
    let direction = try call.choice("direction", "forward", of: ["forward", "reverse", "bidirectional"])
    let count = direction == "bidirectional" ? 2 : 1
    guard w.shape == [count, gates * hidden, x.shape[2]], r.shape == [count, gates * hidden, hidden] else {
        throw Problem("weights of shapes \(w.shape) and \(r.shape) for an input of shape \(x.shape)")
    }
    let lengths = try call.optionalIntegers(4)
    if let lengths, lengths.count != batch || !lengths.allSatisfy({ (0...steps).contains($0) }) {
        throw Problem(
            "the lengths \(lengths.prefix(8)) of \(quantity(batch, "sequence")) of \(quantity(steps, "step"))")
    }
    func initial(_ index: Int) throws -> Tensor {
        guard let state = try call.optional(index) else { return Tensor.zeros([count, batch, hidden], dtype: x.dtype) }
        let ordered = isBatchFirst ? state.transpose(0, 1) : state
        guard ordered.shape == [count, batch, hidden] else { throw Problem("a state of shape \(state.shape)") }
        return ordered
    }
    let (h, c) = (try initial(5), gates == 4 ? try initial(6) : nil)
    let bias = try call.optional(3) ?? Tensor.zeros([count, 2 * gates * hidden], dtype: x.dtype)
    let names = try call.strings("activations") ?? []
    let (alphas, betas) = (try call.floats("activation_alpha") ?? [], try call.floats("activation_beta") ?? [])
    var outputs: [Tensor] = []
    var finals: [RecurrentState] = []
    // Layers that the recurrence primitive supports are computed by it.
    let isPlain =
        try call.optional(7) == nil && call.float("clip", 0) <= 0 && !call.flag("input_forget")
        && (cell != .gru || call.flag("linear_before_reset")) && steps > 0 && batch > 0
        && lengths?.allSatisfy { $0 == steps } ?? true
    for index in 0..<count {
        let positions = standard.indices.map { index * standard.count + $0 }
        let own = positions.map { $0 < names.count ? names[$0] : standard[$0 % standard.count] }
        let biases = bias.select(0, index).split(gates * hidden, dim: 0)
        let isReverse = direction == "reverse" || index == 1
        if isPlain, let cell = fusedCell(cell, own, standard) {
            let layer = FusedLayer(
                cell: cell, weight: w.select(0, index), recurrence: r.select(0, index), inputBias: biases[0],
                bias: biases[1], isReversed: isReverse, isBatchFirst: isBatchFirst)
            let (y, final) = layer(given, RecurrentState(hidden: h.select(0, index), cell: c?.select(0, index)))
            outputs.append(y)
            finals.append(final)
            continue
        }
        let activations = try positions.enumerated().map { part, position in
            try activation(
                own[part], position < alphas.count ? Double(alphas[position]) : nil,
                position < betas.count ? Double(betas[position]) : nil)
        }
        let layer = Direction(
            recurrence: r.select(0, index), bias: biases[1],
            peephole: gates == 4 ? try call.optional(7)?.select(0, index) : nil, hiddenSize: hidden,
            activations: activations, clip: try call.float("clip", 0),
            linearBeforeReset: try call.flag("linear_before_reset"), isCoupled: try call.flag("input_forget"))
        let projected = x.matmul(w.select(0, index).t()) + biases[0]
        var state = RecurrentState(hidden: h.select(0, index), cell: c?.select(0, index))
        var results = [Tensor?](repeating: nil, count: steps)
        for number in 0..<steps {
            let time = isReverse ? steps - 1 - number : number
            let next = step(layer, projected.select(0, time), state)
            guard let lengths, lengths.contains(where: { $0 <= time }) else {
                state = next
                results[time] = next.hidden
                continue
            }
            // Sequences that have ended keep their state and give zeros.
            let runs = Tensor(lengths.map { $0 > time }, shape: [batch, 1])
            results[time] = Tensor.where(runs, next.hidden, Tensor.zeros(like: next.hidden))
            state.hidden = Tensor.where(runs, next.hidden, state.hidden)
            if let cell = state.cell, let new = next.cell { state.cell = Tensor.where(runs, new, cell) }
        }
        outputs.append(
            steps == 0 ? Tensor.zeros([0, batch, hidden], dtype: x.dtype) : stack(results.compactMap { $0 }))
        finals.append(state)
    }
    let y = stack(outputs, dim: 1)
    let lastHidden = stack(finals.map(\.hidden))
    let order = isBatchFirst ? y.permute([2, 0, 1, 3]) : y
    var values = one(order) + one(isBatchFirst ? lastHidden.transpose(0, 1) : lastHidden)
    if gates == 4 {
        let cell = stack(finals.compactMap(\.cell))
        values += one(isBatchFirst ? cell.transpose(0, 1) : cell)
    }
    return values
}
