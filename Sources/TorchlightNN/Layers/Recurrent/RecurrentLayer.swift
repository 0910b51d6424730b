import TorchlightCore

/// Base class of the recurrent layers ``RNN``, ``GRU`` and ``LSTM``.
///
/// Shapes, for T steps, N sequences, input size `in`, hidden size H and D directions (2 if `bidirectional`, else 1): input
/// `[T, N, in]`, or `[N, T, in]` with `batchFirst`, or `[T, in]` for a single sequence; output `[T, N, D H]`, with the outputs
/// of both directions concatenated; hidden state `[numLayers D, N, H]`. A ``PackedSequence`` gives a packed output. With
/// `projSize`, the hidden state and the outputs of each direction have `projSize` features instead of H.
///
/// Learnable parameters of layer k with G gates (1 in ``RNN``, 3 in ``GRU``, 4 in ``LSTM``): `weight_ih_lk` `[G H, in]`
/// (`[G H, D H]` for k > 0), `weight_hh_lk` `[G H, H]`, `bias_ih_lk` and `bias_hh_lk` `[G H]`. With `projSize` there is also
/// `weight_hr_lk` `[projSize, H]`, and `weight_ih_lk` for k > 0 and `weight_hh_lk` have `projSize` in place of the last H. The
/// parameters of the reverse direction have the suffix `_reverse`. All are initialised uniformly from −1/√H to 1/√H.
open class RecurrentLayer: Module {
    /// The number of input features.
    public final let inputSize: Int
    /// The number of features H of the hidden state.
    public final let hiddenSize: Int
    /// The number of stacked layers. Default: 1.
    public final let numLayers: Int
    /// Whether the layers have biases. Default: true.
    public final let hasBias: Bool
    /// Whether the batch dimension of input and output is the first dimension. The hidden state is not affected. Default:
    /// false.
    public final let batchFirst: Bool
    /// The dropout probability of the outputs of all layers except the last, in training mode. Default: 0.
    public final let dropout: Double
    /// Whether each layer also processes the sequence in reverse. Default: false.
    public final let bidirectional: Bool
    /// The size of the projected hidden state of an LSTM; 0 for no projection. Default: 0.
    public final let projSize: Int
    /// The generator of the random numbers of dropout; nil for the default generator.
    public final var generator: Generator?

    let cell: Recurrence.Cell
    private var weights: OrderedTensors

    override final var inlinesItsList: Bool { true }
    override final var listedTensors: OrderedTensors {
        get { weights }
        set { weights = newValue }
    }

