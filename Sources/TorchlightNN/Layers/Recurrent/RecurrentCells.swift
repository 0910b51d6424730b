import TorchlightCore

/// What the cells share: the weights `weight_ih [G H, in]`, `weight_hh [G H, H]`, `bias_ih` and `bias_hh [G H]`, all
/// uniform within ±1/√H at the start.
open class RecurrentCell: Module {
    /// Elements of the input.
    public final let inputSize: Int
    /// Elements of the state.
    public final let hiddenSize: Int
    /// `[G H, in]`.
    @Key public final var weightIH: Tensor
    /// `[G H, H]`.
    @Key public final var weightHH: Tensor
    /// `[G H]`, or nil.
    @Key("bias_ih") public final var biasIH: Tensor? = nil
    /// `[G H]`, or nil.
    @Key("bias_hh") public final var biasHH: Tensor? = nil
    let cell: Recurrence.Cell

    init(
        _ cell: Recurrence.Cell, _ inputSize: Int, _ hiddenSize: Int, bias: Bool, dtype: DType, device: Device,
        generator: Generator
    ) {
        self.cell = cell
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        let bound = hiddenSize > 0 ? 1 / Double(hiddenSize).squareRoot() : 0
        func draw(_ shape: [Int]) -> Tensor {
            let tensor = Tensor.empty(shape, dtype: dtype, device: device)
            return Parameter(tensor.uniform_(from: -bound, to: bound, generator: generator))
        }
        let rows = cell.gates *| hiddenSize
        _weightIH = Key(wrappedValue: draw([rows, inputSize]), "weight_ih")
        _weightHH = Key(wrappedValue: draw([rows, hiddenSize]), "weight_hh")
        super.init()
        if bias {
            biasIH = draw([rows])
            biasHH = draw([rows])
        }
    }

    public override var extraDescription: String {
        "\(inputSize), \(hiddenSize)" + (biasIH == nil ? ", bias=False" : "")
    }

    /// One step of a batch `[N, in]`, or of one input `[in]`; states are zeros where none are given.
    final func step(_ x: Tensor, _ states: [Tensor]?) -> [Tensor] {
        if let placeholder = ([x] + (states ?? [])).first(where: \.isPlaceholder) { return [placeholder, placeholder] }
        let lead = Array(x.shape.dropLast())
        guard x.rank == 1 || x.rank == 2, x.shape.last == inputSize,
            states?.allSatisfy({ $0.shape == lead + [hiddenSize] }) ?? true
        else {
            let placeholder = fail(
                TensorError(
                    .shape, in: "\(type(of: self))", "the input or the state does not fit the cell",
                    expected: "[N, \(inputSize)] and states [N, \(hiddenSize)], or both without N",
                    operands: [x] + (states ?? [])), like: x)
            return [placeholder, placeholder]
        }
        let rows = x.rank == 1 ? x.unsqueeze(0) : x
        let count = rows.shape[0]
        let zeros = Tensor.zeros([count, hiddenSize], dtype: x.dtype, device: x.device)
        let initial = states?.map { x.rank == 1 ? $0.unsqueeze(0) : $0 } ?? [zeros, zeros]
        var (bias, gated) = (biasIH, biasHH)
        if cell == .gru {
            gated = biasHH ?? Tensor.zeros([weightHH.shape[0]], dtype: x.dtype, device: x.device)
        } else {
            if let own = biasIH, let other = biasHH { bias = own + other }
            gated = nil
        }
        let results = recurrence(
            cell, SequenceSteps(steps: 1, batch: count, batchFirst: false), inputs: linear(rows, weightIH, bias),
            weight: weightHH, h0: initial[0], c0: cell == .lstm ? initial[1] : nil, bias: gated,
            isSingleStep: true)
        return results.dropFirst().map { x.rank == 1 ? $0.squeeze(0) : $0 }
    }
}

/// One step of an ``RNN``: `[N, in]` and the state `[N, H] -> [N, H]`.
public final class RNNCell: RecurrentCell {
    /// tanh or relu.
    public let nonlinearity: RecurrentNonlinearity

    /// A cell of this size.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, nonlinearity: RecurrentNonlinearity = .tanh,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.nonlinearity = nonlinearity
        super.init(
            nonlinearity.cell, inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// The next state.
    public func callAsFunction(_ x: Tensor, _ h: Tensor? = nil) -> Tensor {
        scope(x, h) { x, h in step(x, h.map { [$0] })[0] }
    }

    public override var extraDescription: String {
        super.extraDescription + (nonlinearity == .tanh ? "" : ", nonlinearity=\(nonlinearity.rawValue)")
    }
}

/// One step of a ``GRU``: `[N, in]` and the state `[N, H] -> [N, H]`.
public final class GRUCell: RecurrentCell {
    /// A cell of this size.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(.gru, inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// The next state.
    public func callAsFunction(_ x: Tensor, _ h: Tensor? = nil) -> Tensor {
        scope(x, h) { x, h in step(x, h.map { [$0] })[0] }
    }
}

/// One step of an ``LSTM``: `[N, in]` and the states `[N, H] -> [N, H]` twice.
public final class LSTMCell: RecurrentCell {
    /// A cell of this size.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(.lstm, inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// The next states.
    public func callAsFunction(_ x: Tensor, _ state: LSTM.State? = nil) -> LSTM.State {
        scope(x, state?.h, state?.c) { x, h, c in
            let states = step(x, pair(h, c))
            return (states[0], states[1])
        }
    }
}
