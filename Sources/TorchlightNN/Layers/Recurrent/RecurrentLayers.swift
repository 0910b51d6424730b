import TorchlightCore

/// What an ``RNN`` applies to the sum of both shares.
public enum RecurrentNonlinearity: String, Sendable, Hashable {
    case tanh, relu
    var cell: Recurrence.Cell { self == .tanh ? .tanh : .relu }
}

/// A plain recurrent network: h = tanh(W_ih x + b_ih + W_hh h + b_hh) in each step (Elman 1990).
///
///     let rnn = RNN(10, 20, numLayers: 2)
///     let (output, hidden) = rnn(x)           // [T, N, 10] -> [T, N, 20] and [2, N, 20]
public final class RNN: RecurrentLayer {
    /// tanh or relu.
    public let nonlinearity: RecurrentNonlinearity

    /// Layers of this size; see ``RecurrentLayer`` for the settings.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, nonlinearity: RecurrentNonlinearity = .tanh,
        bias: Bool = true, batchFirst: Bool = false, dropout: Double = 0, bidirectional: Bool = false,
        dtype: DType = .default, device: Device = .current, generator: Generator = .default
    ) {
        self.nonlinearity = nonlinearity
        super.init(
            nonlinearity.cell, inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst,
            dropout: dropout, bidirectional: bidirectional, projSize: 0, dtype: dtype, device: device,
            generator: generator)
    }

    /// The outputs of the last layer for each step, and the last state of each layer.
    public func callAsFunction(_ x: Tensor, _ h0: Tensor? = nil) -> (output: Tensor, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }

    /// The same for sequences of several lengths.
    public func callAsFunction(_ x: PackedSequence, _ h0: Tensor? = nil) -> (output: PackedSequence, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }
}

/// Gated recurrent units (Cho et al. 2014): with r and z the sigmoids of their gates,
/// n = tanh(W_in x + b_in + r (W_hn h + b_hn)) and h = (1 − z) n + z h.
public final class GRU: RecurrentLayer {
    /// Layers of this size; see ``RecurrentLayer`` for the settings.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(
            .gru, inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, projSize: 0, dtype: dtype, device: device, generator: generator)
    }

    /// The outputs of the last layer for each step, and the last state of each layer.
    public func callAsFunction(_ x: Tensor, _ h0: Tensor? = nil) -> (output: Tensor, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }

    /// The same for sequences of several lengths.
    public func callAsFunction(_ x: PackedSequence, _ h0: Tensor? = nil) -> (output: PackedSequence, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }
}

/// Long short-term memory (Hochreiter and Schmidhuber 1997): with i, f and o the sigmoids of their gates and g the tanh of
/// its own, c = f c + i g and h = o tanh(c).
///
///     let lstm = LSTM(10, 20, batchFirst: true)
///     let (output, state) = lstm(x)           // [N, T, 10] -> [N, T, 20]; state.h and state.c are [1, N, 20]
public final class LSTM: RecurrentLayer {
    /// The hidden and the cell state, `[layers · directions, N, H]`.
    public typealias State = (h: Tensor, c: Tensor)

    /// Layers of this size; see ``RecurrentLayer`` for the settings. With `projSize` h is projected to so many elements.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, projSize: Int = 0, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        super.init(
            .lstm, inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, projSize: projSize, dtype: dtype, device: device, generator: generator)
    }

    /// The outputs of the last layer for each step, and the last states of each layer.
    public func callAsFunction(_ x: Tensor, _ state: State? = nil) -> (output: Tensor, state: State) {
        let (output, h, c) = scope(x, state?.h, state?.c) { x, h, c in
            let (output, states) = forward(x, pair(h, c))
            return (output, states[0], states[1])
        }
        return (output, (h, c))
    }

    /// The same for sequences of several lengths.
    public func callAsFunction(_ x: PackedSequence, _ state: State? = nil) -> (output: PackedSequence, state: State) {
        let (output, h, c) = scope(x, state?.h, state?.c) { x, h, c in
            let (output, states) = forward(x, pair(h, c))
            return (output, states[0], states[1])
        }
        return (output, (h, c))
    }
}

/// Both states of an LSTM, or none.
func pair(_ h: Tensor?, _ c: Tensor?) -> [Tensor]? {
    guard let h, let c else { return nil }
    return [h, c]
}