    init(
        _ cell: Recurrence.Cell, _ inputSize: Int, _ hiddenSize: Int, numLayers: Int, bias: Bool, batchFirst: Bool,
        dropout: Double, bidirectional: Bool, projSize: Int, dtype: DType, device: Device, generator: Generator
    ) {
        let name = "\(Self.self)"
        if numLayers < 1 || hiddenSize < 1 {
            reportFailure(
                TensorError(
                    .value, in: name, "numLayers and hiddenSize must be positive",
                    got: "\(quantity(numLayers, "layer")) of hidden size \(hiddenSize)",
                    expected: "at least 1 layer and a hidden size of at least 1"))
        }
        if !(0...1).contains(dropout) {
            reportFailure(
                TensorError(
                    .value, in: name, "the dropout probability must be between 0 and 1", got: "\(dropout)",
                    expected: "a number from 0 to 1"))
        }
        if projSize < 0 || projSize >= max(hiddenSize, 1) {
            reportFailure(
                TensorError(
                    .value, in: name, "projSize is not less than the hidden size", got: "projSize \(projSize)",
                    expected: "0 for no projection, or less than \(hiddenSize)"))
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

    /// The number of directions.
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

    /// Applies all layers to the rows of a batch of sequences.
    ///
    /// - Parameters:
    ///   - rows: The inputs of all steps, `[rows, in]`, in the order that `steps` describes.
    ///   - states: The initial states `[numLayers D, N, H]`; nil for zeros. An LSTM has two.
    /// - Returns: The outputs of all steps, `[rows, D H]`, and the final states.
    final func run(_ rows: Tensor, _ steps: SequenceSteps, _ states: [Tensor]?) -> (rows: Tensor, states: [Tensor]) {
        var x = rows
        var last: [[Tensor]] = [[], []]
        let tensors = weights.elements
        let perDirection = tensors.count / max(numLayers *| directions, 1)
        guard perDirection > 0 else {
            let error = TensorError(
                .value, in: "\(type(of: self))", "the layer has no weights, because its number of layers is invalid",
                got: quantity(numLayers, "layer"), expected: "at least 1 layer")
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

    /// Computes one direction of one layer. `own` are its parameters, in order.
    private func layerPass(
        _ x: Tensor, _ steps: SequenceSteps, _ own: [Tensor], _ initial: [Tensor], isReversed: Bool
    ) -> [Tensor] {
        let (input, hidden) = (own[0], own[1])
        let projection = projSize > 0 ? own[own.count - 1] : nil
        // W_ih x of all steps is one product. It includes both biases, except in a GRU, where b_hn is multiplied by the reset
        // gate.
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

    /// The forward pass of a padded batch or a single sequence.
    final func forward(_ x: Tensor, _ states: [Tensor]?) -> (output: Tensor, states: [Tensor]) {
        if let placeholder = ([x] + (states ?? [])).first(where: \.isPlaceholder) {
            return (placeholder, [placeholder, placeholder])
        }
        let name = "\(type(of: self))"
        guard x.rank == 2 || x.rank == 3, x.shape.last == inputSize else {
            let expected = batchFirst ? "[N, T, \(inputSize)]" : "[T, N, \(inputSize)]"
            let placeholder = fail(
                TensorError(
                    .shape, in: name, "the input has the wrong shape",
                    expected: "\(expected), or [T, \(inputSize)] for a single sequence", operands: [x]), like: x)
            return (placeholder, [placeholder, placeholder])
        }
        let isBatched = x.rank == 3
        let batchDim = batchFirst ? 0 : 1
        let whole = isBatched ? x : x.unsqueeze(batchDim)
        let (batch, length) = (whole.shape[batchDim], whole.shape[1 - batchDim])
        guard length > 0 else {
            let placeholder = fail(
                TensorError(
                    .shape, in: name, "the sequence length is 0", expected: "at least 1 step", operands: [x]), like: x)
            return (placeholder, [placeholder, placeholder])
        }
        if let error = stateError(name, states, isBatched ? [batch] : []) {
            let placeholder = fail(error, like: x)
            return (placeholder, [placeholder, placeholder])
        }
        do throws(TensorError) {
            try checkListSize(length, bytesEach: 2 * MemoryLayout<Int>.stride, in: name)
        } catch {
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

    /// The forward pass of a packed sequence.
    final func forward(_ x: PackedSequence, _ states: [Tensor]?) -> (output: PackedSequence, states: [Tensor]) {
        if let placeholder = ([x.data] + (states ?? [])).first(where: \.isPlaceholder) {
            return (PackedSequence(data: placeholder, batchSizes: []), [placeholder, placeholder])
        }
        let name = "\(type(of: self))"
        let steps = SequenceSteps(sizes: x.batchSizes)
        guard x.data.rank == 2, x.data.shape[1] == inputSize, x.data.shape[0] == steps.rows, steps.rows > 0 else {
            let placeholder = fail(
                TensorError(
                    .shape, in: name, "the data of the packed sequence has the wrong shape",
                    expected: "[\(steps.rows), \(inputSize)]", operands: [x.data]), like: x.data)
            return (PackedSequence(data: placeholder, batchSizes: []), [placeholder, placeholder])
        }
        if let error = stateError(name, states, [steps.batch]) {
            let placeholder = fail(error, like: x.data)
            return (PackedSequence(data: placeholder, batchSizes: []), [placeholder, placeholder])
        }
        func ordered(_ states: [Tensor], _ indices: [Int]?) -> [Tensor] {
            guard let indices else { return states }
            let index = Tensor(indices, shape: [indices.count])
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
                    .shape, in: name, "the initial state has the wrong shape",
                    expected: "\(expected), that is [layers · directions, batch, features]", operands: [state])
            }
        }
        return nil
    }
}
