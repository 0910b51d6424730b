import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The output of a language model.
public struct CausalOutput: TensorStructure {
    /// The logits of the next token at each position, `[N, T, vocabulary]`.
    public var logits: Tensor
    /// The output of the embedding, then of each block, each `[N, T, hidden size]`; the last one is after the final
    /// normalisation. Empty unless `hiddenStates` was true.
    public var hiddenStates: [Tensor]

    /// The tensors of the result.
    public var tensorSlots: [Tensor?] { [logits] + hiddenStates }

    /// The result with the first tensors of `slots`.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> CausalOutput {
        CausalOutput(
            logits: logits.replacingTensors(from: &slots), hiddenStates: hiddenStates.replacingTensors(from: &slots))
    }

    /// Returns the mean cross entropy of predicting each token from the tokens before it.
    ///
    /// - Parameter labels: The tokens, `[N, T]`, usually the input; -100 excludes a token from the mean.
    public func loss(_ labels: Tensor) -> Tensor {
        let length = logits.shape[1]
        let predictions = logits.narrow(1, start: 0, length: length - 1)
        let targets = labels.narrow(1, start: 1, length: length - 1)
        return crossEntropy(predictions.reshape([-1, logits.shape[2]]), targets.reshape([-1]))
    }
}

/// A decoder-only language model, which predicts each token from the tokens before it.
///
///     let model = try GPT2.load("gpt2")
///     let output = model(tokens)          // int64 [N, T] -> logits [N, T, vocabulary]
///     let loss = output.loss(tokens)
open class CausalModel: PretrainedModel {
    /// The number of tokens of the vocabulary.
    public var vocabularySize: Int { 0 }
    /// The largest sequence length of the position embedding; nil if there is no limit.
    public var maxLength: Int? { nil }

    /// The token embedding; nil if the model has none of this type.
    var inputEmbedding: Embedding? { nil }
    /// Whether the embedding is multiplied by a factor.
    var scalesEmbedding: Bool { false }

    /// Returns the hidden states after the final normalisation, `[N, T, hidden size]`.
    ///
    /// - Parameter states: Receives the output of the embedding and of each block, unless it is nil.
    func hidden(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor { tokens }

    /// Returns the logits for hidden states `[*, hidden size]`.
    func logits(_ hidden: Tensor) -> Tensor { hidden }

    /// Runs the forward pass.
    ///
    /// - Parameters:
    ///   - tokens: Indices of the vocabulary, int64 `[N, T]`.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`; with a cache, `[N, S]` including the cached tokens.
    ///     Default: no padding.
    ///   - positions: The positions of the tokens, int64 `[N, T]`. Default: `0 ..< T`, offset by the length of the
    ///     cache.
    ///   - cache: The key-value cache of the previous tokens; the keys and values of these tokens are appended.
    ///     Default: none.
    ///   - hiddenStates: Whether to return the hidden states. Default: false.
    ///   - sequences: The index of the text of each token, int64 `[N, T]`, for packed rows: a token attends to tokens
    ///     of its own text only. `positions` should begin with 0 in each text; ``PackedTexts`` has both. Not allowed
    ///     with a cache. Default: each row is one text.
    /// - Returns: The logits `[N, T, vocabulary]`, and the hidden states if `hiddenStates` is true.
    public final func callAsFunction(
        _ tokens: Tensor, attentionMask: Tensor? = nil, positions: Tensor? = nil, cache: KeyValueCache? = nil,
        hiddenStates: Bool = false, sequences: Tensor? = nil
    ) -> CausalOutput {
        output(
            tokens, attentionMask: attentionMask, positions: positions, cache: cache, hiddenStates: hiddenStates,
            sequences: sequences, prompt: nil)
    }

    /// Runs the forward pass with vectors before the token embeddings; the other parameters are those of
    /// `callAsFunction`.
    ///
    /// - Parameter prompt: `[P, hidden size]`. The results have `P` additional positions.
    final func output(
        _ tokens: Tensor, attentionMask: Tensor?, positions: Tensor?, cache: KeyValueCache?, hiddenStates: Bool,
        sequences: Tensor?, prompt: Tensor?
    ) -> CausalOutput {
        scope(tokens) { tokens in
            guard let context = checkedContext(tokens, attentionMask, positions, cache, sequences, prompt) else {
                return CausalOutput(logits: tokens, hiddenStates: [])
            }
            var states: [Tensor]? = hiddenStates ? [] : nil
            let last = hidden(tokens, context, states: &states)
            cache?.length += context.length
            return CausalOutput(logits: logits(last), hiddenStates: states ?? [])
        }
    }

    /// Returns the hidden states after the final normalisation, `[N, T, hidden size]`; ``logits(_:)`` computes their
    /// logits.
    ///
    /// - Parameter prompt: Vectors before the token embeddings, `[P, hidden size]`. Default: none.
    final func nextHidden(
        _ tokens: Tensor, attentionMask: Tensor?, positions: Tensor?, cache: KeyValueCache?, prompt: Tensor? = nil
    ) -> Tensor {
        guard let context = checkedContext(tokens, attentionMask, positions, cache, nil, prompt) else { return tokens }
        var states: [Tensor]?
        let last = hidden(tokens, context, states: &states)
        cache?.length += context.length
        return last
    }

    private func checkedContext(
        _ tokens: Tensor, _ attentionMask: Tensor?, _ positions: Tensor?, _ cache: KeyValueCache?,
        _ sequences: Tensor? = nil, _ prompt: Tensor? = nil
    ) -> TokenContext? {
        if tokens.isPlaceholder { return nil }
        let name = "\(type(of: self))"
        guard tokens.rank == 2, tokens.dtype.isInteger else {
            reportFailure(
                TensorError(
                    .shape, in: name, "the tokens must be a batch of sequences of indices",
                    expected: "an integer dtype and the shape [N, T]", operands: [tokens]))
            return nil
        }
        let columns = (cache?.length ?? 0) + tokens.shape[1] + (prompt?.shape[0] ?? 0)
        if let sequences, sequences.shape != tokens.shape || cache != nil || prompt != nil {
            reportFailure(
                TensorError(
                    .shape, in: name, "sequences must have one index for each token, and no cache",
                    expected: "sequences of the shape \(tokens.shape)", operands: [sequences, tokens]))
            return nil
        }
        if let attentionMask, attentionMask.shape != [tokens.shape[0], columns] {
            reportFailure(
                TensorError(
                    .shape, in: name, "the shape of the attention mask differs from that of the cached and new tokens",
                    expected: "[\(tokens.shape[0]), \(columns)]", operands: [attentionMask, tokens]))
            return nil
        }
        if let maxLength, columns > maxLength, positions == nil {
            reportFailure(
                TensorError(
                    .value, in: name, "the sequence is longer than the position embedding",
                    got: quantity(columns, "token"),
                    expected: "at most \(maxLength)"))
            return nil
        }
        return TokenContext(
            tokens, attentionMask: attentionMask, positions: positions, cache: cache, sequences: sequences,
            prompt: prompt)
    }
}

extension CausalModel {
    /// Loads a model of this class from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    ///
    /// - Throws: Also ``ModelError`` if the folder has a model of another class.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> Self {
        try AutoModel.load(folder, dtype: dtype, device: device, ignoring: ignoring).cast(folder)
    }
}

extension PretrainedModel {
    /// Casts this model to a class, or throws.
    final func cast<Model: PretrainedModel>(_ folder: String) throws -> Model {
        guard let model = self as? Model else {
            throw ModelError(folder, "the model is a \(type(of: self))", expected: "a \(Model.self)")
        }
        return model
    }
}
