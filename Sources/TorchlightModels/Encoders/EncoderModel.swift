import TorchlightCore
import TorchlightNN

/// The result of a forward pass of an encoder.
public struct EncoderOutput: TensorStructure {
    /// The hidden states after the last block, `[N, T, hidden size]`.
    public var lastHiddenState: Tensor
    /// The output of the embedding, then of each block. Empty unless they were asked for.
    public var hiddenStates: [Tensor]
    /// The pooled output, `[N, hidden size]`: the first token after a linear layer and tanh; nil where the model has no such
    /// layer.
    public var pooled: Tensor?
    /// The scores of the head: `[N, T, vocabulary]`, `[N, labels]` or `[N, T, labels]`; nil without a head.
    public var logits: Tensor?

    /// Creates a result.
    public init(lastHiddenState: Tensor, hiddenStates: [Tensor] = [], pooled: Tensor? = nil, logits: Tensor? = nil) {
        self.lastHiddenState = lastHiddenState
        self.hiddenStates = hiddenStates
        self.pooled = pooled
        self.logits = logits
    }

    /// The tensors of the result.
    public var tensorSlots: [Tensor?] { [lastHiddenState] + hiddenStates + [pooled, logits] }

    /// The result with the first tensors of `slots`.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> EncoderOutput {
        EncoderOutput(
            lastHiddenState: lastHiddenState.replacingTensors(from: &slots),
            hiddenStates: hiddenStates.replacingTensors(from: &slots), pooled: pooled.replacingTensors(from: &slots),
            logits: logits.replacingTensors(from: &slots))
    }
}

/// What an encoder of text is used for: the layers after the last block.
public enum EncoderTask: Sendable, Equatable {
    /// Hidden states alone.
    case features
    /// Scores of the vocabulary at each position.
    case maskedLanguageModel
    /// Scores of the classes of the text.
    case sequenceClassification
    /// Scores of the classes of each token.
    case tokenClassification
    /// Scores of each token to be the start and the end of the answer.
    case questionAnswering
    /// The score of each token to be replaced (ELECTRA's discriminator).
    case replacedTokenDetection
}

/// An encoder of text: every token sees all tokens.
///
///     let model = try AutoModel.load("path/to/bert") as! EncoderModel
///     let output = model(tokens, attentionMask: mask)     // int64 [N, T] -> hidden states [N, T, hidden size]
open class EncoderModel: PretrainedModel {
    /// The task of the model's head.
    public var task: EncoderTask { .features }

    /// The forward pass of the encoder and its head.
    func forward(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput { EncoderOutput(lastHiddenState: tokens) }

    /// The forward pass.
    ///
    /// - Parameters:
    ///   - tokens: Indices of the vocabulary, int64 `[N, T]`.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`. Default: no padding.
    ///   - tokenTypes: The segment of each token, int64 `[N, T]`. Default: 0. Models without segments do not use it.
    ///   - hiddenStates: Whether to return the hidden states of all blocks. Default: false.
    public final func callAsFunction(
        _ tokens: Tensor, attentionMask: Tensor? = nil, tokenTypes: Tensor? = nil, hiddenStates: Bool = false
    ) -> EncoderOutput {
        scope(tokens) { tokens in
            if tokens.isPlaceholder { return EncoderOutput(lastHiddenState: tokens) }
            guard tokens.rank == 2, tokens.dtype.isInteger else {
                reportFailure(
                    TensorError(
                        .shape, in: "\(type(of: self))", "the tokens must be a batch of sequences of indices",
                        expected: "an integer dtype and the shape [N, T]", operands: [tokens]))
                return EncoderOutput(lastHiddenState: tokens)
            }
            if let attentionMask, attentionMask.shape != tokens.shape {
                reportFailure(
                    TensorError(
                        .shape, in: "\(type(of: self))", "the attention mask has another shape than the tokens",
                        expected: "\(tokens.shape)", operands: [attentionMask, tokens]))
                return EncoderOutput(lastHiddenState: tokens)
            }
            let context = TokenContext(tokens, attentionMask: attentionMask, positions: nil, cache: nil)
            return forward(
                tokens, EncoderInputs(context: context, tokenTypes: tokenTypes, wantsHiddenStates: hiddenStates))
        }
    }

    /// The loss of the model's task: the mean cross entropy of the labels, of which -100 are excluded. For classifiers whose
    /// configuration names the problem, the mean squared error of a regression, or the binary cross entropy of several labels.
    ///
    /// - Parameter labels: Tokens `[N, T]`, classes `[N]` or `[N, T]`, or numbers `[N, labels]`.
    public final func loss(_ output: EncoderOutput, _ labels: Tensor) throws -> Tensor {
        guard let logits = output.logits else {
            throw ModelError("loss", "the model has no head", expected: "a model for a task")
        }
        if task == .sequenceClassification {
            switch configuration["problem_type"]?.string {
            case "regression":
                return mseLoss(logits.reshape(labels.shape), labels.to(logits.dtype))
            case "multi_label_classification":
                return binaryCrossEntropyWithLogits(logits, labels.to(logits.dtype))
            default: break
            }
        }
        if task == .replacedTokenDetection { return binaryCrossEntropyWithLogits(logits, labels.to(logits.dtype)) }
        return crossEntropy(logits.reshape([-1, logits.shape[logits.rank - 1]]), labels.reshape([-1]))
    }

    /// The loss of question answering: the mean of the cross entropies of the start and the end.
    ///
    /// - Parameters:
    ///   - output: The output of a model for question answering, with logits `[N, T, 2]`.
    ///   - start: The positions of the first token of the answers, `[N]`.
    ///   - end: The positions of their last token, `[N]`.
    public final func loss(_ output: EncoderOutput, start: Tensor, end: Tensor) throws -> Tensor {
        guard task == .questionAnswering, let logits = output.logits else {
            throw ModelError("loss", "the model is not for question answering", expected: "logits of start and end")
        }
        let length = logits.shape[1]
        func one(_ column: Int, _ target: Tensor) -> Tensor {
            // A position outside of the text is not counted.
            let inside = (target >= 0).logicalAnd(target < length)
            return crossEntropy(logits.select(2, column), target.maskedFill(inside.logicalNot(), -100))
        }
        return (one(0, start) + one(1, end)) / 2
    }
}

/// What an encoder receives beside the tokens.
struct EncoderInputs {
    let context: TokenContext
    let tokenTypes: Tensor?
    let wantsHiddenStates: Bool
}

extension EncoderModel {
    /// Loads a model of this class from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    ///
    /// - Throws: Also ``ModelError`` if the folder has a model of another class.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> Self {
        try AutoModel.load(folder, dtype: dtype, device: device, ignoring: ignoring).cast(folder)
    }
}
