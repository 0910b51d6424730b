import TorchlightCore

/// Base class of the recurrent cells, which compute one time step.
///
/// Learnable parameters, for input size `in`, hidden size H and G gates (1 in ``RNNCell``, 3 in ``GRUCell``, 4 in
/// ``LSTMCell``): `weight_ih` `[G H, in]`, `weight_hh` `[G H, H]`, `bias_ih` `[G H]` and `bias_hh` `[G H]`. All are
/// initialised uniformly from −1/√H to 1/√H.
open class RecurrentCell: Module {
    /// The number of input features.
    public final let inputSize: Int
    /// The number of features of the hidden state.
    public final let hiddenSize: Int
    /// The learnable input-hidden weight, `[G H, in]`.
    @Key public final var weightIH: Tensor
    /// The learnable hidden-hidden weight, `[G H, H]`.
    @Key public final var weightHH: Tensor
    /// The learnable input-hidden bias, `[G H]`; nil if the cell has no bias.
    @Key("bias_ih") public final var biasIH: Tensor? = nil
    /// The learnable hidden-hidden bias, `[G H]`; nil if the cell has no bias.
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

    /// Computes one step of a batch `[N, in]` or of one sample `[in]`. States that are nil are zeros.
    final func step(_ x: Tensor, _ states: [Tensor]?) -> [Tensor] {
        if let placeholder = ([x] + (states ?? [])).first(where: \.isPlaceholder) { return [placeholder, placeholder] }
        let lead = Array(x.shape.dropLast())
        guard x.rank == 1 || x.rank == 2, x.shape.last == inputSize,
            states?.allSatisfy({ $0.shape == lead + [hiddenSize] }) ?? true
        else {
            let placeholder = fail(
                TensorError(
                    .shape, in: "\(type(of: self))", "the input or the hidden state has the wrong shape",
                    expected: "an input [N, \(inputSize)] and states [N, \(hiddenSize)], or both without N",
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

/// Elman RNN cell: `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`.
///
/// Shapes: input `[N, in]` and hidden state `[N, H] -> [N, H]`, or all without N. Parameters and initialisation are those of
/// ``RecurrentCell`` with G = 1.
public final class RNNCell: RecurrentCell {
    /// The activation, `.tanh` or `.relu`. Default: `.tanh`.
    public let nonlinearity: RecurrentNonlinearity

    /// Creates an RNN cell.
    ///
    /// - Parameters:
    ///   - inputSize: The number of input features.
    ///   - hiddenSize: The number of features H of the hidden state.
    ///   - bias: Whether the cell has biases. Default: true.
    ///   - nonlinearity: The activation, `.tanh` or `.relu`. Default: `.tanh`.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, nonlinearity: RecurrentNonlinearity = .tanh,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.nonlinearity = nonlinearity
        super.init(
            nonlinearity.cell, inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// Returns the next hidden state, `[N, H]`.
    ///
    /// - Parameters:
    ///   - x: The input of the step, `[N, in]` or `[in]`.
    ///   - h: The hidden state, `[N, H]` or `[H]`. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ h: Tensor? = nil) -> Tensor {
        scope(x, h) { x, h in step(x, h.map { [$0] })[0] }
    }

    public override var extraDescription: String {
        super.extraDescription + (nonlinearity == .tanh ? "" : ", nonlinearity=\(nonlinearity.rawValue)")
    }
}

/// Gated recurrent unit (GRU) cell; the formulas are those of ``GRU``.
///
/// Shapes: input `[N, in]` and hidden state `[N, H] -> [N, H]`, or all without N. Parameters and initialisation are those of
/// ``RecurrentCell`` with G = 3, in the order reset, update, new.
public final class GRUCell: RecurrentCell {
    /// Creates a GRU cell.
    ///
    /// - Parameters:
    ///   - inputSize: The number of input features.
    ///   - hiddenSize: The number of features H of the hidden state.
    ///   - bias: Whether the cell has biases. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(.gru, inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// Returns the next hidden state, `[N, H]`.
    ///
    /// - Parameters:
    ///   - x: The input of the step, `[N, in]` or `[in]`.
    ///   - h: The hidden state, `[N, H]` or `[H]`. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ h: Tensor? = nil) -> Tensor {
        scope(x, h) { x, h in step(x, h.map { [$0] })[0] }
    }
}

/// Long short-term memory (LSTM) cell; the formulas are those of ``LSTM``.
///
/// Shapes: input `[N, in]`, hidden state and cell state `[N, H]`, `-> [N, H]` and `[N, H]`, or all without N. Parameters and
/// initialisation are those of ``RecurrentCell`` with G = 4, in the order input, forget, cell, output.
public final class LSTMCell: RecurrentCell {
    /// Creates an LSTM cell.
    ///
    /// - Parameters:
    ///   - inputSize: The number of input features.
    ///   - hiddenSize: The number of features H of the hidden state and the cell state.
    ///   - bias: Whether the cell has biases. Default: true.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(.lstm, inputSize, hiddenSize, bias: bias, dtype: dtype, device: device, generator: generator)
    }

    /// Returns the next hidden state and cell state, each `[N, H]`.
    ///
    /// - Parameters:
    ///   - x: The input of the step, `[N, in]` or `[in]`.
    ///   - state: The hidden state and cell state, each `[N, H]` or `[H]`. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ state: LSTM.State? = nil) -> LSTM.State {
        scope(x, state?.h, state?.c) { x, h, c in
            let states = step(x, pair(h, c))
            return (states[0], states[1])
        }
    }
}
