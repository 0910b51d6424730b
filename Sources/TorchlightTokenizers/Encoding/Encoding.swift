/// The encoding of a text or of a pair of texts.
///
///     let encoding = try tokenizer.encode("Hello, world!")
///     encoding.ids          // [101, 7592, 1010, 2088, 999, 102]
///     encoding.tokens       // ["[CLS]", "hello", ",", "world", "!", "[SEP]"]
///
/// All arrays have one element per token. Offsets are in Unicode scalars (characters in Python); ``range(of:in:)``
/// returns the range in a `String`.
public struct Encoding: Sendable {
    /// The ids of the tokens.
    public internal(set) var ids: [Int] = []
    /// The type ids (segment ids): 0, or 1 for the second text of a pair, as set by the post-processor.
    public internal(set) var typeIDs: [Int] = []
    /// The offsets: the range of each token in its text, in Unicode scalars; `0..<0` for tokens that are not in the
    /// text.
    public internal(set) var offsets: [Range<Int>] = []
    /// The index of the word of each token; nil for tokens that are not in the text.
    public internal(set) var wordIDs: [Int?] = []
    /// The attention mask: 1 for tokens, 0 for padding.
    public internal(set) var attentionMask: [Int] = []
    /// The special tokens mask: 1 for added special tokens and padding, 0 for tokens of the text.
    public internal(set) var specialTokensMask: [Int] = []
    /// The overflowing parts after truncation, each of at most the maximum length.
    public internal(set) var overflowing: [Encoding] = []

    /// The token ranges of the first and second text, without special tokens; empty after truncation.
    var sequences: [Int: Range<Int>] = [:]
    /// The texts of tokens that differ from the vocabulary: added tokens with whitespace, unknown words.
    var texts: [Int: String] = [:]
    /// The texts of the other tokens, by id.
    var names: TokenNames?

    init() {}

    init(reserving count: Int) {
        ids.reserveCapacity(count)
        offsets.reserveCapacity(count)
        wordIDs.reserveCapacity(count)
    }

    /// The number of tokens.
    public var count: Int { ids.count }

    /// The texts of the tokens.
    public var tokens: [String] {
        ids.enumerated().map { index, id in texts[index] ?? names?.token(id) ?? "" }
    }

    // MARK: Alignment

    /// The token range of a text of the pair, from 0; all tokens if the ranges are unknown.
    func range(ofSequence sequence: Int) -> Range<Int> { sequences[sequence] ?? 0..<count }

    /// Returns the index of the text of a token in the pair; nil for special tokens.
    public func sequence(ofToken token: Int) -> Int? {
        guard 0..<count ~= token else { return nil }
        if sequences.isEmpty { return 0 }
        return sequences.first { $0.value.contains(token) }?.key
    }

    /// Returns the token that contains a character of a text; nil if there is none.
    /// - Parameters:
    ///   - position: the index of the character, in Unicode scalars.
    ///   - sequence: the index of the text in a pair. Default: 0.
    public func token(at position: Int, sequence: Int = 0) -> Int? {
        range(ofSequence: sequence).first { offsets[$0].contains(position) }
    }

    /// Returns the word that contains a character of a text; nil if there is none.
    /// - Parameters:
    ///   - position: the index of the character, in Unicode scalars.
    ///   - sequence: the index of the text in a pair. Default: 0.
    public func word(at position: Int, sequence: Int = 0) -> Int? {
        token(at: position, sequence: sequence).flatMap { wordIDs[$0] }
    }

    /// Returns the tokens of a word of a text; nil if there are none.
    /// - Parameters:
    ///   - word: the index of the word.
    ///   - sequence: the index of the text in a pair. Default: 0.
    public func tokens(ofWord word: Int, sequence: Int = 0) -> Range<Int>? {
        let matching = range(ofSequence: sequence).filter { wordIDs[$0] == word }
        guard let first = matching.first, let last = matching.last else { return nil }
        return first..<last + 1
    }

    /// Returns the range of a word in its text, in Unicode scalars; nil if it has no tokens.
    /// - Parameters:
    ///   - word: the index of the word.
    ///   - sequence: the index of the text in a pair. Default: 0.
    public func offsets(ofWord word: Int, sequence: Int = 0) -> Range<Int>? {
        guard let tokens = tokens(ofWord: word, sequence: sequence) else { return nil }
        let (start, end) = (offsets[tokens.lowerBound].lowerBound, offsets[tokens.upperBound - 1].upperBound)
        return start <= end ? start..<end : nil
    }

    /// Returns the range of a token in the encoded text; nil if the token does not exist or `text` is another text.
    /// - Parameters:
    ///   - token: the index of the token.
    ///   - text: the text of the token.
    public func range(of token: Int, in text: String) -> Range<String.Index>? {
        guard 0..<count ~= token else { return nil }
        let scalars = text.unicodeScalars
        let offsets = offsets[token]
        guard
            let start = scalars.index(scalars.startIndex, offsetBy: offsets.lowerBound, limitedBy: scalars.endIndex),
            let end = scalars.index(start, offsetBy: offsets.count, limitedBy: scalars.endIndex)
        else { return nil }
        return start..<end
    }

