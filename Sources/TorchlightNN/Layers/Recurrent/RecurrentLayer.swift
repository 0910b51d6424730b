import TorchlightCore

/// What RNN, LSTM and GRU share: layers of one or two directions over a batch of sequences, each direction with weights
/// `weight_ih_l0 [G H, in]`, `weight_hh_l0 [G H, H]`, `bias_ih_l0` and `bias_hh_l0 [G H]`, and `weight_hr_l0` of a
/// projection; `_reverse` behind those of the second direction. All start uniform within ±1/√H.
///
/// Shapes: `[T, N, in]`, `[N, T, in]` with `batchFirst`, or `[T, in]` of one sequence; the output has `H` features in each
/// direction, side by side, and a state `[layers · directions, N, H]`.
open class RecurrentLayer: Module {
    /// Elements of a step of the input.
    public final let inputSize: Int
    /// Elements of a state.
    public final let hiddenSize: Int
    /// Layers, one on the other.
    public final let numLayers: Int
    /// Whether the gates have biases.
    public final let hasBias: Bool
    /// Whether the batch is the first dimension.
    public final let batchFirst: Bool
    /// The probability that an element between two layers is dropped in training.
    public final let dropout: Double
    /// Whether each layer also runs from the end to the beginning.
    public final let bidirectional: Bool
    /// Elements of the output where the LSTM projects it, else 0.
    public final let projSize: Int
    /// Where the random numbers of the dropout come from; the default generator where none is given.
    public final var generator: Generator?

    let cell: Recurrence.Cell
    private var weights: OrderedTensors

    override final var inlinesItsList: Bool { true }

    init(
        _ cell: Recurrence.Cell, _ inputSize: Int, _ hiddenSize: Int, numLayers: Int, bias: Bool, batchFirst: Bool,
        dropout: Double, bidirectional: Bool, projSize: Int, dtype: DType, device: Device, generator: Generator
    ) {
        let name = "\(Self.self)"
        if numLayers < 1 || hiddenSize < 1 {
            reportFailure(
                TensorError(
                    .value, in: name, "there is nothing to compute", got: "\(numLayers) layers of \(hiddenSize)",
                    expected: "at least one layer of at least one element"))
        }
        if !(0...1).contains(dropout) {
            reportFailure(
                TensorError(
                    .value, in: name, "the dropout is out of range", got: "\(dropout)",
                    expected: "a number from 0 to 1"))
        }
        if projSize < 0 || projSize >= max(hiddenSize, 1) {
            reportFailure(
                TensorError(
                    .value, in: name, "the projection is not smaller than the state", got: "projSize \(projSize)",
                    expected: "0 for none, or less than \(hiddenSize)"))
        }
        self.cell = cell
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.numLayers = numLayers
        hasBias = bias
        self.batchFirst = batchFirst
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.projSize = projSize
        let bound = hiddenSize > 0 ? 1 / Double(hiddenSize).squareRoot() : 0
        var weights = OrderedTensors()
        func draw(_ name: String, _ shape: [Int]) {
            let tensor = Tensor.empty(shape, dtype: dtype, device: device)
            weights.append(name, Parameter(tensor.uniform_(from: -bound, to: bound, generator: generator)))
        }
        let rows = cell.gates *| hiddenSize
        let out = projSize > 0 ? projSize : hiddenSize
        for layer in 0..<checkedLayerCount(numLayers, in: name) {
            for direction in bidirectional ? ["", "_reverse"] : [""] {
                let suffix = "_l\(layer)\(direction)"
                draw("weight_ih" + suffix, [rows, layer == 0 ? inputSize : out *| (bidirectional ? 2 : 1)])
                draw("weight_hh" + suffix, [rows, out])
                if bias {
                    draw("bias_ih" + suffix, [rows])
                    draw("bias_hh" + suffix, [rows])
                }
                if projSize > 0 { draw("weight_hr" + suffix, [projSize, hiddenSize]) }
            }
        }
        self.weights = weights
        super.init()
    }

