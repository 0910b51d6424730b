import Foundation
import TorchlightCore

/// Changes the scores of the next token as ``GenerationOptions`` say, and chooses a token.
struct TokenScores {
    let options: GenerationOptions
    private let suppressed: [Int]
    private let endTokens: Set<Int>

    init(_ options: GenerationOptions) {
        self.options = options
        suppressed = options.suppressedTokens
        endTokens = Set(options.endTokens)
    }

    /// Whether the choice is the largest score of the model.
    var isPlainGreedy: Bool {
        options.temperature == nil && !hasRules && options.minNewTokens == 0 && options.suppressedFirstTokens.isEmpty
    }

    private var hasRules: Bool {
        options.repetitionPenalty != 1 || options.presencePenalty != 0 || options.frequencyPenalty != 0
            || options.noRepeatNgramSize > 0 || !suppressed.isEmpty
    }

    /// Forbids and penalises tokens, in place.
    ///
    /// - Parameters:
    ///   - scores: The scores of the vocabulary.
    ///   - sequence: The tokens before: prompt and generated ones.
    ///   - generated: The number of generated tokens.
    func applyRules(_ scores: inout [Float], sequence: [Int], generated: Int) {
        if options.repetitionPenalty != 1 {
            let penalty = Float(options.repetitionPenalty)
            for token in Set(sequence) where scores.indices.contains(token) {
                scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty
            }
        }
        if options.presencePenalty != 0 || options.frequencyPenalty != 0 {
            var counts: [Int: Int] = [:]
            for token in sequence.suffix(generated) { counts[token, default: 0] += 1 }
            for (token, count) in counts where scores.indices.contains(token) {
                scores[token] -= Float(options.presencePenalty + options.frequencyPenalty * Double(count))
            }
        }
        for token in bannedByRepetition(sequence) where scores.indices.contains(token) { scores[token] = -.infinity }
        if generated < options.minNewTokens { for token in endTokens { scores[token] = -.infinity } }
        for token in suppressed { scores[token] = -.infinity }
        if generated == 0 { for token in options.suppressedFirstTokens { scores[token] = -.infinity } }
    }

    /// The tokens that would end a sequence of `noRepeatNgramSize` tokens that occurred before.
    private func bannedByRepetition(_ sequence: [Int]) -> [Int] {
        let size = options.noRepeatNgramSize
        guard size > 0, sequence.count + 1 >= size else { return [] }
        let last = sequence.suffix(size - 1)
        var banned: [Int] = []
        for start in 0..<max(sequence.count - size + 1, 0) where sequence[start..<start + size - 1].elementsEqual(last)
        {
            banned.append(sequence[start + size - 1])
        }
        return banned
    }

    /// The index of the largest score; the first of equal ones.
    func best(_ scores: [Float]) -> Int {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return best
    }

    /// The indices of the largest scores, largest first; of equal scores, the first first.
    static func largest(_ scores: [Float], count: Int) -> [Int] {
        func isBefore(_ a: Int, _ b: Int) -> Bool { scores[a] != scores[b] ? scores[a] > scores[b] : a < b }
        // Sorting few of many costs less with a sorted list of the largest so far.
        guard count < scores.count / 16 else { return Array(scores.indices.sorted(by: isBefore).prefix(count)) }
        var top: [Int] = []
        for index in scores.indices {
            if top.count == count {
                guard isBefore(index, top[count - 1]) else { continue }
                top.removeLast()
            }
            var place = top.count
            while place > 0, isBefore(index, top[place - 1]) { place -= 1 }
            top.insert(index, at: place)
        }
        return top
    }

    /// Draws a token by temperature, top-k, top-p, min-p and typical sampling.
    ///
    /// - Parameter uniform: A random number from 0 to 1, excluding 1.
    func sample(_ scores: [Float], uniform: Double) -> Int {
        let temperature = options.temperature ?? 1
        var candidates = Self.largest(scores, count: options.topK ?? scores.count)
        candidates.removeAll { scores[$0] == -.infinity }
        if candidates.isEmpty { return best(scores) }
        /// The probabilities of the candidates, which are sorted.
        func probabilities() -> [Double] {
            let highest = candidates.lazy.map { Double(scores[$0]) / temperature }.max() ?? 0
            let weights = candidates.map { exp(Double(scores[$0]) / temperature - highest) }
            let sum = weights.reduce(0, +)
            return weights.map { $0 / sum }
        }
        if options.topP < 1 {
            candidates.removeLast(candidates.count - Self.count(probabilities(), reaching: options.topP))
        }
        if options.minP > 0 {
            let p = probabilities()
            candidates = zip(candidates, p).filter { $1 >= options.minP * p[0] }.map(\.0)
        }
        if options.typicalP < 1 { keepTypical(&candidates, probabilities()) }
        var rest = uniform
        let p = probabilities()
        for (candidate, probability) in zip(candidates, p) {
            rest -= probability
            if rest < 0 { return candidate }
        }
        return candidates.last!
    }

    /// The number of first probabilities that add up to at least a sum; at least 1.
    private static func count(_ probabilities: [Double], reaching sum: Double) -> Int {
        var total = 0.0
        for (index, probability) in probabilities.enumerated() {
            total += probability
            if total >= sum { return index + 1 }
        }
        return probabilities.count
    }

    private func keepTypical(_ candidates: inout [Int], _ p: [Double]) {
        let entropy = p.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
        let order = p.indices.sorted { abs(-log(p[$0]) - entropy) < abs(-log(p[$1]) - entropy) }
        let count = Self.count(order.map { p[$0] }, reaching: options.typicalP)
        // Sampling expects the candidates in the order of their scores.
        candidates = order.prefix(count).sorted().map { candidates[$0] }
    }

    /// Whether a token ends its sequence.
    func ends(_ token: Int) -> Bool { endTokens.contains(token) }
}
