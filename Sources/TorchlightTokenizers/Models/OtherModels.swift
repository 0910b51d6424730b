import TorchlightFiles

/// WordPiece: greedy longest-match tokenisation from left to right.
final class WordPieceModel: Sendable {
    let vocabulary: Vocabulary
    let unknownToken: String
    let continuingPrefix: String
    let longestWord: Int
    private let unknownID: Int32
    private let trie: ByteTrie
    /// The trie node of the prefix of tokens inside a word; nil if no token has it.
    private let continuing: Int?

    init(
        _ vocabulary: Vocabulary, unknownToken: String = "[UNK]", continuingPrefix: String = "##",
        longestWord: Int = 100
    ) {
        self.vocabulary = vocabulary
        self.unknownToken = unknownToken
        self.continuingPrefix = continuingPrefix
        self.longestWord = longestWord
        unknownID = vocabulary.id(of: unknownToken).map { Int32($0) } ?? -1
        var keys: [(bytes: [UInt8], value: Int32)] = []
        vocabulary.forEach { token, id in if !token.isEmpty { keys.append((Array(token), id)) } }
        trie = ByteTrie(keys)
        let prefix = Array(continuingPrefix.utf8)
        continuing = prefix.withUnsafeBufferPointer { [trie] in trie.node($0) }
    }

    convenience init(_ config: Config) throws(IOError) {
        try self.init(
            Model.vocabulary(config), unknownToken: config.string("unk_token", default: "[UNK]"),
            continuingPrefix: config.string("continuing_subword_prefix", default: "##"),
            longestWord: config.int("max_input_chars_per_word", in: 0...Int(Int32.max), default: 100))
    }

    var json: JSON {
        .object([
            ("type", "WordPiece"), ("unk_token", .string(unknownToken)),
            ("continuing_subword_prefix", .string(continuingPrefix)), ("max_input_chars_per_word", .int(longestWord)),
            ("vocab", vocabulary.json()),
        ])
    }

    func encode(_ word: UnsafeBufferPointer<UInt8>, _ tokens: inout [ModelToken]) throws(TokenizerError) {
        let first = tokens.count
        let isTooLong =
            word.count > longestWord && word.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) } > longestWord
        if !isTooLong {
            var start = 0
            while start < word.count {
                guard let node = start == 0 ? 0 : continuing,
                    let (id, length) = trie.longest(word, from: start, to: word.count, node: node)
                else { break }
                tokens.append(ModelToken(id: id, start: Int32(start), end: Int32(start + length)))
                start += length
            }
            if start == word.count { return }
        }
        guard unknownID >= 0 else {
            throw TokenizerError(
                "encode", "the unknown token '\(unknownToken)' is not in the vocabulary",
                expected: "a token of the vocabulary")
        }
        tokens.removeLast(tokens.count - first)
        tokens.append(ModelToken(id: unknownID, start: 0, end: Int32(word.count)))
    }
}

/// WordLevel: each word is a token.
final class WordLevelModel: Sendable {
    let vocabulary: Vocabulary
    let unknownToken: String
    private let unknownID: Int32

    init(_ vocabulary: Vocabulary, unknownToken: String = "<unk>") {
        self.vocabulary = vocabulary
        self.unknownToken = unknownToken
        unknownID = vocabulary.id(of: unknownToken).map { Int32($0) } ?? -1
    }

    convenience init(_ config: Config) throws(IOError) {
        try self.init(Model.vocabulary(config), unknownToken: config.string("unk_token", default: "<unk>"))
    }

    var json: JSON {
        .object([("type", "WordLevel"), ("vocab", vocabulary.json()), ("unk_token", .string(unknownToken))])
    }

    func encode(_ word: UnsafeBufferPointer<UInt8>, _ tokens: inout [ModelToken]) throws(TokenizerError) {
        let found = vocabulary.id(word)
        guard found >= 0 || unknownID >= 0 else {
            throw TokenizerError(
                "encode", "the unknown token '\(unknownToken)' is not in the vocabulary",
                expected: "a token of the vocabulary")
        }
        tokens.append(ModelToken(id: found >= 0 ? found : unknownID, start: 0, end: Int32(word.count)))
    }
}

/// The unigram language model of SentencePiece (Kudo, 2018, https://arxiv.org/abs/1804.10959): the segmentation with
/// the largest sum of scores, which are log-probabilities.
final class UnigramModel: Sendable {
    let vocabulary: Vocabulary
    let scores: [Double]
    /// The id of the unknown token; -1 if there is none.
    let unknownID: Int32
    let byteFallback: Bool
    let trie: ByteTrie
    private let byteIDs: [Int32]
    /// The score of a character without a token: 10 below the lowest score.
    let unknownScore: Double
    private let tokens: [String]

