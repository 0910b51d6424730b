import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The output of an encoder-decoder model.
public struct EncoderDecoderOutput: TensorStructure {
    /// The logits of the next token at each position of the decoder, `[N, T, vocabulary]`.
    public var logits: Tensor
    /// The output of the encoder, `[N, S, hidden size]`.
    public var encoderOutput: Tensor
    /// The embedding of the encoder input, then the output of each encoder block; the last one is the encoder output.
    /// Empty unless `hiddenStates` was true.
    public var encoderStates: [Tensor]
    /// The embedding of the decoder input, then the output of each decoder block; the last one is after the final
    /// normalisation. Empty unless `hiddenStates` was true.
    public var decoderStates: [Tensor]

    /// The tensors of the result.
    public var tensorSlots: [Tensor?] { [logits, encoderOutput] + encoderStates + decoderStates }

    /// The result with the first tensors of `slots`.
    public func replacingTensors(from slots: inout ArraySlice<Tensor?>) -> EncoderDecoderOutput {
        EncoderDecoderOutput(
            logits: logits.replacingTensors(from: &slots), encoderOutput: encoderOutput.replacingTensors(from: &slots),
            encoderStates: encoderStates.replacingTensors(from: &slots),
            decoderStates: decoderStates.replacingTensors(from: &slots))
    }

    /// Returns the mean cross entropy of labels `[N, T]`; labels of -100 are excluded. The decoder input must be the
    /// labels shifted to the right: ``EncoderDecoderModel/shiftedRight(_:)``.
    public func loss(_ labels: Tensor) -> Tensor {
        crossEntropy(logits.reshape([-1, logits.shape[2]]), labels.reshape([-1]))
    }
}

/// A model that encodes an input and generates text with a decoder.
///
///     let model = try T5.load("path/to/t5-small")
///     let tokens = try model.generate(input, attentionMask: mask)
open class EncoderDecoderModel: PretrainedModel {
    /// The number of tokens of the vocabulary.
    public var vocabularySize: Int { 0 }
    /// The largest sequence length of the decoder; nil if there is no limit.
    public var maxDecoderLength: Int? { nil }
    /// The first token of the decoder input.
    public final let startToken: Int
    /// The padding token.
    public final let padToken: Int

    init(configuration: JSON, startToken: Int, padToken: Int) {
        self.startToken = startToken
        self.padToken = padToken
        super.init(configuration: configuration)
    }

    /// Returns the output of the encoder, `[N, S, hidden size]`.
    ///
    /// - Parameter states: Receives the output of the embedding and of each block, unless it is nil.
    func encode(_ input: Tensor, attentionMask: Tensor?, states: inout [Tensor]?) -> Tensor { input }

    /// Returns the hidden states of the decoder after the final normalisation, `[N, T, hidden size]`.
    ///
    /// - Parameters:
    ///   - memory: The output of the encoder.
    ///   - memoryMask: 1 for tokens of the encoder input and 0 for padding, `[N, S]`.
    ///   - states: Receives the output of the embedding and of each block, unless it is nil.
    func decode(
        _ tokens: Tensor, _ context: TokenContext, memory: Tensor, memoryMask: Tensor?, states: inout [Tensor]?
    ) -> Tensor { tokens }

    /// Returns the logits for hidden states of the decoder.
    func logits(_ hidden: Tensor) -> Tensor { hidden }

    /// Runs the forward pass.
    ///
    /// - Parameters:
    ///   - input: The encoder input: tokens, int64 `[N, S]`, or features.
    ///   - attentionMask: 1 for tokens of the encoder input and 0 for padding, `[N, S]`. Default: no padding.
    ///   - decoderTokens: The decoder input, int64 `[N, T]`.
    ///   - decoderAttentionMask: 1 for tokens of the decoder input and 0 for padding, `[N, T]`. Default: no padding.
    ///   - hiddenStates: Whether to return the hidden states. Default: false.
    public final func callAsFunction(
        _ input: Tensor, attentionMask: Tensor? = nil, decoderTokens: Tensor, decoderAttentionMask: Tensor? = nil,
        hiddenStates: Bool = false
    ) -> EncoderDecoderOutput {
        scope(input, decoderTokens) { input, decoderTokens in
            if input.isPlaceholder || decoderTokens.isPlaceholder {
                return EncoderDecoderOutput(logits: input, encoderOutput: input, encoderStates: [], decoderStates: [])
            }
            var states: [Tensor]? = hiddenStates ? [] : nil
            let memory = encode(input, attentionMask: attentionMask, states: &states)
            var output = decoded(decoderTokens, memory, attentionMask, decoderAttentionMask, hiddenStates)
            output.encoderStates = states ?? []
            return output
        }
    }

