/// A generated text.
public struct GeneratedText: Sendable {
    /// The text, without the prompt, special tokens and stop strings.
    public var text: String
    /// The tokens, the finish reason, the score and the log-probabilities.
    public var sequence: GeneratedSequence
    /// The number of tokens of the prompt.
    public var promptTokenCount: Int
    /// The time until the first token, in seconds.
    public var promptSeconds: Double
    /// The time of the tokens after the first one, in seconds.
    public var seconds: Double

    /// The number of prompt tokens per second; 0 if the time is too short to measure.
    public var promptTokensPerSecond: Double { promptSeconds > 0 ? Double(promptTokenCount) / promptSeconds : 0 }
    /// The number of generated tokens per second, without the first one; 0 if there are fewer than two.
    public var tokensPerSecond: Double {
        sequence.tokens.count > 1 && seconds > 0 ? Double(sequence.tokens.count - 1) / seconds : 0
    }
}
