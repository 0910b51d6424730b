import TorchlightFiles

/// A token of a word, with its range in the bytes of the word.
struct ModelToken {
    var id: Int32
    var start: Int32
    var end: Int32
}

/// The model of a tokenizer, which splits words into tokens.
enum Model: Sendable {
    case bpe(BPEModel)
    case wordPiece(WordPieceModel)
    case unigram(UnigramModel)
    case wordLevel(WordLevelModel)

    var vocabulary: Vocabulary {
        switch self {
        case .bpe(let model): model.vocabulary
        case .wordPiece(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        case .wordLevel(let model): model.vocabulary
        }
    }

    /// The number of tokens of the model.
    var count: Int {
        if case .unigram(let model) = self { return model.scores.count }
        return vocabulary.count
    }

    var json: JSON {
        switch self {
        case .bpe(let model): model.json
        case .wordPiece(let model): model.json
        case .unigram(let model): model.json
        case .wordLevel(let model): model.json
        }
    }

    init(_ config: Config) throws(IOError) {
        // Files of early versions have no type.
        let type =
            try config.member("type").map { _ throws(IOError) in try config.string("type") }
            ?? (config.member("merges") != nil
                ? "BPE"
                : config.member("continuing_subword_prefix") != nil
                    ? "WordPiece" : config.json["vocab"]?.elements != nil ? "Unigram" : "WordLevel")
        switch type {
        case "BPE": self = .bpe(try BPEModel(config))
        case "WordPiece": self = .wordPiece(try WordPieceModel(config))
        case "Unigram": self = .unigram(try UnigramModel(config))
        case "WordLevel": self = .wordLevel(try WordLevelModel(config))
        default:
            throw config.failure(
                "the unknown model \(IOError.quoted(type))", expected: "BPE, WordPiece, Unigram or WordLevel")
        }
    }

    /// Whether words always have the same tokens and caching is faster.
    var isCached: Bool {
        switch self {
        case .bpe(let model): model.options.dropout == 0
        case .wordPiece, .unigram: true
        case .wordLevel: false
        }
    }

    /// Appends the tokens of a word. With `isRaw` the word is bytes, not characters of the byte alphabet.
    func encode(
        _ word: UnsafeBufferPointer<UInt8>, isRaw: Bool, _ scratch: ModelScratch
    ) throws(TokenizerError) {
        if isCached, word.count <= WordCache.longest {
            if scratch.cache.append(word, to: &scratch.tokens) { return }
            let first = scratch.tokens.count
            try compute(word, isRaw: isRaw, scratch)
            scratch.cache.insert(word, scratch.tokens[first...])
        } else {
            try compute(word, isRaw: isRaw, scratch)
        }
    }

    private func compute(
        _ word: UnsafeBufferPointer<UInt8>, isRaw: Bool, _ scratch: ModelScratch
    ) throws(TokenizerError) {
        switch self {
        case .bpe(let model): try model.encode(word, isRaw: isRaw, scratch)
        case .wordPiece(let model): try model.encode(word, &scratch.tokens)
        case .unigram(let model): try model.encode(word, scratch)
        case .wordLevel(let model): try model.encode(word, &scratch.tokens)
        }
    }

    // MARK: Vocabularies

    /// Reads an object with tokens as keys and ids as values.
    static func vocabulary(_ config: Config, _ name: String = "vocab") throws(IOError) -> Vocabulary {
        guard let members = config.json[name]?.members else {
            throw config.failure("'\(name)' is missing or not an object", expected: "tokens with their ids")
        }
        return try vocabulary(members, config.file)
    }

    static func vocabulary(_ members: [JSON.Member], _ file: String) throws(IOError) -> Vocabulary {
        var vocabulary = Vocabulary(reserving: members.count)
        let largest = Vocabulary.largestID(count: members.count)
        for member in members {
            guard let id = member.value.int, 0...largest ~= id else {
                throw IOError(
                    .malformed, "tokenizer", file: file, offset: member.offset,
                    "the id of \(IOError.quoted(member.name)) is \(member.value.summary)",
                    expected: "an integer from 0 to \(largest)")
            }
            var name = member.name
            name.withUTF8 { vocabulary.insert($0, id: Int32(id)) }
        }
        return vocabulary
    }
}

/// Buffers that encoding reuses. One thread uses them at a time.
final class ModelScratch {
    var text = PieceText()
    var tokens: [ModelToken] = []
    let cache = WordCache()
    /// For each byte of the text, the number of scalars before it.
    var scalarIndices: [Int32] = []