    init(_ pieces: [(String, Double)], unknownID: Int?, byteFallback: Bool) {
        var vocabulary = Vocabulary(reserving: pieces.count)
        var keys: [(bytes: [UInt8], value: Int32)] = []
        for (id, piece) in pieces.enumerated() {
            let bytes = Array(piece.0.utf8)
            vocabulary.insert(bytes, id: Int32(id))
            if !bytes.isEmpty { keys.append((bytes, Int32(id))) }
        }
        tokens = pieces.map(\.0)
        scores = pieces.map(\.1)
        trie = ByteTrie(keys)
        unknownScore = (scores.min() ?? .infinity) - 10
        self.unknownID = unknownID.map { Int32($0) } ?? -1
        self.byteFallback = byteFallback
        byteIDs = byteFallback ? (0..<256).map { vocabulary.id(ByteToken.name(UInt8($0))) } : []
        self.vocabulary = vocabulary
    }

    convenience init(_ config: Config) throws(IOError) {
        var pieces: [(String, Double)] = []
        for element in try config.elements("vocab") {
            guard let pair = element.json.elements, pair.count == 2, let token = pair[0].string,
                let score = pair[1].double, score.isFinite
            else { throw element.failure("a piece that is \(element.json.summary)", expected: "a token and its score") }
            pieces.append((token, score))
        }
        var unknownID: Int?
        if config.member("unk_id") != nil {
            guard !pieces.isEmpty else { throw config.failure("an empty vocabulary with 'unk_id'") }
            unknownID = try config.int("unk_id", in: 0...pieces.count - 1)
        }
        self.init(pieces, unknownID: unknownID, byteFallback: try config.bool("byte_fallback", default: false))
    }

    var json: JSON {
        .object([
            ("type", "Unigram"), ("unk_id", unknownID < 0 ? nil : .int(Int(unknownID))),
            ("vocab", .array(zip(tokens, scores).map { [.string($0), .double($1)] })),
            ("byte_fallback", JSON(.bool(byteFallback))),
        ])
    }

    /// The tokens and their scores, by id.
    var pieces: [(String, Double)] { Array(zip(tokens, scores)) }

    private func missingUnknown() -> TokenizerError {
        TokenizerError(
            "encode", "an unknown character, and the model has no unknown token", expected: "a model with unk_id")
    }

    /// Viterbi search: for each position, the best score of the text before it, and the token that ends there.
    func encode(_ word: UnsafeBufferPointer<UInt8>, _ scratch: ModelScratch) throws(TokenizerError) {
        guard word.count > 0 else { return }
        let count = word.count
        scratch.scores.removeAll(keepingCapacity: true)
        scratch.scores.append(contentsOf: repeatElement(0, count: count + 1))
        scratch.paths.removeAll(keepingCapacity: true)
        scratch.paths.append(contentsOf: repeatElement(ModelToken(id: 0, start: -1, end: 0), count: count + 1))
        var needsUnknown = false
        scratch.scores.withUnsafeMutableBufferPointer { best in
            scratch.paths.withUnsafeMutableBufferPointer { paths in
                scores.withUnsafeBufferPointer { scores in
                    @inline(__always)
                    func offer(_ id: Int32, _ score: Double, _ start: Int, _ end: Int) {
                        if paths[end].start < 0 || score > best[end] {
                            best[end] = score
                            paths[end] = ModelToken(id: id, start: Int32(start), end: Int32(end))
                        }
                    }
                    var start = 0
                    while start < count {
                        let length = UTF8Text.length(word[start])
                        let before = best[start]
                        var hasCharacter = false
                        trie.prefixes(of: word, from: start) { id, size in
                            offer(id, scores[Int(id)] + before, start, start + size)
                            if size == length { hasCharacter = true }
                        }
                        if !hasCharacter {
                            needsUnknown = true
                            offer(unknownID, unknownScore + before, start, start + length)
                        }
                        start += length
                    }
                }
            }
        }
        if needsUnknown, unknownID < 0 { throw missingUnknown() }
        let first = scratch.tokens.count
        var end = count
        while end > 0 {
            let token = scratch.paths[end]
            let start = Int(token.start)
            // Neighbouring unknown characters are merged to one token.
            if token.id == unknownID, scratch.tokens.count > first,
                scratch.tokens[scratch.tokens.count - 1].id == unknownID
            {
                scratch.tokens[scratch.tokens.count - 1].start = token.start
            } else {
                scratch.tokens.append(token)
            }
            end = start
        }
        scratch.tokens[first...].reverse()
        if unknownID >= 0, scratch.tokens[first...].contains(where: { $0.id == unknownID }) {
            replaceUnknown(word, from: first, &scratch.tokens)
        }
    }

    /// Replaces merged unknown characters by one token, or by byte tokens.
    private func replaceUnknown(_ word: UnsafeBufferPointer<UInt8>, from first: Int, _ tokens: inout [ModelToken]) {
        let found = Array(tokens[first...])
        tokens.removeLast(found.count)
        for token in found {
            guard token.id == unknownID else {
                tokens.append(token)
                continue
            }
            let text = UnsafeBufferPointer(rebasing: word[Int(token.start)..<Int(token.end)])
            let id = vocabulary.id(text)
            if id >= 0 {
                tokens.append(ModelToken(id: id, start: token.start, end: token.end))
            } else if byteFallback, text.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
                for byte in text {
                    tokens.append(ModelToken(id: byteIDs[Int(byte)], start: token.start, end: token.end))
                }
            } else {
                tokens.append(token)
            }
        }
    }
}
