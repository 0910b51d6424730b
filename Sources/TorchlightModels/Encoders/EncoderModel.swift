import TorchlightCore
import TorchlightNN

/// The output of a text encoder.
public struct EncoderOutput: TensorStructure {
    /// The hidden states after the last block, `[N, T, hidden size]`.
    public var lastHiddenState: Tensor
    /// The output of the embedding, then of each block. Empty unless `hiddenStates` was true.
    public var hiddenStates: [Tensor]
    /// The pooled output, `[N, hidden size]`: the first token after a linear layer and tanh; nil if the model has no
    /// such layer.
    public var pooled: Tensor?
    /// The logits of the head: `[N, T, vocabulary]`, `[N, labels]` or `[N, T, labels]`; nil without a head.
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

/// The task of a text encoder, which determines its head.
public enum EncoderTask: Sendable, Equatable {
    /// No head: hidden states.
    case features
    /// Logits of the vocabulary at each position.
    case maskedLanguageModel
    /// Logits of the classes of the text.
    case sequenceClassification
    /// Logits of the classes of each token.
    case tokenClassification
    /// Logits of each token being the start and the end of the answer.
    case questionAnswering
    /// The logit of each token being replaced (the discriminator of ELECTRA).
    case replacedTokenDetection
}

/// A text encoder with bidirectional attention.
///
///     let model = try AutoModel.load("path/to/bert") as! EncoderModel
///     let output = model(tokens, attentionMask: mask)     // int64 [N, T] -> hidden states [N, T, hidden size]
open class EncoderModel: PretrainedModel {
    /// The task of the model's head.
    public var task: EncoderTask { .features }

    /// Runs the encoder and its head.
    func forward(_ tokens: Tensor, _ inputs: EncoderInputs) -> EncoderOutput { EncoderOutput(lastHiddenState: tokens) }

    /// Runs the forward pass.
    ///
    /// - Parameters:
    ///   - tokens: Indices of the vocabulary, int64 `[N, T]`.
    ///   - attentionMask: 1 for tokens and 0 for padding, `[N, T]`. Default: no padding.
    ///   - tokenTypes: The segment of each token, int64 `[N, T]`. Default: 0. Models without segments ignore it.
    ///   - hiddenStates: Whether to return the hidden states. Default: false.
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

    /// Returns the loss of the task: the mean cross entropy of the labels, without labels of -100. For a `problem_type`
    /// in the configuration, the mean squared error (regression) or the binary cross entropy (multi-label
    /// classification).
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

    /// Returns the loss of question answering: the mean of the cross entropies of start and end.
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
            // Positions outside the text are excluded.
            let inside = (target >= 0).logicalAnd(target < length)
            return crossEntropy(logits.select(2, column), target.maskedFill(inside.logicalNot(), -100))
        }
        return (one(0, start) + one(1, end)) / 2
    }
}

/// The inputs of an encoder other than the tokens.
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
