import TorchlightFiles

/// Byte pair encoding (BPE, Sennrich et al., 2016, https://arxiv.org/abs/1508.07909): repeatedly merges the
/// neighbouring pair of tokens with the lowest rank.
final class BPEModel: Sendable {
    struct Options: Sendable {
        /// The probability of skipping a merge (BPE-dropout, https://arxiv.org/abs/1910.13267).
        var dropout = 0.0
        var unknownToken: String?
        var continuingPrefix: String?
        var endSuffix: String?
        var fusesUnknown = false
        var byteFallback = false
        /// Whether a word in the vocabulary is one token even if no merges produce it.
        var ignoresMerges = false
    }

    /// A token during merging, in a doubly linked list by index; -1 at the ends and for merged symbols.
    struct Symbol {
        var id: Int32
        var start: Int32
        var end: Int32
        var previous: Int32
        var next: Int32
    }

    let vocabulary: Vocabulary
    let options: Options
    /// The merges by rank.
    let merges: [(left: Int32, right: Int32)]
    private let table: PairTable
    private let unknownID: Int32
    private let prefix: [UInt8]
    private let suffix: [UInt8]
    /// The ids of byte tokens such as `<0x0A>`; -1 if there is none.
    private let byteIDs: [Int32]
    /// For raw words: the ids of the characters of the byte alphabet, in four tables for bytes inside a word, at its
    /// start, at its end, and for both.
    private let rawIDs: [Int32]
    /// Whether raw words, given as bytes, are supported.
    let acceptsRaw: Bool
    /// The tokens as raw bytes, for words that may be one token.
    private let rawVocabulary: Vocabulary?
    /// Whether no merge contains a `▁` after another character, so that a text can be split before `▁`.
    private let isCutAtSpaces: Bool

    private static let noMerge = UInt64.max
    private static let rankBits: UInt64 = 0xFFFF_FFFF_0000_0000
    private static let space: [UInt8] = [0xE2, 0x96, 0x81]

    init(
        _ vocabulary: Vocabulary, merges: [(left: [UInt8], right: [UInt8])], _ options: Options, file: String = ""
    ) throws(IOError) {
        func failure(_ problem: String, _ expected: String) -> IOError {
            IOError(.malformed, "tokenizer", file: file, problem, expected: expected)
        }
        func quoted(_ token: [UInt8]) -> String { IOError.quoted(String(decoding: token, as: UTF8.self)) }
        self.vocabulary = vocabulary
        self.options = options
        let prefix = Array((options.continuingPrefix ?? "").utf8)
        let suffix = Array((options.endSuffix ?? "").utf8)
        (self.prefix, self.suffix) = (prefix, suffix)
        guard 0...1 ~= options.dropout else {
            throw failure("a dropout of \(options.dropout)", "a probability from 0 to 1")
        }
        table = PairTable(capacity: merges.count)
        var pairs: [(left: Int32, right: Int32)] = []
        pairs.reserveCapacity(merges.count)
        var joinsSpaces = false
        for (rank, merge) in merges.enumerated() {
            let (left, right) = (vocabulary.id(merge.left), vocabulary.id(merge.right))
            guard left >= 0, right >= 0 else {
                throw failure(
                    "merge \(rank) has the part \(quoted(left < 0 ? merge.left : merge.right)), which is not in the vocabulary",
                    "two tokens of the vocabulary")
            }
            let rest =
                !prefix.isEmpty && merge.right.starts(with: prefix)
                ? merge.right.dropFirst(prefix.count) : merge.right[...]
            let joined = vocabulary.id(merge.left + rest)
            guard joined >= 0 else {
                throw failure(
                    "merge \(rank) produces \(quoted(merge.left + rest)), which is not in the vocabulary",
                    "a token of the vocabulary")
            }
            if merge.right.starts(with: Self.space), !merge.left.suffix(3).elementsEqual(Self.space) {
                joinsSpaces = true
            }
            table.insert(PairTable.key(left, right), UInt64(rank) << 32 | UInt64(joined))
            pairs.append((left, right))
        }
        self.merges = pairs
        unknownID = options.unknownToken.flatMap { vocabulary.id(of: $0) }.map { Int32($0) } ?? -1
        byteIDs = options.byteFallback ? (0..<256).map { vocabulary.id(ByteToken.name(UInt8($0))) } : []
        var rawIDs: [Int32] = []
        for isFirst in [false, true] {
            for isLast in [false, true] {
                for byte in 0..<256 {
                    let character = ByteAlphabet.encode([UInt8(byte)])
                    rawIDs.append(vocabulary.id((isFirst ? [] : prefix) + character + (isLast ? suffix : [])))
                }
            }
        }
        self.rawIDs = rawIDs
        acceptsRaw = !options.byteFallback && (unknownID >= 0 || rawIDs.allSatisfy { $0 >= 0 })
        if options.ignoresMerges, acceptsRaw {
            var raw = Vocabulary(reserving: vocabulary.count)
            vocabulary.forEach { token, id in
                if let bytes = ByteAlphabet.decode(token) { raw.insert(bytes, id: id) }
            }
            rawVocabulary = raw
        } else {
            rawVocabulary = nil
        }
        isCutAtSpaces =
            !joinsSpaces && vocabulary.id(Self.space) >= 0 && prefix.isEmpty && suffix.isEmpty && options.dropout == 0
    }

