import TorchlightCore

/// Activation of an ``RNN`` or ``RNNCell``: tanh or ReLU.
public enum RecurrentNonlinearity: String, Sendable, Hashable {
    case tanh, relu
    var cell: Recurrence.Cell { self == .tanh ? .tanh : .relu }
}

/// Elman RNN: `h_t = tanh(W_ih x_t + b_ih + W_hh h_(t−1) + b_hh)` at each step t (Elman, 1990).
///
/// Shapes, parameters and initialisation are those of ``RecurrentLayer`` with G = 1.
///
///     let rnn = RNN(10, 20, numLayers: 2)
///     let (output, hidden) = rnn(x)           // [T, N, 10] -> [T, N, 20] and [2, N, 20]
public final class RNN: RecurrentLayer {
    /// The activation, `.tanh` or `.relu`. Default: `.tanh`.
    public let nonlinearity: RecurrentNonlinearity

    /// Creates an RNN.
    ///
    /// - Parameters:
    ///   - inputSize: The number of input features.
    ///   - hiddenSize: The number of features H of the hidden state.
    ///   - numLayers: The number of stacked layers. Default: 1.
    ///   - nonlinearity: The activation, `.tanh` or `.relu`. Default: `.tanh`.
    ///   - bias: Whether the layers have biases. Default: true.
    ///   - batchFirst: Whether input and output are `[N, T, *]` instead of `[T, N, *]`. Default: false.
    ///   - dropout: The dropout probability of the outputs of all layers except the last. Default: 0.
    ///   - bidirectional: Whether each layer also processes the sequence in reverse. Default: false.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
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

    /// Returns the outputs of the last layer at each step, `[T, N, D H]`, and the final hidden state of each layer,
    /// `[numLayers D, N, H]`.
    ///
    /// - Parameters:
    ///   - x: The input, `[T, N, in]`, `[N, T, in]` with `batchFirst`, or `[T, in]`.
    ///   - h0: The initial hidden state, `[numLayers D, N, H]`. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ h0: Tensor? = nil) -> (output: Tensor, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }

    /// Returns the packed outputs of the last layer and the final hidden state of each layer for a packed sequence.
    public func callAsFunction(_ x: PackedSequence, _ h0: Tensor? = nil) -> (output: PackedSequence, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }
}

/// Gated recurrent unit (Cho et al., 2014). At each step, with the hidden state h of the previous step:
///
///     r = σ(W_ir x + b_ir + W_hr h + b_hr)           reset gate
///     z = σ(W_iz x + b_iz + W_hz h + b_hz)           update gate
///     n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))  new gate
///     h' = (1 − z) ⊙ n + z ⊙ h
///
/// Shapes, parameters and initialisation are those of ``RecurrentLayer`` with G = 3, in the order r, z, n. As in PyTorch, r
/// multiplies `W_hn h + b_hn`, not h as in the paper.
///
///     let gru = GRU(10, 20, batchFirst: true)
///     let (output, hidden) = gru(x)           // [N, T, 10] -> [N, T, 20] and [1, N, 20]
public final class GRU: RecurrentLayer {
    /// Creates a GRU.
    ///
    /// - Parameters:
    ///   - inputSize: The number of input features.
    ///   - hiddenSize: The number of features H of the hidden state.
    ///   - numLayers: The number of stacked layers. Default: 1.
    ///   - bias: Whether the layers have biases. Default: true.
    ///   - batchFirst: Whether input and output are `[N, T, *]` instead of `[T, N, *]`. Default: false.
    ///   - dropout: The dropout probability of the outputs of all layers except the last. Default: 0.
    ///   - bidirectional: Whether each layer also processes the sequence in reverse. Default: false.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, dtype: DType = .default, device: Device = .current,
        generator: Generator = .default
    ) {
        super.init(
            .gru, inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, projSize: 0, dtype: dtype, device: device, generator: generator)
    }

    /// Returns the outputs of the last layer at each step, `[T, N, D H]`, and the final hidden state of each layer,
    /// `[numLayers D, N, H]`.
    ///
    /// - Parameters:
    ///   - x: The input, `[T, N, in]`, `[N, T, in]` with `batchFirst`, or `[T, in]`.
    ///   - h0: The initial hidden state, `[numLayers D, N, H]`. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ h0: Tensor? = nil) -> (output: Tensor, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }

    /// Returns the packed outputs of the last layer and the final hidden state of each layer for a packed sequence.
    public func callAsFunction(_ x: PackedSequence, _ h0: Tensor? = nil) -> (output: PackedSequence, hidden: Tensor) {
        scope(x, h0) { x, h0 in
            let (output, states) = forward(x, h0.map { [$0] })
            return (output, states[0])
        }
    }
}

