import TorchlightCore

/// A generated sequence of tokens.
public struct GeneratedSequence: Sendable {
    /// The reason that a sequence ended.
    public enum FinishReason: String, Sendable {
        /// An end token was chosen.
        case endToken
        /// The text contains a stop string.
        case stopString
        /// The maximum number of tokens was reached.
        case length
        /// The maximum time was reached.
        case time
        /// The receiver of the tokens stopped the generation.
        case cancelled
    }

    /// A token and its log-probability.
    public struct TokenProbability: Sendable, Equatable {
        /// The token.
        public let token: Int
        /// The natural logarithm of the probability in the output of the model, before penalties and temperature.
        public let logProbability: Double
    }

    /// The log-probabilities of a generated token.
    public struct LogProbabilities: Sendable, Equatable {
        /// The chosen token.
        public let chosen: TokenProbability
        /// The most probable tokens, most probable first.
        public let top: [TokenProbability]
    }

    /// The index of the prompt.
    public internal(set) var promptIndex: Int
    /// The generated tokens, including the end token if one was chosen.
    public internal(set) var tokens: [Int]
    /// The reason that the sequence ended.
    public internal(set) var finishReason = FinishReason.length
    /// The log-probabilities of each generated token; empty unless ``GenerationOptions/logProbabilities`` is set.
    public internal(set) var logProbabilities: [LogProbabilities] = []
    /// The beam search score: the sum of log-probabilities divided by a power of the length. nil without beam search.
    public internal(set) var score: Double?
}

extension [GeneratedSequence] {
    /// The sequences after their prompts, `[N, T + generated]`, padded with the padding token.
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
