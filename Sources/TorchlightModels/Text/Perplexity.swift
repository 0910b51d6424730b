import Glibc
import TorchlightCore
import TorchlightNN
import TorchlightTokenizers

/// The perplexity of a text under a language model.
public struct Perplexity: Sendable, Equatable {
    /// The sum of the negative log-probabilities of the predicted tokens, in nats.
    public var totalLoss: Double
    /// The number of predicted tokens: all except the first.
    public var tokenCount: Int

    /// The mean negative log-probability of a token, in nats.
    public var meanLoss: Double { totalLoss / Double(tokenCount) }
    /// The perplexity: `exp(meanLoss)`.
    public var value: Double { exp(meanLoss) }
}

extension CausalModel {
    /// Returns the perplexity of a text: `exp` of the mean negative log-probability of each token given the tokens
    /// before it.
    ///
    /// A text longer than the window is split into windows that start `stride` tokens apart. Each token is predicted
    /// once, in the first window that contains it; its context has at least `window − stride` tokens, unless the text
    /// starts later.
    ///
    /// - Parameters:
    ///   - tokens: The tokens of the text, at least two.
    ///   - window: The maximum number of tokens of a forward pass. Default: the maximum length of the model, at most
    ///     1024.
    ///   - stride: The distance between the starts of windows. Default: half of the window.
    /// - Throws: ``ModelError`` if there are fewer than two tokens, or window or stride are out of range.
    public final func perplexity(_ tokens: [Int], window: Int? = nil, stride: Int? = nil) throws -> Perplexity {
        let window = window ?? min(maxLength ?? configuration["max_position_embeddings"]?.int ?? 1024, 1024)
        let stride = stride ?? max(window / 2, 1)
        guard tokens.count >= 2 else {
            throw ModelError("perplexity", "the text has \(quantity(tokens.count, "token"))", expected: "at least 2")
        }
        guard window >= 2, window <= maxLength ?? .max, stride >= 1, stride < window else {
            throw ModelError(
                "perplexity", "the window is \(window) and the stride \(stride)",
                expected: "a window of at least 2\(maxLength.map { " and at most \($0)" } ?? ""), and a shorter stride")
        }
        if let token = tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw ModelError("perplexity", "a token is \(token)", expected: "an index below \(vocabularySize)")
        }
        return try evaluating {
            var result = Perplexity(totalLoss: 0, tokenCount: 0)
            // The index of the first token that is not yet predicted.
            var next = 1
            for start in Swift.stride(from: 0, to: tokens.count, by: stride) where next < tokens.count {
                try Task.checkCancellation()
                let end = min(start + window, tokens.count)
                let logits = self(tensor(Array(tokens[start..<end]))).logits.squeeze(0)
                let first = next - start
                let scores = logits.narrow(0, start: first - 1, length: end - next)
                let targets = Tensor(
                    tokens[next..<end].map { Int64($0) }, shape: [end - next], device: logits.device)
                let loss = crossEntropy(scores.to(.float32), targets, reduction: .none).to(.float64).sum()
                result.totalLoss += loss.item()
                result.tokenCount += end - next
                next = end
            }
            return result
        }
    }
}

extension TextGenerator {
    /// Returns the perplexity of a text; see ``CausalModel/perplexity(_:window:stride:)``.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - window: The maximum number of tokens of a forward pass. Default: the maximum length of the model, at most
    ///     1024.
    ///   - stride: The distance between the starts of windows. Default: half of the window.
    /// - Throws: ``ModelError`` if the model is not a decoder or the text has fewer than two tokens.
    public func perplexity(_ text: String, window: Int? = nil, stride: Int? = nil) throws -> Perplexity {
        guard let model = model as? CausalModel else {
            throw ModelError("perplexity", "the model is a \(type(of: model))", expected: "a CausalModel")
        }
        return try model.perplexity(tokenizer.ids(text), window: window, stride: stride)
    }
}
