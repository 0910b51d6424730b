/// A text that a model generated.
public struct GeneratedText: Sendable {
    /// The text, without the prompt, special tokens and stop strings.
    public var text: String
    /// The tokens, why the text ended, scores and log probabilities.
    public var sequence: GeneratedSequence
    /// The number of tokens of the prompt.
    public var promptTokenCount: Int
    /// The time in seconds until the first token.
    public var promptSeconds: Double
    /// The time in seconds of the tokens after the first one.
    public var seconds: Double

    /// Tokens of the prompt for each second; 0 if the time is too short to measure.
    public var promptTokensPerSecond: Double { promptSeconds > 0 ? Double(promptTokenCount) / promptSeconds : 0 }
    /// Generated tokens for each second, without the first one; 0 if there are fewer than two.
    public var tokensPerSecond: Double {
        sequence.tokens.count > 1 && seconds > 0 ? Double(sequence.tokens.count - 1) / seconds : 0
    }
}