    // MARK: Concatenation and truncation

    /// The encoding of a range of tokens, without overflowing parts.
    func part(_ range: Range<Int>) -> Encoding {
        var part = Encoding()
        part.ids = Array(ids[range])
        part.typeIDs = Array(typeIDs[range])
        part.offsets = Array(offsets[range])
        part.wordIDs = Array(wordIDs[range])
        part.attentionMask = Array(attentionMask[range])
        part.specialTokensMask = Array(specialTokensMask[range])
        for (index, text) in texts where range.contains(index) { part.texts[index - range.lowerBound] = text }
        part.names = names
        return part
    }

    /// Appends another encoding. Overflowing parts are combined: each part of this one with the other one and each of
    /// its parts, then this one with each part of the other.
    mutating func append(_ other: Encoding) {
        var combined: [Encoding] = []
        for part in overflowing {
            var joined = part
            var plain = other
            plain.overflowing = []
            joined.append(plain)
            combined.append(joined)
            for otherPart in other.overflowing {
                var joined = part
                joined.append(otherPart)
                combined.append(joined)
            }
        }
        for otherPart in other.overflowing {
            var joined = self
            joined.overflowing = []
            joined.append(otherPart)
            combined.append(joined)
        }
        let start = count
        for (sequence, range) in other.sequences {
            sequences[sequence] = range.lowerBound + start..<range.upperBound + start
        }
        for (index, text) in other.texts { texts[index + start] = text }
        if names == nil { names = other.names }
        if ids.isEmpty {
            (ids, typeIDs, offsets, wordIDs) = (other.ids, other.typeIDs, other.offsets, other.wordIDs)
            (attentionMask, specialTokensMask) = (other.attentionMask, other.specialTokensMask)
        } else {
            ids += other.ids
            typeIDs += other.typeIDs
            offsets += other.offsets
            wordIDs += other.wordIDs
            attentionMask += other.attentionMask
            specialTokensMask += other.specialTokensMask
        }
        overflowing = combined
    }

    mutating func setTypeIDs(_ id: Int) { typeIDs = [Int](repeating: id, count: count) }

    mutating func setSequence(_ sequence: Int) { sequences[sequence] = 0..<count }

    /// Truncates to `length` tokens; the other tokens become overflowing parts that overlap by `stride` tokens.
    mutating func truncate(to length: Int, stride: Int, fromLeft: Bool) throws(TokenizerError) {
        guard length < count else { return }
        guard length > 0 else {
            let whole = self
            self = Encoding()
            names = whole.names
            overflowing.append(whole)
            return
        }
        guard stride < length else {
            throw TokenizerError(
                "truncation", "a stride of \(stride) with \(length) tokens for the text",
                expected: "a stride below the maximum length without special tokens")
        }
        var ranges: [Range<Int>] = []
        if fromLeft {
            var end = count
            while end > 0 {
                let start = max(end - length, 0)
                ranges.append(start..<end)
                if start == 0 { break }
                end -= length - stride
            }
        } else {
            var start = 0
            while start < count {
                let end = min(start + length, count)
                ranges.append(start..<end)
                if end == count { break }
                start += length - stride
            }
        }
        var first = part(ranges[0])
        first.overflowing = ranges.dropFirst().map { part($0) }
        self = first
    }

    /// Pads this encoding and its overflowing parts to a length.
    mutating func pad(to length: Int, _ padding: Tokenizer.Padding) {
        for index in overflowing.indices { overflowing[index].pad(to: length, padding) }
        guard length > count else { return }
        let missing = length - count
        let isLeft = padding.direction == .left
        func pad<Element>(_ array: inout [Element], _ element: Element) {
            array.insert(contentsOf: repeatElement(element, count: missing), at: isLeft ? 0 : array.count)
        }
        let first = isLeft ? 0 : count
        if isLeft {
            texts = Dictionary(uniqueKeysWithValues: texts.map { ($0.key + missing, $0.value) })
            for (sequence, range) in sequences {
                sequences[sequence] = range.lowerBound + missing..<range.upperBound + missing
            }
        }
        for index in first..<first + missing { texts[index] = padding.token }
        pad(&ids, padding.id)
        pad(&typeIDs, padding.typeID)
        pad(&offsets, 0..<0)
        pad(&wordIDs, nil)
        pad(&attentionMask, 0)
        pad(&specialTokensMask, 1)
    }
}

/// The texts of tokens by id.
final class TokenNames: Sendable {
    private let vocabulary: Vocabulary
    private let added: [Int: [UInt8]]

    init(_ vocabulary: Vocabulary, added: [Int: String]) {
        self.vocabulary = vocabulary
        self.added = added.mapValues { Array($0.utf8) }
    }

    func token(_ id: Int) -> String? {
        added[id].map { String(decoding: $0, as: UTF8.self) } ?? vocabulary.token(id: id)
    }

    /// Calls a closure with the bytes of a token; returns nil if the id has no token.
    func withBytes<Result>(of id: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result?) -> Result? {
        if let text = added[id] { return text.withUnsafeBufferPointer(body) }
        return vocabulary.contains(id: id) ? vocabulary.withBytes(id: id, body) : nil
    }
}