    /// The directions of a layer.
    final var directions: Int { bidirectional ? 2 : 1 }
    final var outputSize: Int { projSize > 0 ? projSize : hiddenSize }

    public override var extraDescription: String {
        var text = "\(inputSize), \(hiddenSize)"
        if projSize > 0 { text += ", proj_size=\(projSize)" }
        if numLayers != 1 { text += ", num_layers=\(numLayers)" }
        if !hasBias { text += ", bias=False" }
        if batchFirst { text += ", batch_first=True" }
        if dropout != 0 { text += ", dropout=\(Printed.number(dropout))" }
        if bidirectional { text += ", bidirectional=True" }
        return text
    }

    /// Rows of sequences through all layers.
    ///
    /// - Parameters:
    ///   - rows: `[rows, in]`, placed as `steps` says.
    ///   - states: the initial states `[layers · directions, batch, H]`, or none for zeros; the LSTM has two.
    /// - Returns: `[rows, directions · H]`, and the last states.
    final func run(_ rows: Tensor, _ steps: SequenceSteps, _ states: [Tensor]?) -> (rows: Tensor, states: [Tensor]) {
        var x = rows
        var last: [[Tensor]] = [[], []]
        let tensors = weights.elements
        let perDirection = tensors.count / max(numLayers *| directions, 1)
        guard perDirection > 0 else {
            let error = TensorError(
                .value, in: "\(type(of: self))", "there are no weights: the number of layers was refused",
                got: "\(numLayers) layers", expected: "at least one")
            let placeholder = fail(error, like: rows)
            return (placeholder, [placeholder, placeholder])
        }
        for layer in 0..<numLayers {
            if layer > 0 && dropout > 0 && isTraining {
                x = TorchlightCore.dropout(x, p: dropout, training: true, generator: generator ?? .default)
            }
            var outputs: [Tensor] = []
            for direction in 0..<directions {
                let index = layer * directions + direction
                let own = tensors[(index * perDirection)..<((index + 1) * perDirection)].map(\.tensor)
                let initial = states.map { $0.map { $0.select(0, index) } } ?? zeroStates(steps.batch, like: x)
                let results = layerPass(x, steps, own, initial, isReversed: direction == 1)
                outputs.append(results[0])
                for (i, state) in results.dropFirst().enumerated() { last[i].append(state) }
            }
            x = outputs.count == 1 ? outputs[0] : cat(outputs, dim: 1)
        }
        return (x, last.filter { !$0.isEmpty }.map { stack($0) })
    }

    private func zeroStates(_ batch: Int, like x: Tensor) -> [Tensor] {
        let h = Tensor.zeros([batch, outputSize], dtype: x.dtype, device: x.device)
        return cell == .lstm ? [h, Tensor.zeros([batch, hiddenSize], dtype: x.dtype, device: x.device)] : [h]
    }

    /// One direction of one layer. `own` are its weights in their order.
    private func layerPass(
        _ x: Tensor, _ steps: SequenceSteps, _ own: [Tensor], _ initial: [Tensor], isReversed: Bool
    ) -> [Tensor] {
        let (input, hidden) = (own[0], own[1])
        let projection = projSize > 0 ? own[own.count - 1] : nil
        // The input's share of all steps in one product. Both biases are in it, but for the gated unit, whose hidden
        // bias stands inside a product of its own.
        var bias: Tensor?
        var gated: Tensor?
        if cell == .gru {
            bias = hasBias ? own[2] : nil
            gated = hasBias ? own[3] : Tensor.zeros([hidden.shape[0]], dtype: x.dtype, device: x.device)
        } else if hasBias {
            bias = own[2] + own[3]
        }
        return recurrence(
            cell, steps, inputs: linear(x, input, bias), weight: hidden, h0: initial[0],
            c0: initial.count > 1 ? initial[1] : nil, bias: gated, projection: projection, isReversed: isReversed)
    }

