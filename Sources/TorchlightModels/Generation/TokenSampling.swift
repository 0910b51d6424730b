import Glibc
import TorchlightCore

/// The tokens to sample from, in order of decreasing probability, with their probabilities.
struct TokenCandidates {
    var tokens: [Int]
    var probabilities: [Double]

    /// The token for a uniform random number in [0, 1).
    func sample(_ uniform: Double) -> Int {
        var rest = uniform
        for (token, probability) in zip(tokens, probabilities) {
            rest -= probability
            if rest < 0 { return token }
        }
        // The probabilities may sum to less than 1 because of rounding.
        return tokens[tokens.count - 1]
    }

    /// The probability of a token; 0 if it is not a candidate.
    func probability(of token: Int) -> Double {
        zip(tokens, probabilities).first { $0.0 == token }?.1 ?? 0
    }
}

extension TokenScores {
    /// The index of the largest logit; the first one for ties.
    func best(_ scores: [Float]) -> Int {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return best
    }

    /// The indices of the largest logits, in decreasing order; ties in order of index.
    static func largest(_ scores: [Float], count: Int) -> [Int] {
        func isBefore(_ a: Int, _ b: Int) -> Bool { scores[a] != scores[b] ? scores[a] > scores[b] : a < b }
        // For a small count, insertion into a sorted list is faster than sorting all.
        guard count < scores.count / 16 else { return Array(scores.indices.sorted(by: isBefore).prefix(count)) }
        var top: [Int] = []
        for index in scores.indices {
            if top.count == count {
                guard isBefore(index, top[count - 1]) else { continue }
                top.removeLast()
            }
            var position = top.count
            while position > 0, isBefore(index, top[position - 1]) { position -= 1 }
            top.insert(index, at: position)
        }
        return top
    }

    /// Draws a token by temperature, top-h, top-k, top-p, min-p, typical, epsilon and eta sampling.
    ///
    /// - Parameter uniform: A uniform random number in [0, 1).
    func sample(_ scores: [Float], uniform: Double) -> Int { candidates(scores).sample(uniform) }

    /// The tokens to sample from; without a temperature only the most probable one.
    ///
    /// - Parameter keeping: The minimum number of candidates, whatever the options. Default: 1.
    func candidates(_ scores: [Float], keeping minimum: Int = 1) -> TokenCandidates {
        guard let temperature = options.temperature else {
            return TokenCandidates(tokens: [best(scores)], probabilities: [1])
        }
        let limit = max(options.topK ?? scores.count, minimum)
        var tokens = Self.largest(scores, count: options.topH == nil ? limit : max(limit, min(100, scores.count)))
        tokens.removeAll { scores[$0] == -.infinity || scores[$0].isNaN }
        guard !tokens.isEmpty else { return TokenCandidates(tokens: [best(scores)], probabilities: [1]) }
        /// The probabilities of the candidates, which are sorted.
        func probabilities() -> [Double] {
            let highest = Double(scores[tokens[0]]) / temperature
            let weights = tokens.map { exp(Double(scores[$0]) / temperature - highest) }
            let sum = weights.reduce(0, +)
            return weights.map { $0 / sum }
        }
        func keep(_ count: Int) {
            let count = max(count, minimum)
            if count < tokens.count { tokens.removeLast(tokens.count - count) }
        }
        if let topH = options.topH {
            keep(Self.countOfEntropy(Array(probabilities().prefix(100)), fraction: topH))
            keep(limit)
        }
        if options.topP < 1 { keep(Self.count(probabilities(), reaching: options.topP)) }
        if options.minP > 0 {
            let p = probabilities()
            keep(p.prefix { $0 >= options.minP * p[0] }.count)
        }
        if options.typicalP < 1 { keepTypical(&tokens, probabilities(), minimum: minimum) }
        if options.epsilonCutoff > 0 { keep(probabilities().prefix { $0 >= options.epsilonCutoff }.count) }
        if options.etaCutoff > 0 {
            let p = probabilities()
            let eta = min(options.etaCutoff, options.etaCutoff.squareRoot() * exp(-Self.entropy(p)))
            keep(p.prefix { $0 >= eta }.count)
        }
        return TokenCandidates(tokens: tokens, probabilities: probabilities())
    }

    /// The smallest number of leading probabilities that sum to at least `sum`; at least 1.
    private static func count(_ probabilities: [Double], reaching sum: Double) -> Int {
        var total = 0.0
        for (index, probability) in probabilities.enumerated() {
            total += probability
            if total >= sum { return index + 1 }
        }
        return probabilities.count
    }

    private static func entropy(_ p: [Double]) -> Double { p.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 } }

    /// The number of leading tokens whose entropy terms sum to at most a fraction of the entropy.
    private static func countOfEntropy(_ probabilities: [Double], fraction: Double) -> Int {
        let sum = probabilities.reduce(0, +)
        let p = probabilities.map { $0 / sum }
        let bound = entropy(p) * fraction
        var total = 0.0
        for (index, probability) in p.enumerated() {
            if probability > 0 { total -= probability * log(probability) }
            if total > bound { return index }
        }
        return p.count
    }

    private func keepTypical(_ tokens: inout [Int], _ p: [Double], minimum: Int) {
        let entropy = Self.entropy(p)
        let order = p.indices.sorted { abs(-log(p[$0]) - entropy) < abs(-log(p[$1]) - entropy) }
        let count = max(Self.count(order.map { p[$0] }, reaching: options.typicalP), minimum)
        // Sampling requires the candidates in the order of their logits.
        tokens = order.prefix(count).sorted().map { tokens[$0] }
    }
}