    convenience init(_ config: Config) throws(IOError) {
        var options = Options()
        options.dropout = try config.double("dropout", default: 0)
        if config.member("unk_token") != nil { options.unknownToken = try config.string("unk_token") }
        if config.member("continuing_subword_prefix") != nil {
            options.continuingPrefix = try config.string("continuing_subword_prefix")
        }
        if config.member("end_of_word_suffix") != nil { options.endSuffix = try config.string("end_of_word_suffix") }
        options.fusesUnknown = try config.bool("fuse_unk", default: false)
        options.byteFallback = try config.bool("byte_fallback", default: false)
        options.ignoresMerges = try config.bool("ignore_merges", default: false)
        var merges: [(left: [UInt8], right: [UInt8])] = []
        for element in try config.elements("merges") {
            if let pair = element.json.elements, pair.count == 2, let left = pair[0].string, let right = pair[1].string
            {
                merges.append((Array(left.utf8), Array(right.utf8)))
            } else if let line = element.json.string, let pair = Self.pair(Array(line.utf8)) {
                merges.append(pair)
            } else if element.json.string?.hasPrefix("#version") != true {
                throw element.failure("a merge that is \(element.json.summary)", expected: "two tokens")
            }
        }
        try self.init(Model.vocabulary(config), merges: merges, options, file: config.file)
    }

    /// The two tokens of a line of merges.txt; nil if there are not exactly two.
    static func pair(_ line: [UInt8]) -> (left: [UInt8], right: [UInt8])? {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        return parts.count == 2 ? (Array(parts[0]), Array(parts[1])) : nil
    }