    // BPE
    var symbols: [BPEModel.Symbol] = []
    var ranks: [UInt64] = []
    var heap: [UInt64] = []

    // Unigram
    var scores: [Double] = []
    var paths: [ModelToken] = []
}

/// A cache of the tokens of words. It is cleared when it is full.
final class WordCache {
    /// The maximum size of a cached word in bytes.
    static let longest = 48
    private static let slotCount = 1 << 16
    private static let maxWords = 40_000
    private static let maxTokens = 1 << 19

    private struct Slot {
        var hash: UInt64 = 0
        var key: UInt32 = 0
        var token: UInt32 = 0
        var keyCount: UInt8 = 0
        var tokenCount: UInt8 = 0
    }

    private let slots = UnsafeMutablePointer<Slot>.allocate(capacity: slotCount)
    private let keys = UnsafeMutablePointer<UInt8>.allocate(capacity: maxWords * longest)
    private let tokens = UnsafeMutablePointer<ModelToken>.allocate(capacity: maxTokens)
    private var (wordCount, keyCount, tokenCount) = (0, 0, 0)

    init() { slots.initialize(repeating: Slot(), count: Self.slotCount) }

    deinit {
        slots.deallocate()
        keys.deallocate()
        tokens.deallocate()
    }

    /// Appends the tokens of a word; returns false if it is not cached.
    @inline(__always)
    func append(_ word: UnsafeBufferPointer<UInt8>, to result: inout [ModelToken]) -> Bool {
        guard let start = word.baseAddress else { return true }
        let hash = Hashing.bytes(start, word.count) | 1
        var index = Int(truncatingIfNeeded: hash >> 1) & (Self.slotCount - 1)
        while true {
            let slot = slots[index]
            if slot.hash == 0 { return false }
            if slot.hash == hash, Int(slot.keyCount) == word.count, equals(keys + Int(slot.key), start, word.count) {
                let found = UnsafeBufferPointer(start: tokens + Int(slot.token), count: Int(slot.tokenCount))
                if found.count == 1 { result.append(found[0]) } else { result.append(contentsOf: found) }
                return true
            }
            index = (index + 1) & (Self.slotCount - 1)
        }
    }

    @inline(__always)
    private func equals(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        for index in 0..<count where left[index] != right[index] { return false }
        return true
    }

    /// Inserts a word that is not cached.
    func insert(_ word: UnsafeBufferPointer<UInt8>, _ found: ArraySlice<ModelToken>) {
        guard let start = word.baseAddress, found.count <= 255 else { return }
        if wordCount == Self.maxWords || tokenCount + found.count > Self.maxTokens {
            slots.update(repeating: Slot(), count: Self.slotCount)
            (wordCount, keyCount, tokenCount) = (0, 0, 0)
        }
        let hash = Hashing.bytes(start, word.count) | 1
        var index = Int(truncatingIfNeeded: hash >> 1) & (Self.slotCount - 1)
        while slots[index].hash != 0 { index = (index + 1) & (Self.slotCount - 1) }
        slots[index] = Slot(
            hash: hash, key: UInt32(keyCount), token: UInt32(tokenCount), keyCount: UInt8(word.count),
            tokenCount: UInt8(found.count))
        (keys + keyCount).update(from: start, count: word.count)
        for token in found {
            tokens[tokenCount] = token
            tokenCount += 1
        }
        keyCount += word.count
        wordCount += 1
    }
}
