import Glibc

/// Trains a unigram model (Kudo, 2018, https://arxiv.org/abs/1804.10959): starts with all frequent parts of words, estimates their
/// probabilities by expectation maximisation, and drops those whose loss changes the likelihood least, until the size fits.
struct UnigramTrainer: ModelTrainer {
    private let options: Tokenizer.TrainingOptions
    private let byteFallback: Bool
    /// The maximum number of seed pieces, as in SentencePiece.
    private static let seedSize = 1_000_000

    init(_ options: Tokenizer.TrainingOptions, byteFallback: Bool) {
        self.options = options
        self.byteFallback = byteFallback
    }

    private struct Piece {
        var text: [UInt8]
        var score: Double
    }

    func train(_ words: [(word: [UInt8], count: Int)]) throws(TokenizerError) -> Model {
        var required: [[UInt8]: Int] = [:]
        for (word, count) in words {
            for character in Self.characters(word) { required[character, default: 0] += count }
        }
        for scalar in options.initialAlphabet { required[Array(String(scalar).utf8), default: 0] += 0 }
        let special = options.specialTokens.count + (byteFallback ? 256 : 0)
        guard required.count + special <= options.vocabularySize else {
            throw TokenizerError(
                "train",
                "a vocabulary of \(options.vocabularySize) tokens for \(required.count) characters and \(special) special tokens",
                expected: "at least \(required.count + special) tokens")
        }
        guard options.shrinkingFactor > 0, options.shrinkingFactor < 1, 1...100 ~= options.passes,
            options.longestPiece > 0
        else {
            throw TokenizerError(
                "train", "a shrinking factor of \(options.shrinkingFactor) and \(options.passes) passes",
                expected: "a factor between 0 and 1, 1 to 100 passes and pieces of at least one character")
        }
        var pieces = seed(words, required)
        let desired = options.vocabularySize * 11 / 10
        while true {
            for _ in 0..<options.passes { pieces = maximize(pieces, expectations(pieces, words)) }
            guard pieces.count > desired else { break }
            let before = pieces.count
            pieces = prune(pieces, words, to: max(desired, Int(Double(pieces.count) * options.shrinkingFactor)))
            if pieces.count >= before { break }
        }
        return .unigram(finish(pieces, required, size: options.vocabularySize - special))
    }

    private static func characters(_ word: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var position = 0
        while position < word.count {
            let length = UTF8Text.length(word[position])
            result.append(Array(word[position..<position + length]))
            position += length
        }
        return result
    }

    /// All characters, and the substrings of words that occur more than once, by frequency times length.
    private func seed(_ words: [(word: [UInt8], count: Int)], _ required: [[UInt8]: Int]) -> [Piece] {
        var counts: [ArraySlice<UInt8>: Int] = [:]
        for (word, count) in words {
            var starts = word.indices.filter { word[$0] & 0xC0 != 0x80 }
            starts.append(word.count)
            for first in 0..<starts.count - 1 {
                for length in stride(from: 2, through: min(options.longestPiece, starts.count - 1 - first), by: 1) {
                    counts[word[starts[first]..<starts[first + length]], default: 0] += count
                }
            }
        }
        var parts = counts.filter { $0.value > 1 }.map { part, count in
            let length = part.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
            return Piece(text: Array(part), score: Double(count * length))
        }
        parts.sort { $0.score != $1.score ? $0.score > $1.score : $0.text.lexicographicallyPrecedes($1.text) }
        let characters = required.map { Piece(text: $0.key, score: Double(max($0.value, 1))) }
            .sorted { $0.score != $1.score ? $0.score > $1.score : $0.text.lexicographicallyPrecedes($1.text) }
        var pieces = characters + parts.prefix(max(Self.seedSize - characters.count, 0))
        let sum = log(pieces.reduce(0) { $0 + $1.score })
        for index in pieces.indices { pieces[index].score = log(pieces[index].score) - sum }
        return pieces
    }

    // MARK: Lattices

    private static func trie(_ pieces: [Piece]) -> ByteTrie {
        ByteTrie(pieces.enumerated().map { ($0.element.text, Int32($0.offset)) })
    }

    /// The pieces that start at each position of a word, as id and end.
    private static func edges(_ word: [UInt8], _ trie: ByteTrie, without excluded: Int32 = -1) -> [[(Int32, Int)]] {
        word.withUnsafeBufferPointer { bytes in
            var edges = [[(Int32, Int)]](repeating: [], count: bytes.count)
            for start in bytes.indices where bytes[start] & 0xC0 != 0x80 {
                trie.prefixes(of: bytes, from: start) { id, length in
                    if id != excluded { edges[start].append((id, start + length)) }
                }
            }
            return edges
        }
    }

    /// The best segmentation of a word; empty if there is none.
    private static func best(_ count: Int, _ edges: [[(Int32, Int)]], _ pieces: [Piece]) -> [Int32] {
        var scores = [Double](repeating: -.infinity, count: count + 1)
        var back = [(Int32, Int)](repeating: (-1, -1), count: count + 1)
        scores[0] = 0
        for start in 0..<count where scores[start] > -.infinity {
            for (id, end) in edges[start] where scores[start] + pieces[Int(id)].score > scores[end] {
                scores[end] = scores[start] + pieces[Int(id)].score
                back[end] = (id, start)
            }
        }
        guard back[count].1 >= 0 else { return [] }
        var path: [Int32] = []
        var end = count
        while end > 0 {
            path.append(back[end].0)
            end = back[end].1
        }
        return path.reversed()
    }

    private static func logSum(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity { return b }
        let (high, low) = (max(a, b), min(a, b))
        return high + log1p(exp(low - high))
    }