    var json: JSON {
        func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? nil }
        return .object([
            ("type", "BPE"), ("dropout", options.dropout == 0 ? nil : .double(options.dropout)),
            ("unk_token", optional(options.unknownToken)),
            ("continuing_subword_prefix", optional(options.continuingPrefix)),
            ("end_of_word_suffix", optional(options.endSuffix)), ("fuse_unk", JSON(.bool(options.fusesUnknown))),
            ("byte_fallback", JSON(.bool(options.byteFallback))),
            ("ignore_merges", JSON(.bool(options.ignoresMerges))), ("vocab", vocabulary.json()),
            (
                "merges",
                .array(
                    merges.map {
                        [.string(vocabulary.token(id: Int($0.left))!), .string(vocabulary.token(id: Int($0.right))!)]
                    })
            ),
        ])
    }

    // MARK: Encoding

    func encode(
        _ word: UnsafeBufferPointer<UInt8>, isRaw: Bool, _ scratch: ModelScratch
    ) throws(TokenizerError) {
        if options.ignoresMerges {
            let id = isRaw ? rawVocabulary!.id(word) : vocabulary.id(word)
            if id >= 0 {
                scratch.tokens.append(ModelToken(id: id, start: 0, end: Int32(word.count)))
                return
            }
        }
        guard isCutAtSpaces, !isRaw, !options.ignoresMerges, word.count > WordCache.longest else {
            return try encodeWhole(word, isRaw: isRaw, scratch)
        }
        // Parts that start with a space are independent, and most are cached.
        var start = 0
        while start < word.count {
            let end = Self.partEnd(word, start)
            let part = UnsafeBufferPointer(rebasing: word[start..<end])
            let first = scratch.tokens.count
            if part.count > WordCache.longest || !scratch.cache.append(part, to: &scratch.tokens) {
                try encodeWhole(part, isRaw: false, scratch)
                if part.count <= WordCache.longest { scratch.cache.insert(part, scratch.tokens[first...]) }
            }
            for index in first..<scratch.tokens.count {
                scratch.tokens[index].start += Int32(start)
                scratch.tokens[index].end += Int32(start)
            }
            start = end
        }
    }

    /// The index of the next `▁` after another character.
    private static func partEnd(_ word: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var position = start
        var wasSpace = true
        while position < word.count {
            let isSpace =
                word[position] == space[0] && position + 2 < word.count && word[position + 1] == space[1]
                && word[position + 2] == space[2]
            if isSpace, !wasSpace { return position }
            wasSpace = isSpace
            position += isSpace ? 3 : UTF8Text.length(word[position])
        }
        return word.count
    }

    private func encodeWhole(
        _ word: UnsafeBufferPointer<UInt8>, isRaw: Bool, _ scratch: ModelScratch
    ) throws(TokenizerError) {
        scratch.symbols.removeAll(keepingCapacity: true)
        if isRaw { try splitBytes(word, scratch) } else { try splitScalars(word, scratch) }
        if options.dropout > 0 {
            mergeRandomly(scratch)
        } else if scratch.symbols.count <= 40 {
            mergeByScanning(scratch)
        } else {
            mergeWithHeap(scratch)
        }
        for symbol in scratch.symbols where symbol.id >= 0 {
            scratch.tokens.append(ModelToken(id: symbol.id, start: symbol.start, end: symbol.end))
        }
    }

    private func missingUnknown() -> TokenizerError {
        TokenizerError(
            "encode", "the unknown token '\(options.unknownToken ?? "")' is not in the vocabulary",
            expected: "a token of the vocabulary")
    }

    @inline(__always)
    private func append(_ id: Int32, _ start: Int, _ end: Int, _ scratch: ModelScratch) {
        let index = Int32(scratch.symbols.count)
        scratch.symbols.append(
            Symbol(id: id, start: Int32(start), end: Int32(end), previous: index - 1, next: index + 1))
    }

    private func splitBytes(_ word: UnsafeBufferPointer<UInt8>, _ scratch: ModelScratch) throws(TokenizerError) {
        let last = word.count - 1
        var unknownStart = -1
        for (index, byte) in word.enumerated() {
            let table = (index == 0 ? 2 : 0) + (index == last ? 1 : 0)
            let id = rawIDs[table << 8 | Int(byte)]
            if id >= 0 {
                if unknownStart >= 0 { append(unknownID, unknownStart, index, scratch) }
                unknownStart = -1
                append(id, index, index + 1, scratch)
            } else {
                if unknownStart >= 0, !options.fusesUnknown {
                    append(unknownID, unknownStart, index, scratch)
                    unknownStart = -1
                }
                if unknownStart < 0 { unknownStart = index }
            }
        }
        if unknownStart >= 0 { append(unknownID, unknownStart, word.count, scratch) }
    }

    private func splitScalars(_ word: UnsafeBufferPointer<UInt8>, _ scratch: ModelScratch) throws(TokenizerError) {
        // Offsets are sums of token lengths. Characters without a token and without an unknown token have no length,
        // and a run of unknown characters gets its token when a known character follows.
        var (position, offset, unknown) = (0, 0, 0)
        func add(_ id: Int32, _ length: Int) {
            append(id, offset, offset + length, scratch)
            offset += length
        }
        func flush() {
            if unknown > 0 { add(unknownID, unknown) }
            unknown = 0
        }
        while position < word.count {
            let length = UTF8Text.length(word[position])
            let end = position + length
            var text = UnsafeBufferPointer(rebasing: word[position..<end])
            var affixed: [UInt8] = []
            if !prefix.isEmpty || !suffix.isEmpty {
                affixed = (position > 0 ? prefix : []) + text + (end == word.count ? suffix : [])
            }
            position = end
            try affixed.withUnsafeBufferPointer { affixed in
                Result { () throws(TokenizerError) in
                    if !affixed.isEmpty { text = affixed }
                    let id = vocabulary.id(text)
                    if id >= 0 {
                        flush()
                        add(id, length)
                    } else if options.byteFallback, text.allSatisfy({ byteIDs[Int($0)] >= 0 }) {
                        for byte in text { add(byteIDs[Int(byte)], 1) }
                    } else if options.unknownToken != nil {
                        guard unknownID >= 0 else { throw missingUnknown() }
                        if !options.fusesUnknown { flush() }
                        unknown += length
                    }
                }
            }.get()
        }
        flush()
    }

    // MARK: Merging

    @inline(__always)
    private func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        table.value(PairTable.key(left, right)) ?? Self.noMerge
    }

    /// Scans all pairs for each merge: fastest for words.
    private func mergeByScanning(_ scratch: ModelScratch) {
        var count = scratch.symbols.count
        guard count > 1 else { return }
        scratch.ranks.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 {
            scratch.ranks.append(merge(scratch.symbols[index].id, scratch.symbols[index + 1].id))
        }
        scratch.ranks.append(Self.noMerge)
        scratch.symbols.withUnsafeMutableBufferPointer { symbols in
            scratch.ranks.withUnsafeMutableBufferPointer { ranks in
                while count > 1 {
                    var (lowest, at) = (Self.noMerge, 0)
                    for index in 0..<count - 1 where ranks[index] < lowest { (lowest, at) = (ranks[index], index) }
                    if lowest == Self.noMerge { break }
                    symbols[at].id = Int32(truncatingIfNeeded: lowest)
                    symbols[at].end = symbols[at + 1].end
                    count -= 1
                    var index = at + 1
                    while index < count {
                        symbols[index] = symbols[index + 1]
                        ranks[index] = ranks[index + 1]
                        index += 1
                    }
                    ranks[at] = at + 1 < count ? merge(symbols[at].id, symbols[at + 1].id) : Self.noMerge
                    if at > 0 { ranks[at - 1] = merge(symbols[at - 1].id, symbols[at].id) }
                }
            }
        }
        scratch.symbols.removeLast(scratch.symbols.count - count)
    }

    /// Keeps the pairs in a heap by rank and position: O(n log n) for long texts.
    private func mergeWithHeap(_ scratch: ModelScratch) {
        let count = scratch.symbols.count
        scratch.symbols[count - 1].next = -1
        scratch.heap.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 {
            let found = merge(scratch.symbols[index].id, scratch.symbols[index + 1].id)
            if found != Self.noMerge { scratch.heap.append((found & Self.rankBits) | UInt64(index)) }
        }
        for index in stride(from: scratch.heap.count / 2 - 1, through: 0, by: -1) { siftDown(&scratch.heap, index) }
        while let top = scratch.heap.first {
            let last = scratch.heap.removeLast()
            if !scratch.heap.isEmpty {
                scratch.heap[0] = last
                siftDown(&scratch.heap, 0)
            }
            join(Int(truncatingIfNeeded: top & 0xFFFF_FFFF), rank: top >> 32, scratch) { entry in
                scratch.heap.append(entry)
                self.siftUp(&scratch.heap)
            }
        }
    }

    /// Merges a symbol with the next one if their pair still has this rank, and reports the new pairs.
    @inline(__always)
    private func join(_ index: Int, rank: UInt64, _ scratch: ModelScratch, _ add: (UInt64) -> Void) {
        let symbol = scratch.symbols[index]
        guard symbol.id >= 0, symbol.next >= 0 else { return }
        let next = scratch.symbols[Int(symbol.next)]
        let found = merge(symbol.id, next.id)
        guard found >> 32 == rank, found != Self.noMerge else { return }
        let id = Int32(truncatingIfNeeded: found)
        scratch.symbols[Int(symbol.next)].id = -1
        scratch.symbols[index].id = id
        scratch.symbols[index].end = next.end
        scratch.symbols[index].next = next.next
        if next.next >= 0 {
            scratch.symbols[Int(next.next)].previous = Int32(index)
            let after = merge(id, scratch.symbols[Int(next.next)].id)
            if after != Self.noMerge { add((after & Self.rankBits) | UInt64(index)) }
        }
        if symbol.previous >= 0 {
            let before = merge(scratch.symbols[Int(symbol.previous)].id, id)
            if before != Self.noMerge { add((before & Self.rankBits) | UInt64(symbol.previous)) }
        }
    }

    private func siftDown(_ heap: inout [UInt64], _ start: Int) {
        heap.withUnsafeMutableBufferPointer { heap in
            var index = start
            let value = heap[index]
            while true {
                let first = 4 * index + 1
                guard first < heap.count else { break }
                var child = first
                var other = first + 1
                while other < min(first + 4, heap.count) {
                    if heap[other] < heap[child] { child = other }
                    other += 1
                }
                guard heap[child] < value else { break }
                heap[index] = heap[child]
                index = child
            }
            heap[index] = value
        }
    }

    private func siftUp(_ heap: inout [UInt64]) {
        heap.withUnsafeMutableBufferPointer { heap in
            var index = heap.count - 1
            let value = heap[index]
            while index > 0 {
                let parent = (index - 1) / 4
                guard value < heap[parent] else { break }
                heap[index] = heap[parent]
                index = parent
            }
            heap[index] = value
        }
    }

    /// Skips each merge with the dropout probability; skipped merges are considered again after the next merge.
    private func mergeRandomly(_ scratch: ModelScratch) {
        let count = scratch.symbols.count
        guard count > 1 else { return }
        scratch.symbols[count - 1].next = -1
        var pending: [UInt64] = []
        for index in 0..<count - 1 {
            let found = merge(scratch.symbols[index].id, scratch.symbols[index + 1].id)
            if found != Self.noMerge { pending.append((found & Self.rankBits) | UInt64(index)) }
        }
        var heap: [UInt64] = []
        for entry in pending {
            heap.append(entry)
            siftUp(&heap)
        }
        var skipped: [UInt64] = []
        while let top = heap.first {
            let last = heap.removeLast()
            if !heap.isEmpty {
                heap[0] = last
                siftDown(&heap, 0)
            }
            if Double.random(in: 0..<1) < options.dropout {
                skipped.append(top)
                continue
            }
            for entry in skipped {
                heap.append(entry)
                siftUp(&heap)
            }
            skipped.removeAll()
            var added: [UInt64] = []
            join(Int(truncatingIfNeeded: top & 0xFFFF_FFFF), rank: top >> 32, scratch) { added.append($0) }
            for entry in added {
                heap.append(entry)
                siftUp(&heap)
            }
        }
    }
}