    /// A padded batch, or one sequence, through all layers.
    final func forward(_ x: Tensor, _ states: [Tensor]?) -> (output: Tensor, states: [Tensor]) {
        if let placeholder = ([x] + (states ?? [])).first(where: \.isPlaceholder) {
            return (placeholder, [placeholder, placeholder])
        }
        let name = "\(type(of: self))"
        guard x.rank == 2 || x.rank == 3, x.shape.last == inputSize else {
            let expected = batchFirst ? "[N, T, \(inputSize)]" : "[T, N, \(inputSize)]"
            let placeholder = fail(
                TensorError(
                    .shape, in: name, "the input does not fit the layer",
                    expected: "\(expected), or [T, \(inputSize)] for one sequence", operands: [x]), like: x)
            return (placeholder, [placeholder, placeholder])
        }
        let isBatched = x.rank == 3
        let batchDim = batchFirst ? 0 : 1
        let whole = isBatched ? x : x.unsqueeze(batchDim)
        let (batch, length) = (whole.shape[batchDim], whole.shape[1 - batchDim])
        guard length > 0 else {
            let placeholder = fail(
                TensorError(
                    .shape, in: name, "the sequence has no steps", expected: "at least one", operands: [x]), like: x)
            return (placeholder, [placeholder, placeholder])
        }
        if let error = stateError(name, states, isBatched ? [batch] : []) {
            let placeholder = fail(error, like: x)
            return (placeholder, [placeholder, placeholder])
        }
        let steps = SequenceSteps(steps: length, batch: batch, batchFirst: batchFirst)
        let initial = isBatched ? states : states.map { $0.map { $0.unsqueeze(1) } }
        let (rows, last) = run(whole.reshape([batch * length, inputSize]), steps, initial)
        var sizes = [whole.shape[0], whole.shape[1]]
        if !isBatched { sizes.remove(at: batchDim) }
        return (rows.reshape(sizes + [outputSize *| directions]), isBatched ? last : last.map { $0.squeeze(1) })
    }

    /// Sequences of several lengths through all layers.
    final func forward(_ x: PackedSequence, _ states: [Tensor]?) -> (output: PackedSequence, states: [Tensor]) {
        if let placeholder = ([x.data] + (states ?? [])).first(where: \.isPlaceholder) {
            return (PackedSequence(data: placeholder, batchSizes: []), [placeholder, placeholder])
        }
        let name = "\(type(of: self))"
        let steps = SequenceSteps(sizes: x.batchSizes)
        guard x.data.rank == 2, x.data.shape[1] == inputSize, x.data.shape[0] == steps.rows, steps.rows > 0 else {
            let placeholder = fail(
                TensorError(
                    .shape, in: name, "the packed sequence does not fit the layer",
                    expected: "[\(steps.rows), \(inputSize)]", operands: [x.data]), like: x.data)
            return (PackedSequence(data: placeholder, batchSizes: []), [placeholder, placeholder])
        }
        if let error = stateError(name, states, [steps.batch]) {
            let placeholder = fail(error, like: x.data)
            return (PackedSequence(data: placeholder, batchSizes: []), [placeholder, placeholder])
        }
        func ordered(_ states: [Tensor], _ places: [Int]?) -> [Tensor] {
            guard let places else { return states }
            let index = Tensor(places, shape: [places.count])
            return states.map { $0.indexSelect(1, index) }
        }
        let (rows, last) = run(x.data, steps, states.map { ordered($0, x.sortedIndices) })
        let output = PackedSequence(data: rows, batchSizes: x.batchSizes, sortedIndices: x.sortedIndices)
        return (output, ordered(last, x.unsortedIndices))
    }

    private func stateError(_ name: String, _ states: [Tensor]?, _ batch: [Int]) -> TensorError? {
        for (i, state) in (states ?? []).enumerated() {
            let expected = [numLayers *| directions] + batch + [i == 0 ? outputSize : hiddenSize]
            if state.shape != expected {
                return TensorError(
                    .shape, in: name, "the initial state does not fit the layer and the batch",
                    expected: "\(expected)", operands: [state])
            }
        }
        return nil
    }
}
