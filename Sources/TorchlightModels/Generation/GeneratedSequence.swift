import TorchlightCore

/// A sequence of tokens that a model generated.
public struct GeneratedSequence: Sendable {
    /// Why a sequence ended.
    public enum FinishReason: String, Sendable {
        /// An end token was chosen.
        case endToken
        /// The text contains a stop string.
        case stopString
        /// The maximum number of tokens was reached.
        case length
        /// The time is over.
        case time
        /// The receiver of the tokens ended the generation.
        case cancelled
    }

    /// A token with the logarithm of its probability.
    public struct TokenProbability: Sendable, Equatable {
        /// The token.
        public let token: Int
        /// The natural logarithm of its probability, as the model computed it, before penalties and temperature.
        public let logProbability: Double
    }

    /// The log probabilities of a generated token.
    public struct LogProbabilities: Sendable, Equatable {
        /// The token that was chosen.
        public let chosen: TokenProbability
        /// The most probable tokens, most probable first.
        public let top: [TokenProbability]
    }

    /// The index of the prompt.
    public internal(set) var promptIndex: Int
    /// The generated tokens, with the end token if one was chosen.
    public internal(set) var tokens: [Int]
    /// Why the sequence ended.
    public internal(set) var finishReason = FinishReason.length
    /// The log probabilities of each generated token; empty unless ``GenerationOptions/logProbabilities`` is set.
    public internal(set) var logProbabilities: [LogProbabilities] = []
    /// The score of beam search: the sum of log probabilities divided by a power of the length. Nil without beams.
    public internal(set) var score: Double?
}

extension [GeneratedSequence] {
    /// The sequences after their prompts, `[N, T + generated]`, filled with the padding token.
    func tensor(after prompt: Tensor, pad: Int) -> Tensor {
        let length = map(\.tokens.count).max() ?? 0
        let padded = flatMap { sequence in
            sequence.tokens.map { Int64($0) }
                + Array<Int64>(repeating: Int64(pad), count: length - sequence.tokens.count)
        }
        let indices = Tensor(map { Int64($0.promptIndex) }, shape: [count], device: prompt.device)
        let prompts = count == prompt.shape[0] ? prompt.to(.int64) : prompt.to(.int64).indexSelect(0, indices)
        return cat([prompts, Tensor(padded, shape: [count, length], device: prompt.device)], dim: 1)
    }
}
