import TorchlightCore
import TorchlightIO
import TorchlightNN

/// The result of a forward pass of an encoder-decoder model.
public struct EncoderDecoderOutput: TensorStructure {
    /// The scores of the next token at each position of the decoder, `[N, T, vocabulary]`.
    public var logits: Tensor
    /// The output of the encoder, `[N, S, hidden size]`.
    public var encoderOutput: Tensor
    /// The embedding of the encoder's input, then the output of each of its blocks; the last one is the output. Empty unless
    /// they were asked for.
    public var encoderStates: [Tensor]
    /// The embedding of the decoder's input, then the output of each of its blocks; the last one is after the final
    /// normalisation. Empty unless they were asked for.
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

    /// The mean cross entropy of the labels, `[N, T]`, of which -100 are excluded. The decoder's input must be the labels
    /// shifted to the right: ``EncoderDecoderModel/shiftedRight(_:)``.
    public func loss(_ labels: Tensor) -> Tensor {
        crossEntropy(logits.reshape([-1, logits.shape[2]]), labels.reshape([-1]))
    }
}

/// A model that reads an input with an encoder and writes a text with a decoder.
///
///     let model = try T5.load("path/to/t5-small")
///     let tokens = try model.generate(input, attentionMask: mask)
open class EncoderDecoderModel: PretrainedModel {
    /// The number of tokens of the vocabulary.
    public var vocabularySize: Int { 0 }
    /// The longest text that the decoder's positions allow; nil if there is no such limit.
    public var maxDecoderLength: Int? { nil }
    /// The token with which the decoder begins.
    public final let startToken: Int
    /// The token that fills shorter sequences.
    public final let padToken: Int

    init(configuration: JSON, startToken: Int, padToken: Int) {
        self.startToken = startToken
        self.padToken = padToken
        super.init(configuration: configuration)
    }

    /// The output of the encoder, `[N, S, hidden size]`.
    ///
    /// - Parameter states: Receives the embedding and the output of each block, if it is not nil.
    func encode(_ input: Tensor, attentionMask: Tensor?, states: inout [Tensor]?) -> Tensor { input }

    /// The hidden states of the decoder after the final normalisation, `[N, T, hidden size]`.
    ///
    /// - Parameters:
    ///   - memory: The output of the encoder.
    ///   - memoryMask: 1 for the encoder's tokens and 0 for padding, `[N, S]`.
    ///   - states: Receives the embedding and the output of each block, if it is not nil.
    func decode(
        _ tokens: Tensor, _ context: TokenContext, memory: Tensor, memoryMask: Tensor?, states: inout [Tensor]?
    ) -> Tensor { tokens }

    /// The scores of the vocabulary for hidden states of the decoder.
    func logits(_ hidden: Tensor) -> Tensor { hidden }

    /// The forward pass.
    ///
    /// - Parameters:
    ///   - input: The encoder's input: tokens, int64 `[N, S]`, or features.
    ///   - attentionMask: 1 for the encoder's tokens and 0 for padding, `[N, S]`. Default: no padding.
    ///   - decoderTokens: The decoder's input, int64 `[N, T]`.
    ///   - decoderAttentionMask: 1 for the decoder's tokens and 0 for padding, `[N, T]`. Default: no padding.
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

    /// The output of the encoder alone, `[N, S, hidden size]`.
    ///
    /// - Parameters:
    ///   - input: The encoder's input: tokens, int64 `[N, S]`, or features.
    ///   - attentionMask: 1 for the encoder's tokens and 0 for padding, `[N, S]`. Default: no padding.
    public final func encode(_ input: Tensor, attentionMask: Tensor? = nil) -> Tensor {
        scope(input) { input in
            if input.isPlaceholder { return input }
            var states: [Tensor]?
            return encode(input, attentionMask: attentionMask, states: &states)
        }
    }

    /// The forward pass of the decoder on an output of the encoder.
    ///
    ///     let encoded = model.encode(input)
    ///     let logits = model(encoderOutput: encoded, decoderTokens: tokens).logits
    ///
    /// - Parameters:
    ///   - encoderOutput: What ``encode(_:attentionMask:)`` returns, `[N, S, hidden size]`.
    ///   - attentionMask: 1 for the encoder's tokens and 0 for padding, `[N, S]`. Default: no padding.
    ///   - decoderTokens: The decoder's input, int64 `[N, T]`.
    ///   - decoderAttentionMask: 1 for the decoder's tokens and 0 for padding, `[N, T]`. Default: no padding.
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

    /// The decoder's input for labels: the start token, then the labels without the last one, -100 replaced by the padding
    /// token.
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