/// Long short-term memory (Hochreiter and Schmidhuber, 1997). At each step, with the hidden state h and the cell state c of the
/// previous step:
///
///     i = σ(W_ii x + b_ii + W_hi h + b_hi)     input gate
///     f = σ(W_if x + b_if + W_hf h + b_hf)     forget gate
///     g = tanh(W_ig x + b_ig + W_hg h + b_hg)  cell gate
///     o = σ(W_io x + b_io + W_ho h + b_ho)     output gate
///     c' = f ⊙ c + i ⊙ g
///     h' = o ⊙ tanh(c')
///
/// Shapes, parameters and initialisation are those of ``RecurrentLayer`` with G = 4, in the order i, f, g, o. With `projSize`,
/// `h' = W_hr (o ⊙ tanh(c'))`, and h has `projSize` features instead of H.
///
///     let lstm = LSTM(10, 20, batchFirst: true)
///     let (output, state) = lstm(x)           // [N, T, 10] -> [N, T, 20]; state.h and state.c are [1, N, 20]
public final class LSTM: RecurrentLayer {
    /// The hidden state h and the cell state c, each `[numLayers D, N, H]` for D directions.
    public typealias State = (h: Tensor, c: Tensor)

    /// Creates an LSTM.
    ///
    /// - Parameters:
    ///   - inputSize: The number of input features.
    ///   - hiddenSize: The number of features H of the cell state, and of the hidden state without projection.
    ///   - numLayers: The number of stacked layers. Default: 1.
    ///   - bias: Whether the layers have biases. Default: true.
    ///   - batchFirst: Whether input and output are `[N, T, *]` instead of `[T, N, *]`. Default: false.
    ///   - dropout: The dropout probability of the outputs of all layers except the last. Default: 0.
    ///   - bidirectional: Whether each layer also processes the sequence in reverse. Default: false.
    ///   - projSize: The size of the projected hidden state, less than `hiddenSize`; 0 for no projection. Default: 0.
    ///   - dtype: The dtype of the parameters.
    ///   - device: The device of the parameters.
    ///   - generator: The generator of the initial parameters.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false, projSize: Int = 0, dtype: DType = .default,
        device: Device = .current, generator: Generator = .default
    ) {
        super.init(
            .lstm, inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional, projSize: projSize, dtype: dtype, device: device, generator: generator)
    }

    /// Returns the outputs of the last layer at each step, `[T, N, D H]`, and the final hidden and cell states of each layer,
    /// `[numLayers D, N, H]`.
    ///
    /// - Parameters:
    ///   - x: The input, `[T, N, in]`, `[N, T, in]` with `batchFirst`, or `[T, in]`.
    ///   - state: The initial hidden and cell states. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ state: State? = nil) -> (output: Tensor, state: State) {
        let (output, h, c) = scope(x, state?.h, state?.c) { x, h, c in
            let (output, states) = forward(x, pair(h, c))
            return (output, states[0], states[1])
        }
        return (output, (h, c))
    }

    /// Returns the packed outputs of the last layer and the final states of each layer for a packed sequence.
    public func callAsFunction(_ x: PackedSequence, _ state: State? = nil) -> (output: PackedSequence, state: State) {
        let (output, h, c) = scope(x, state?.h, state?.c) { x, h, c in
            let (output, states) = forward(x, pair(h, c))
            return (output, states[0], states[1])
        }
        return (output, (h, c))
    }
}

/// The hidden and cell state of an LSTM as an array; nil if one of them is nil.
func pair(_ h: Tensor?, _ c: Tensor?) -> [Tensor]? {
    guard let h, let c else { return nil }
    return [h, c]
}
