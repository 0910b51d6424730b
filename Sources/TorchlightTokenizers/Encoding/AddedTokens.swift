import TorchlightFiles

extension Tokenizer {
    /// An added token, which is matched in the text before the model runs.
    public struct AddedToken: Equatable, Sendable {
        /// The text of the token.
        public var content: String
        /// Whether it matches only whole words. Default: false.
        public var isSingleWord: Bool
        /// Whether it includes whitespace before it. Default: false.
        public var stripsLeft: Bool
        /// Whether it includes whitespace after it. Default: false.
        public var stripsRight: Bool
        /// Whether it is matched in the normalised text. Default: true, except for special tokens.
        public var isNormalized: Bool
        /// Whether it is a special token, which decoding can omit. Default: false.
        public var isSpecial: Bool

        /// Creates a token.
        public init(
            _ content: String, isSpecial: Bool = false, isSingleWord: Bool = false, stripsLeft: Bool = false,
            stripsRight: Bool = false, isNormalized: Bool? = nil
        ) {
            self.content = content
            self.isSpecial = isSpecial
            self.isSingleWord = isSingleWord
            self.stripsLeft = stripsLeft
            self.stripsRight = stripsRight
            self.isNormalized = isNormalized ?? !isSpecial
        }

        init(_ config: Config) throws(IOError) {
            content = try config.string("content")
            isSpecial = try config.bool("special", default: false)
            isSingleWord = try config.bool("single_word", default: false)
            stripsLeft = try config.bool("lstrip", default: false)
            stripsRight = try config.bool("rstrip", default: false)
            isNormalized = try config.bool("normalized", default: !isSpecial)
        }

        func json(id: Int) -> JSON {
            .object([
                ("id", .int(id)), ("content", .string(content)), ("single_word", JSON(.bool(isSingleWord))),
                ("lstrip", JSON(.bool(stripsLeft))), ("rstrip", JSON(.bool(stripsRight))),
                ("normalized", JSON(.bool(isNormalized))), ("special", JSON(.bool(isSpecial))),
            ])
        }
    }
}

/// The added tokens of a tokenizer, and their matching.
struct AddedTokens: Sendable {
    /// The tokens by id.
    private(set) var tokens: [Int: Tokenizer.AddedToken] = [:]
    /// The ids by the UTF-8 bytes of the tokens: Swift compares canonically equivalent strings as equal, but they are different tokens.
    private(set) var ids: [[UInt8]: Int] = [:]
    /// Whether each id, up to the largest one, is that of an added token.
    private var isAdded: [Bool] = []
    /// The normalised texts of tokens, if they differ from the content.
    private(set) var normalized: [Int: String] = [:]
    private var special: Set<[UInt8]> = []
    private var plainSearch = Search()
    private var normalizedSearch = Search()

    /// A matcher of tokens, by first byte and trie.
    private struct Search: Sendable {
        var trie = ByteTrie([])
        var firstBytes = [Bool](repeating: false, count: 256)
        var isEmpty = true

        init() {}

        init(_ keys: [(bytes: [UInt8], value: Int32)]) {
            trie = ByteTrie(keys)
            for key in keys { firstBytes[Int(key.bytes[0])] = true }
            isEmpty = keys.isEmpty
        }
    }

    /// The maximum size of a token in bytes, which limits the time of matching.
    private static let longest = 1 << 16

    /// Adds tokens. A token of the vocabulary of the model keeps its id; others get the given id, or the next free one.
    mutating func add(
        _ new: [(token: Tokenizer.AddedToken, id: Int?)], _ model: Model, _ normalizer: Normalizer?
    ) throws(TokenizerError) {
        var next = max((tokens.keys.max() ?? -1) + 1, model.count)
        for (token, wanted) in new where !token.content.isEmpty {
            guard token.content.utf8.count <= Self.longest else {
                throw TokenizerError(
                    "added tokens", "a token of \(token.content.utf8.count) bytes",
                    expected: "at most \(Self.longest) bytes")
            }
            let id: Int
            let bytes = Array(token.content.utf8)
            if let known = ids[bytes] ?? model.vocabulary.id(of: token.content) {
                id = known
            } else if let wanted {
                guard tokens[wanted] == nil, !model.vocabulary.contains(id: wanted) else {
                    throw TokenizerError(
                        "added tokens", "the id \(wanted) of \(IOError.quoted(token.content)) belongs to another token",
                        expected: "a unique id")
                }
                id = wanted
            } else {
                id = next
            }
            next = max(next, id + 1)
            tokens[id] = token
            ids[bytes] = id
            if token.isSpecial { special.insert(bytes) } else { special.remove(bytes) }
        }
        try refresh(normalizer)
    }

