import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The result of a forward pass of a language model.
public struct CausalOutput: TensorStructure {
    /// The scores of the next token at each position, `[N, T, vocabulary]`.
    public var logits: Tensor
    /// The output of the embedding, then of each block, each `[N, T, hidden size]`; the last one is after the final
    /// normalisation. Empty unless they were asked for.
    public var hiddenStates: [Tensor]

    /// The tensors of the result.
    public var tensorSlots: [Tensor?] { [logits] + hiddenStates }

    /// The result with the first tensors of `slots`.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> CausalOutput {
        CausalOutput(
            logits: logits.replacingTensors(from: &slots), hiddenStates: hiddenStates.replacingTensors(from: &slots))
    }

    /// The mean cross entropy of predicting each token from those before it.
    ///
    /// - Parameter labels: The tokens, `[N, T]`, usually the input; -100 excludes a token from the mean.
    public func loss(_ labels: Tensor) -> Tensor {
        let length = logits.shape[1]
        let predictions = logits.narrow(1, start: 0, length: length - 1)
        let targets = labels.narrow(1, start: 1, length: length - 1)
        return crossEntropy(predictions.reshape([-1, logits.shape[2]]), targets.reshape([-1]))
    }
}

/// A decoder-only language model: predicts each token from those before it.
///
///     let model = try GPT2.load("gpt2")
///     let output = model(tokens)          // int64 [N, T] -> logits [N, T, vocabulary]
///     let loss = output.loss(tokens)
open class CausalModel: PretrainedModel {
    /// The number of tokens of the vocabulary.
    public var vocabularySize: Int { 0 }
    /// The longest sequence that the positions allow; nil if there is no such limit.
    public var maxLength: Int? { nil }

    /// The embedding of the tokens; nil if the model has none of the type.
    var inputEmbedding: Embedding? { nil }
    /// Whether the embedding is multiplied by a factor.
    var scalesEmbedding: Bool { false }

    /// The hidden states after the final normalisation, `[N, T, hidden size]`.
    ///
    /// - Parameter states: Receives the output of the embedding and of each block, if it is not nil.
    func hidden(_ tokens: Tensor, _ context: TokenContext, states: inout [Tensor]?) -> Tensor { tokens }

    /// The scores of the vocabulary for hidden states `[*, hidden size]`.
    func logits(_ hidden: Tensor) -> Tensor { hidden }

    /// The forward pass.
    ///
    /// - Parameters:
    ///   - tokens: Indices of the vocabulary, int64 `[N, T]`.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`; with a cache, for all tokens that it has seen too.
    ///     Default: no padding.
    ///   - positions: The positions of the tokens, int64 `[N, T]`. Default: `0 ..< T`, or after those of the cache.
    ///   - cache: The keys and values of the tokens before; receives those of these tokens. Default: none.
    ///   - hiddenStates: Whether to return the hidden states. Default: false.
    ///   - sequences: The number of the text that each token belongs to, int64 `[N, T]`, where a row holds several: a token sees
    ///     tokens of its own text only. Give `positions` that begin with 0 in each text; ``PackedTexts`` has both. Not with a
    ///     cache. Default: each row is one text.
    /// - Returns: The logits `[N, T, vocabulary]`, and the hidden states if they were asked for.
    public final func callAsFunction(
        _ tokens: Tensor, attentionMask: Tensor? = nil, positions: Tensor? = nil, cache: KeyValueCache? = nil,
        hiddenStates: Bool = false, sequences: Tensor? = nil
    ) -> CausalOutput {
        output(
            tokens, attentionMask: attentionMask, positions: positions, cache: cache, hiddenStates: hiddenStates,
            sequences: sequences, prompt: nil)
    }

    /// The forward pass with vectors before the embeddings of the tokens; see the other parameters there.
    ///
    /// - Parameter prompt: `[P, hidden size]`. The results have `P` more positions.
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

    /// The hidden states after the final normalisation, `[N, T, hidden size]`, whose ``logits(_:)`` are the scores.
    ///
    /// - Parameter prompt: Vectors before the embeddings of the tokens, `[P, hidden size]`. Default: none.
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
                    .shape, in: name, "packed rows need one number of a text for each token, and no cache",
                    expected: "sequences of the shape \(tokens.shape)", operands: [sequences, tokens]))
            return nil
        }
        if let attentionMask, attentionMask.shape != [tokens.shape[0], columns] {
            reportFailure(
                TensorError(
                    .shape, in: name, "the attention mask has another shape than the tokens and those of the cache",
                    expected: "[\(tokens.shape[0]), \(columns)]", operands: [attentionMask, tokens]))
            return nil
        }
        if let maxLength, columns > maxLength, positions == nil {
            reportFailure(
                TensorError(
                    .value, in: name, "the sequence is longer than the model has positions",
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
    /// This model as another class.
    final func cast<Model: PretrainedModel>(_ folder: String) throws -> Model {
        guard let model = self as? Model else {
            throw ModelError(folder, "the folder has a \(type(of: self))", expected: "a \(Model.self)")
        }
        return model
    }
}