    /// The E step: the expected number of occurrences of each piece.
    private func expectations(_ pieces: [Piece], _ words: [(word: [UInt8], count: Int)]) -> [Double] {
        let trie = Self.trie(pieces)
        var expected = [Double](repeating: 0, count: pieces.count)
        for (word, frequency) in words {
            let edges = Self.edges(word, trie)
            let count = word.count
            var forward = [Double](repeating: -.infinity, count: count + 1)
            var backward = forward
            forward[0] = 0
            backward[count] = 0
            for start in 0..<count where forward[start] > -.infinity {
                for (id, end) in edges[start] {
                    forward[end] = Self.logSum(forward[end], forward[start] + pieces[Int(id)].score)
                }
            }
            guard forward[count] > -.infinity else { continue }
            for start in stride(from: count - 1, through: 0, by: -1) {
                for (id, end) in edges[start] {
                    backward[start] = Self.logSum(backward[start], pieces[Int(id)].score + backward[end])
                }
            }
            for start in 0..<count where forward[start] > -.infinity {
                for (id, end) in edges[start] {
                    let logarithm = forward[start] + pieces[Int(id)].score + backward[end] - forward[count]
                    expected[Int(id)] += Double(frequency) * exp(logarithm)
                }
            }
        }
        return expected
    }

    /// The M step: new scores from expected counts; rare pieces are removed. The digamma function instead of the
    /// logarithm makes the probabilities sparse (variational Bayes).
    private func maximize(_ pieces: [Piece], _ expected: [Double]) -> [Piece] {
        var kept: [Piece] = []
        var sum = 0.0
        for (piece, count) in zip(pieces, expected) where count >= 0.5 {
            kept.append(Piece(text: piece.text, score: count))
            sum += count
        }
        let total = Self.digamma(sum)
        for index in kept.indices { kept[index].score = Self.digamma(kept[index].score) - total }
        return kept
    }

    private static func digamma(_ value: Double) -> Double {
        var (x, result) = (value, 0.0)
        while x < 7 {
            result -= 1 / x
            x += 1
        }
        x -= 0.5
        let square = 1 / (x * x)
        let fourth = square * square
        return result + log(x) + square / 24 - 7 / 960 * fourth + 31 / 8064 * fourth * square
            - 127 / 30720 * fourth * fourth
    }

    /// Keeps the pieces whose removal would reduce the likelihood of the text most.
    private func prune(_ pieces: [Piece], _ words: [(word: [UInt8], count: Int)], to size: Int) -> [Piece] {
        let trie = Self.trie(pieces)
        // The segmentation of each piece without itself.
        var alternatives = [[Int32]](repeating: [], count: pieces.count)
        var isNeeded = [Bool](repeating: true, count: pieces.count)
        for (id, piece) in pieces.enumerated() {
            let edges = Self.edges(piece.text, trie)
            if Self.best(piece.text.count, edges, pieces).count > 1 {
                isNeeded[id] = false
                continue
            }
            let without = edges.map { $0.filter { $0.0 != Int32(id) } }
            alternatives[id] = Self.best(piece.text.count, without, pieces)
        }
        var frequency = [Double](repeating: 0, count: pieces.count)
        var total = 0.0
        for (word, count) in words {
            total += Double(count)
            for id in Self.best(word.count, Self.edges(word, trie), pieces) { frequency[Int(id)] += Double(count) }
        }
        let sum = frequency.reduce(0, +)
        let logSum = log(sum)
        var kept: [Int] = []
        var candidates: [(id: Int, loss: Double)] = []
        for id in pieces.indices {
            if frequency[id] == 0, !isNeeded[id] { continue }
            if alternatives[id].isEmpty {
                kept.append(id)
                continue
            }
            guard frequency[id] > 0 else { continue }
            let own = log(frequency[id]) - logSum
            let logAlternatives = log(sum + frequency[id] * Double(alternatives[id].count - 1))
            let other = alternatives[id].reduce(0) { $0 + log(frequency[Int($1)] + frequency[id]) - logAlternatives }
            candidates.append((id, frequency[id] / total * (own - other)))
        }
        candidates.sort { $0.loss != $1.loss ? $0.loss > $1.loss : $0.id < $1.id }
        kept += candidates.prefix(max(size - kept.count, 0)).map(\.id)
        return kept.sorted().map { pieces[$0] }
    }

    /// The special tokens, all required characters, and the best pieces.
    private func finish(_ pieces: [Piece], _ required: [[UInt8]: Int], size: Int) -> UnigramModel {
        let lowest = pieces.map(\.score).min() ?? 0
        var scores: [[UInt8]: Double] = [:]
        for piece in pieces { scores[piece.text] = piece.score }
        var chosen: [Piece] = []
        var penalty = 0.0
        for character in required.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if let score = scores[character] {
                chosen.append(Piece(text: character, score: score))
            } else {
                chosen.append(Piece(text: character, score: lowest + penalty))
                penalty += 0.0001
            }
        }
        let others = pieces.filter { required[$0.text] == nil }
            .sorted { $0.score != $1.score ? $0.score > $1.score : $0.text.lexicographicallyPrecedes($1.text) }
        chosen += others.prefix(max(size - chosen.count, 0))
        chosen.sort { $0.score != $1.score ? $0.score > $1.score : $0.text.lexicographicallyPrecedes($1.text) }
        var all = options.specialTokens.map { ($0, 0.0) }
        if byteFallback {
            all += (0..<256).map { (String(decoding: ByteToken.name(UInt8($0)), as: UTF8.self), lowest) }
        }
        all += chosen.map { (String(decoding: $0.text, as: UTF8.self), $0.score) }
        return UnigramModel(
            all, unknownID: options.specialTokens.firstIndex(of: options.unknownToken ?? "<unk>"),
            byteFallback: byteFallback)
    }
}