    /// Normalises the tokens and rebuilds the matchers.
    mutating func refresh(_ normalizer: Normalizer?) throws(TokenizerError) {
        normalized = [:]
        isAdded = [Bool](repeating: false, count: (tokens.keys.max() ?? -1) + 1)
        for id in tokens.keys { isAdded[id] = true }
        var plain: [(bytes: [UInt8], value: Int32)] = []
        var changed: [(bytes: [UInt8], value: Int32)] = []
        for (id, token) in tokens.sorted(by: { $0.key > $1.key }) {
            guard token.isNormalized else {
                plain.append((Array(token.content.utf8), Int32(id)))
                continue
            }
            var text = token.content
            if let normalizer {
                text = try normalizer.normalize(text)
                if !text.utf8.elementsEqual(token.content.utf8) { normalized[id] = text }
            }
            if !text.isEmpty { changed.append((Array(text.utf8), Int32(id))) }
        }
        plainSearch = Search(plain)
        normalizedSearch = Search(changed)
    }

    var isEmpty: Bool { tokens.isEmpty }

    func isSpecial(_ text: String) -> Bool { special.contains(Array(text.utf8)) }

    /// The text of a token for decoding: normalised, because the decoder inverts the normaliser.
    func decodedText(_ id: Int) -> String? {
        guard id >= 0, id < isAdded.count, isAdded[id] else { return nil }
        return tokens[id].map { normalized[id] ?? $0.content }
    }

    // MARK: Search

    /// Extracts the tokens that match the original text.
    func extractPlain(from text: inout PieceText, ignoringSpecial: Bool) {
        extract(plainSearch, from: &text, ignoringSpecial)
    }

    /// Extracts the tokens that match the normalised text.
    func extractNormalized(from text: inout PieceText, ignoringSpecial: Bool) {
        extract(normalizedSearch, from: &text, ignoringSpecial)
    }

    private func extract(_ search: Search, from text: inout PieceText, _ ignoringSpecial: Bool) {
        guard !search.isEmpty else { return }
        text.extract { bytes, found in
            var (position, covered) = (0, 0)
            search.firstBytes.withUnsafeBufferPointer { firstBytes in
                while position < bytes.count {
                    guard firstBytes[Int(bytes[position])],
                        let (id, length) = search.trie.longest(bytes, from: position, to: bytes.count)
                    else {
                        position += 1
                        continue
                    }
                    var (start, end) = (position, position + length)
                    position = end
                    let token = tokens[Int(id)]!
                    if ignoringSpecial, isSpecial(token.content) { continue }
                    if token.isSingleWord, !isWord(bytes, start, end) { continue }
                    if token.stripsLeft {
                        while start > covered {
                            let before = UTF8Text.before(bytes, start)
                            guard UnicodeClass.isWhitespace(UTF8Text.scalar(bytes, before).code) else { break }
                            start = before
                        }
                    }
                    if token.stripsRight {
                        while end < bytes.count {
                            let (code, length) = UTF8Text.scalar(bytes, end)
                            guard UnicodeClass.isWhitespace(code) else { break }
                            end += length
                        }
                    }
                    found(max(start, covered), end, id)
                    covered = end
                    // Matching continues directly after the token: another token may match in the whitespace after it.
                }
            }
        }
    }

    private func isWord(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        if start > 0, UnicodeClass.isRustWord(UTF8Text.scalar(bytes, UTF8Text.before(bytes, start)).code) {
            return false
        }
        return end == bytes.count || !UnicodeClass.isRustWord(UTF8Text.scalar(bytes, end).code)
    }

    // MARK: tokenizer.json

    var json: JSON {
        .array(tokens.sorted { $0.key < $1.key }.map { $0.value.json(id: $0.key) })
    }
}

extension Normalizer {
    /// The normalised text.
    func normalize(_ text: String) throws(TokenizerError) -> String {
        var pieces = PieceText()
        var text = text
        text.withUTF8 { pieces.load($0) }
        try apply(to: &pieces)
        return pieces.pieces.map { piece in pieces.withBytes(piece) { String(decoding: $0, as: UTF8.self) } }.joined()
    }
}
