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
            var encoderStates: [Tensor]? = hiddenStates ? [] : nil
            var decoderStates: [Tensor]? = hiddenStates ? [] : nil
            let memory = encode(input, attentionMask: attentionMask, states: &encoderStates)
            let context = TokenContext(
                decoderTokens, attentionMask: decoderAttentionMask, positions: nil, cache: nil)
            let hidden = decode(
                decoderTokens, context, memory: memory, memoryMask: attentionMask, states: &decoderStates)
            return EncoderDecoderOutput(
                logits: logits(hidden), encoderOutput: memory, encoderStates: encoderStates ?? [],
                decoderStates: decoderStates ?? [])
        }
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

    /// Generates a text for a batch of inputs.
    ///
    /// - Parameters:
    ///   - input: The encoder's input: tokens, int64 `[N, S]`, or features.
    ///   - attentionMask: 1 for the encoder's tokens and 0 for padding, `[N, S]`. Default: no padding.
    ///   - decoderPrompt: The first tokens of the decoder, int64 `[N, T]`. Default: the start token.
    ///   - options: How tokens are chosen. Default: those of the model's files.
    /// - Returns: The decoder's prompt and the generated tokens, `[N, T + generated]`.
    /// - Throws: ``ModelError`` if an option is out of range.
    public final func generate(
        _ input: Tensor, attentionMask: Tensor? = nil, decoderPrompt: Tensor? = nil, options: GenerationOptions? = nil
    ) throws -> Tensor {
        let options = options ?? generationOptions()
        try options.check(vocabulary: vocabularySize)
        let prompt =
            decoderPrompt ?? Tensor.full([input.shape[0], 1], startToken, dtype: .int64, device: input.device)
        guard prompt.rank == 2, prompt.shape[0] == input.shape[0], prompt.shape[1] > 0 else {
            throw ModelError(
                "generate", "the decoder's prompt has the shape \(prompt.shape)", expected: "[\(input.shape[0]), T]")
        }
        if let limit = maxDecoderLength, prompt.shape[1] + options.maxNewTokens > limit {
            throw ModelError(
                "generate",
                "\(prompt.shape[1]) tokens and \(options.maxNewTokens) new ones are longer than the decoder's positions",
                expected: "at most \(limit) tokens")
        }
        return try evaluating {
            var states: [Tensor]?
            let memory = encode(input, attentionMask: attentionMask, states: &states)
            let session = EncoderDecoderSession(self, memory: memory, memoryMask: attentionMask)
            let sequences = CausalModel.sequences(prompt, nil)
            if options.beamCount > 1 {
                return try BeamSearch(options, session, prompt: prompt, sequences: sequences).run(prompt: prompt)
            }
            var loop = TokenLoop(options, session, prompt: prompt, sequences: sequences)
            var columns = [prompt.to(.int64)]
            while !loop.isDone {
                try Task.checkCancellation()
                let chosen = loop.step()
                columns.append(Tensor(chosen.map { Int64($0) }, shape: [chosen.count, 1], device: prompt.device))
            }
            return cat(columns, dim: 1)
        }
    }
}

/// The state of generation of an encoder-decoder model.
private final class EncoderDecoderSession: DecodingSession {
    private let model: EncoderDecoderModel
    private let cache = KeyValueCache()
    private var memory: Tensor
    private var memoryMask: Tensor?

    init(_ model: EncoderDecoderModel, memory: Tensor, memoryMask: Tensor?) {
        self.model = model
        self.memory = memory
        self.memoryMask = memoryMask
    }

    func next(_ tokens: Tensor) -> Tensor {
        let context = TokenContext(tokens, attentionMask: nil, positions: nil, cache: cache)
        var states: [Tensor]?
        let hidden = model.decode(tokens, context, memory: memory, memoryMask: memoryMask, states: &states)
        cache.length += context.length
        return model.logits(hidden.narrow(1, start: hidden.shape[1] - 1, length: 1)).squeeze(1)
    }

    func reorder(_ indices: Tensor) {
        cache.reorder(indices)
        memory = memory.indexSelect(0, indices)
        memoryMask = memoryMask?.indexSelect(0, indices)
    }
}

extension EncoderDecoderModel {
    /// Loads a model of this class from a folder; see ``AutoModel/load(_:dtype:device:ignoring:)``.
    ///
    /// - Throws: Also ``ModelError`` if the folder has a model of another class.
    public static func load(
        _ folder: String, dtype: DType? = .float32, device: Device = .current, ignoring: Set<String> = []
    ) throws -> Self {
        try AutoModel.load(folder, dtype: dtype, device: device, ignoring: ignoring).cast(folder)
    }
}
