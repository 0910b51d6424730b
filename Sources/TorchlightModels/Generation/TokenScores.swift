import Glibc
import TorchlightCore

/// Modifies the logits of the next token according to ``GenerationOptions``.
struct TokenScores {
    let options: GenerationOptions
    private let endTokens: Set<Int>
    /// The tokens of the encoder input of each prompt, or of the prompt without an encoder.
    let sources: [[Int]]
    private let sourceNgrams: [[ArraySlice<Int>: [Int]]]
    private let badWords: [[Int]]

    /// - Parameter sources: The tokens of the encoder inputs, or of the prompts without an encoder.
    init(_ options: GenerationOptions, sources: [[Int]] = []) {
        self.options = options
        endTokens = Set(options.endTokens)
        self.sources = sources
        let size = options.encoderNoRepeatNgramSize
        sourceNgrams = size > 0 ? sources.map { Self.ngrams($0, size: size) } : []
        // As in transformers, a bad word that is only an end token is ignored.
        badWords = options.badWords.filter { word in !(word.count == 1 && options.endTokens.contains(word[0])) }
    }

    /// Whether the next token is the one with the largest logit of the model.
    var isPlainGreedy: Bool { options.temperature == nil && !hasRules }

    private var hasRules: Bool {
        options.repetitionPenalty != 1 || options.encoderRepetitionPenalty != 1 || options.presencePenalty != 0
            || options.frequencyPenalty != 0 || options.noRepeatNgramSize > 0 || options.encoderNoRepeatNgramSize > 0
            || !badWords.isEmpty || !options.sequenceBias.isEmpty || !options.suppressedTokens.isEmpty
            || !options.suppressedFirstTokens.isEmpty || options.forcedFirstToken != nil
            || !options.forcedEndTokens.isEmpty || !options.forcedTokens.isEmpty || options.lengthDecay != nil
            || options.minNewTokens > 0 || options.replacesInvalidScores
    }

    /// Applies the rules that forbid, force and penalise tokens, in place.
    ///
    /// - Parameters:
    ///   - scores: The logits of the vocabulary.
    ///   - sequence: The previous tokens, of the prompt and generated.
    ///   - generated: The number of generated tokens.
    ///   - prompt: The index of the prompt, for its source. Default: 0.
    func applyRules(_ scores: inout [Float], sequence: [Int], generated: Int, prompt: Int = 0) {
        applySequenceBias(&scores, sequence)
        if options.encoderRepetitionPenalty != 1, prompt < sources.count {
            penalize(&scores, sources[prompt], 1 / Float(options.encoderRepetitionPenalty))
        }
        if options.repetitionPenalty != 1 { penalize(&scores, sequence, Float(options.repetitionPenalty)) }
        if options.presencePenalty != 0 || options.frequencyPenalty != 0 {
            var counts: [Int: Int] = [:]
            for token in sequence.suffix(generated) { counts[token, default: 0] += 1 }
            for (token, count) in counts where scores.indices.contains(token) {
                scores[token] -= Float(options.presencePenalty + options.frequencyPenalty * Double(count))
            }
        }
        for token in bannedByRepetition(sequence) where scores.indices.contains(token) { scores[token] = -.infinity }
        if prompt < sourceNgrams.count, sequence.count + 1 >= options.encoderNoRepeatNgramSize {
            let last = sequence.suffix(options.encoderNoRepeatNgramSize - 1)
            for token in sourceNgrams[prompt][last] ?? [] where scores.indices.contains(token) {
                scores[token] = -.infinity
            }
        }
        for word in badWords where sequence.suffix(word.count - 1).elementsEqual(word.dropLast()) {
            scores[word[word.count - 1]] = -.infinity
        }
        if generated < options.minNewTokens { forbid(options.endTokens, &scores) }
        if let token = options.forcedFirstToken, sequence.count == 1 { force([token], &scores) }
        if !options.forcedEndTokens.isEmpty, generated == options.maxNewTokens - 1 {
            force(options.forcedEndTokens, &scores)
        }
        if options.replacesInvalidScores { replaceInvalid(&scores) }
        if let decay = options.lengthDecay, generated > decay.start {
            let factor = Float(pow(decay.factor, Double(generated - decay.start)) - 1)
            for token in options.endTokens where scores[token].isFinite { scores[token] += abs(scores[token]) * factor }
        }
        forbid(options.suppressedTokens, &scores)
        // A forced first token precedes the first chosen one.
        let first = options.forcedFirstToken != nil && sequence.count - generated <= 1 ? 1 : 0
        if generated == first { forbid(options.suppressedFirstTokens, &scores) }
        if let token = options.forcedTokens[sequence.count] { force([token], &scores) }
    }

    private func forbid(_ tokens: [Int], _ scores: inout [Float]) {
        for token in tokens { scores[token] = -.infinity }
    }

    private func force(_ tokens: [Int], _ scores: inout [Float]) {
        for index in scores.indices { scores[index] = -.infinity }
        for token in tokens { scores[token] = 0 }
    }

    private func penalize(_ scores: inout [Float], _ tokens: [Int], _ penalty: Float) {
        for token in Set(tokens) where scores.indices.contains(token) {
            scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty
        }
    }

    private func applySequenceBias(_ scores: inout [Float], _ sequence: [Int]) {
        for (tokens, bias) in options.sequenceBias
        where tokens.count - 1 <= sequence.count && sequence.suffix(tokens.count - 1).elementsEqual(tokens.dropLast()) {
            scores[tokens[tokens.count - 1]] += Float(bias)
        }
    }

    private func replaceInvalid(_ scores: inout [Float]) {
        let largest = Float.greatestFiniteMagnitude
        for index in scores.indices {
            let score = scores[index]
            scores[index] = score.isNaN ? 0 : min(max(score, -largest), largest)
        }
    }

    private static func ngrams(_ tokens: [Int], size: Int) -> [ArraySlice<Int>: [Int]] {
        var ngrams: [ArraySlice<Int>: [Int]] = [:]
        for start in 0..<max(tokens.count - size + 1, 0) {
            ngrams[tokens[start..<start + size - 1], default: []].append(tokens[start + size - 1])
        }
        return ngrams
    }

    /// The tokens that would complete an n-gram of `noRepeatNgramSize` tokens that occurred before.
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

    /// The largest logit h and the sum of exp(x − h) over all logits x: the probability of a token is exp(x − h)
    /// divided by the sum.
    static func exponentials(_ line: [Float]) -> (highest: Float, sum: Double) {
        let highest = line.max() ?? 0
        return (highest, line.reduce(0.0) { $0 + exp(Double($1 - highest)) })
    }

    /// Whether a token is an end token.
    func ends(_ token: Int) -> Bool { endTokens.contains(token) }
}