    /// Returns the output of the encoder, `[N, S, hidden size]`.
    ///
    /// - Parameters:
    ///   - input: The encoder input: tokens, int64 `[N, S]`, or features.
    ///   - attentionMask: 1 for tokens of the encoder input and 0 for padding, `[N, S]`. Default: no padding.
    public final func encode(_ input: Tensor, attentionMask: Tensor? = nil) -> Tensor {
        scope(input) { input in
            if input.isPlaceholder { return input }
            var states: [Tensor]?
            return encode(input, attentionMask: attentionMask, states: &states)
        }
    }

    /// Runs the decoder on an encoder output.
    ///
    ///     let encoded = model.encode(input)
    ///     let logits = model(encoderOutput: encoded, decoderTokens: tokens).logits
    ///
    /// - Parameters:
    ///   - encoderOutput: The result of ``encode(_:attentionMask:)``, `[N, S, hidden size]`.
    ///   - attentionMask: 1 for tokens of the encoder input and 0 for padding, `[N, S]`. Default: no padding.
    ///   - decoderTokens: The decoder input, int64 `[N, T]`.
    ///   - decoderAttentionMask: 1 for tokens of the decoder input and 0 for padding, `[N, T]`. Default: no padding.
    ///   - hiddenStates: Whether to return the hidden states of the decoder. Default: false.
    public final func callAsFunction(
        encoderOutput: Tensor, attentionMask: Tensor? = nil, decoderTokens: Tensor,
        decoderAttentionMask: Tensor? = nil, hiddenStates: Bool = false
    ) -> EncoderDecoderOutput {
        scope(encoderOutput, decoderTokens) { memory, decoderTokens in
            if memory.isPlaceholder || decoderTokens.isPlaceholder {
                return EncoderDecoderOutput(logits: memory, encoderOutput: memory, encoderStates: [], decoderStates: [])
            }
            return decoded(decoderTokens, memory, attentionMask, decoderAttentionMask, hiddenStates)
        }
    }

    private func decoded(
        _ tokens: Tensor, _ memory: Tensor, _ memoryMask: Tensor?, _ mask: Tensor?, _ wantsStates: Bool
    ) -> EncoderDecoderOutput {
        var states: [Tensor]? = wantsStates ? [] : nil
        let context = TokenContext(tokens, attentionMask: mask, positions: nil, cache: nil)
        let hidden = decode(tokens, context, memory: memory, memoryMask: memoryMask, states: &states)
        return EncoderDecoderOutput(
            logits: logits(hidden), encoderOutput: memory, encoderStates: [], decoderStates: states ?? [])
    }

    /// Returns the decoder input for labels: the start token, then the labels without the last one, with -100 replaced
    /// by the padding token.
    ///
    /// - Parameter labels: Tokens, int64 `[N, T]`.
    public final func shiftedRight(_ labels: Tensor) -> Tensor {
        let start = Tensor.full([labels.shape[0], 1], startToken, dtype: labels.dtype, device: labels.device)
        let shifted = cat([start, labels.narrow(1, start: 0, length: labels.shape[1] - 1)], dim: 1)
        return shifted.maskedFill(shifted .== -100, padToken)
    }
}

extension EncoderDecoderModel {
    /// Loads a model of this class from a folder; see ``AutoModel/load(_:dtype:device:ignoring:dequantizing:)``.
    ///
    /// - Throws: Also ``ModelError`` if the folder has a model of another class.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> Self {
        try AutoModel.load(folder, dtype: dtype, device: device, ignoring: ignoring).cast(folder)
    }
}
