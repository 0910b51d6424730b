/// A text that is normalised and split into pieces, with the alignment of its bytes to the original text.
///
/// Until the first replacement, the bytes are those of the original and no alignment is stored. Afterwards each byte
/// has a range of original bytes, which covers whole scalars.
struct PieceText {
    /// A part of the text: bytes `start..<end`.
    struct Piece {
        var start: Int32
        var end: Int32
        /// The original position of the piece, which text inserted at its start is aligned to.
        var origin: Int32
        /// The id of the added token; -1 for other pieces.
        var token: Int32 = -1
    }

    /// Bytes with their ranges in the original text.
    struct Aligned {
        var bytes: [UInt8] = []
        var starts: [Int32] = []
        var ends: [Int32] = []

        mutating func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            starts.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
        }

        mutating func append(_ code: UInt32, _ start: Int32, _ end: Int32) {
            UTF8Text.append(code, to: &bytes)
            while starts.count < bytes.count {
                starts.append(start)
                ends.append(end)
            }
        }

        mutating func append(_ source: Aligned, _ range: Range<Int>) {
            bytes.append(contentsOf: source.bytes[range])
            starts.append(contentsOf: source.starts[range])
            ends.append(contentsOf: source.ends[range])
        }
    }

    /// A range of a piece that is a match of a pattern, or between matches.
    struct Span {
        var start: Int32
        var end: Int32
        var isMatch: Bool
    }

    /// The number of bytes of the original text.
    private(set) var originalCount = 0
    private(set) var current = Aligned()
    /// Whether `current` holds the original bytes without alignment.
    private(set) var isOriginal = true
    private(set) var pieces: [Piece] = []
    private var next = Aligned()
    private var nextPieces: [Piece] = []
    private var spans: [Span] = []

    // MARK: Initialisation

    /// Resets the text to one piece; an empty text has none.
    mutating func load(_ bytes: UnsafeBufferPointer<UInt8>) {
        current.removeAll()
        current.bytes.append(contentsOf: bytes)
        isOriginal = true
        originalCount = bytes.count
        pieces.removeAll(keepingCapacity: true)
        if !bytes.isEmpty { pieces.append(Piece(start: 0, end: Int32(bytes.count), origin: 0)) }
    }

    /// Stores the alignment of an unchanged text.
    private mutating func align() {
        guard isOriginal else { return }
        isOriginal = false
        let count = current.bytes.count
        current.starts.reserveCapacity(count)
        current.ends.reserveCapacity(count)
        var position = 0
        while position < count {
            let length = UTF8Text.length(current.bytes[position])
            for _ in 0..<length {
                current.starts.append(Int32(position))
                current.ends.append(Int32(position + length))
            }
            position += length
        }
    }

    // MARK: Alignment

    /// The original range of a non-empty range of bytes.
    @inline(__always)
    func original(_ start: Int, _ end: Int) -> (start: Int, end: Int) {
        if !isOriginal { return (Int(current.starts[start]), Int(current.ends[end - 1])) }
        return current.bytes.withUnsafeBufferPointer { bytes in
            var (first, last) = (start, end)
            while first > 0, bytes[first] & 0xC0 == 0x80 { first -= 1 }
            while last < bytes.count, bytes[last] & 0xC0 == 0x80 { last += 1 }
            return (first, last)
        }
    }

    /// Calls a closure with the bytes of a piece.
    @inline(__always)
    func withBytes<Result, Failure: Error>(
        _ piece: Piece, _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // `withUnsafeBufferPointer` preserves the type of the error only through a Result.
        try current.bytes.withUnsafeBufferPointer { bytes in
            Swift.Result { () throws(Failure) in
                try body(UnsafeBufferPointer(rebasing: bytes[Int(piece.start)..<Int(piece.end)]))
            }
        }.get()
    }

    // MARK: Splitting

    enum Behavior: String, CaseIterable, Sendable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// Splits each piece that is not an added token. The closure appends the spans of a piece, which cover it in order.
    mutating func split<Failure: Error>(
        _ behavior: Behavior, _ find: (UnsafeBufferPointer<UInt8>, inout [Span]) throws(Failure) -> Void
    ) throws(Failure) {
        nextPieces.removeAll(keepingCapacity: true)
        var spans = spans
        self.spans = []
        for piece in pieces {
            guard piece.token < 0 else {
                nextPieces.append(piece)
                continue
            }
            spans.removeAll(keepingCapacity: true)
            try withBytes(piece) { bytes throws(Failure) in try find(bytes, &spans) }
            Self.merge(&spans, behavior)
            for span in spans where span.start < span.end && !(behavior == .removed && span.isMatch) {
                appendPart(of: piece, span.start, span.end, token: -1)
            }
        }
        self.spans = spans
        swap(&pieces, &nextPieces)
    }

    @inline(__always)
    private mutating func appendPart(of piece: Piece, _ start: Int32, _ end: Int32, token: Int32) {
        let (first, last) = (piece.start + start, piece.start + end)
        let origin = isOriginal ? first : current.starts[Int(first)]
        nextPieces.append(Piece(start: first, end: last, origin: origin, token: token))
    }

    private static func merge(_ spans: inout [Span], _ behavior: Behavior) {
        switch behavior {
        case .removed, .isolated: return
        case .contiguous:
            var result: [Span] = []
            var wasMatch = false
            for span in spans {
                if span.isMatch == wasMatch, !result.isEmpty {
                    result[result.count - 1].end = span.end
                } else {
                    result.append(span)
                }
                wasMatch = span.isMatch
            }
            spans = result
        case .mergedWithPrevious:
            var result: [Span] = []
            var wasMatch = false
            for span in spans {
                if span.isMatch, !wasMatch, !result.isEmpty {
                    result[result.count - 1].end = span.end
                } else {
                    result.append(span)
                }
                wasMatch = span.isMatch
            }
            spans = result
        case .mergedWithNext:
            var result: [Span] = []
            var wasMatch = false
            for span in spans.reversed() {
                if span.isMatch, !wasMatch, !result.isEmpty {
                    result[result.count - 1].start = span.start
                } else {
                    result.append(span)
                }
                wasMatch = span.isMatch
            }
            spans = result.reversed()
        }
    }

    /// Extracts added tokens from each other piece. The closure gets the bytes of a piece and reports the tokens in
    /// order: start, end and id.
    mutating func extract(_ find: (UnsafeBufferPointer<UInt8>, (Int, Int, Int32) -> Void) -> Void) {
        nextPieces.removeAll(keepingCapacity: true)
        for piece in pieces {
            guard piece.token < 0 else {
                nextPieces.append(piece)
                continue
            }
            var position: Int32 = 0
            var tokens: [(Int32, Int32, Int32)] = []
            withBytes(piece) { bytes in
                find(bytes) { tokens.append((Int32($0), Int32($1), $2)) }
            }
            for (start, end, token) in tokens {
                if position < start { appendPart(of: piece, position, start, token: -1) }
                if start < end { appendPart(of: piece, start, end, token: token) }
                position = end
            }
            if position < piece.end - piece.start {
                if tokens.isEmpty {
                    nextPieces.append(piece)
                } else {
                    appendPart(of: piece, position, piece.end - piece.start, token: -1)
                }
            }
        }
        swap(&pieces, &nextPieces)
    }

    /// Sets the origin of each piece to the position of its first byte: a piece whose start was removed does not start
    /// a text.
    mutating func resetOrigins() {
        guard !isOriginal else { return }
        for index in pieces.indices where pieces[index].token < 0 {
            pieces[index].origin = current.starts[Int(pieces[index].start)]
        }
    }

    // MARK: Replacement

    /// Changes the bytes of the pieces that are not added tokens in place.
    mutating func mapBytes(_ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        current.bytes.withUnsafeMutableBufferPointer { bytes in
            for piece in pieces where piece.token < 0 {
                body(UnsafeMutableBufferPointer(rebasing: bytes[Int(piece.start)..<Int(piece.end)]))
            }
        }
    }

    /// Whether all pieces that are not added tokens are ASCII and each byte satisfies a condition.
    func isASCII(where isFit: (UInt8) -> Bool = { _ in true }) -> Bool {
        current.bytes.withUnsafeBufferPointer { bytes in
            pieces.allSatisfy { piece in
                guard piece.token < 0 else { return true }
                let part = UnsafeBufferPointer(rebasing: bytes[Int(piece.start)..<Int(piece.end)])
                return UTF8Text.isASCII(part) && part.allSatisfy(isFit)
            }
        }
    }

    /// Rebuilds the text piece by piece. The closure appends the new bytes of a piece that is not an added token; empty
    /// pieces are removed.
    mutating func rebuild<Failure: Error>(
        _ body: (Piece, Aligned, inout Aligned) throws(Failure) -> Void
    ) throws(Failure) {
        align()
        next.removeAll()
        nextPieces.removeAll(keepingCapacity: true)
        for piece in pieces {
            let start = next.bytes.count
            if piece.token < 0 {
                try body(piece, current, &next)
            } else {
                next.append(current, Int(piece.start)..<Int(piece.end))
            }
            if next.bytes.count > start {
                var moved = piece
                moved.start = Int32(start)
                moved.end = Int32(next.bytes.count)
                nextPieces.append(moved)
            }
        }
        swap(&current, &next)
        swap(&pieces, &nextPieces)
    }

    /// Rebuilds each piece from scalars, given the number of scalars that each of them replaces.
    mutating func transform(_ body: ([UInt32]) -> (changes: [UnicodeNormalization.Change], removedBefore: Int)?) {
        var codes: [UInt32] = []
        rebuild { piece, source, target in
            codes.removeAll(keepingCapacity: true)
            source.bytes.withUnsafeBufferPointer { bytes in
                var position = Int(piece.start)
                while position < piece.end {
                    let (code, length) = UTF8Text.scalar(bytes, position)
                    codes.append(code)
                    position += length
                }
            }
            guard let (changes, removed) = body(codes) else {
                target.append(source, Int(piece.start)..<Int(piece.end))
                return
            }
            Self.apply(changes, removed, piece, source, &target)
        }
    }

    /// Appends scalars with the alignment of those that they replace. An inserted scalar gets the alignment of the
    /// scalar before it; one that replaces several gets that of the first.
    static func apply(
        _ changes: [UnicodeNormalization.Change], _ removedBefore: Int, _ piece: Piece, _ source: Aligned,
        _ target: inout Aligned
    ) {
        let (start, end) = (Int(piece.start), Int(piece.end))
        var position = start
        // Inserted text without an original range is not changed; the changes apply to the text after it.
        while position < end, source.starts[position] == source.ends[position] { position += 1 }
        target.append(source, start..<position)
        for _ in 0..<removedBefore where position < end { position += UTF8Text.length(source.bytes[position]) }
        for change in changes {
            if change.change > 0 {
                let first = position > start ? source.starts[position - 1] : piece.origin
                let last = position > start ? source.ends[position - 1] : piece.origin
                target.append(change.code, first, last)
                continue
            }
            let index = min(position, end - 1)
            target.append(change.code, source.starts[index], source.ends[index])
            for _ in 0...Int(-change.change) where position < end {
                position += UTF8Text.length(source.bytes[position])
            }
        }
    }

    /// Inserts text at the start of each piece for which the closure returns true.
    mutating func prepend(_ codes: [UInt32], where isWanted: (Piece, UnsafeBufferPointer<UInt8>) -> Bool) {
        let wanted = pieces.map { piece in piece.token < 0 && withBytes(piece) { isWanted(piece, $0) } }
        guard wanted.contains(true), !codes.isEmpty else { return }
        var index = 0
        let positions = pieces.indices.filter { pieces[$0].token < 0 }
        rebuild { piece, source, target in
            let start = Int(piece.start)
            if wanted[positions[index]] {
                for code in codes { target.append(code, source.starts[start], source.ends[start]) }
            }
            index += 1
            target.append(source, start..<Int(piece.end))
        }
    }

    /// Replaces matches by a text, which is aligned to the last byte of the match.
    mutating func replace<Failure: Error>(
        by content: [UInt8],
        _ find: (UnsafeBufferPointer<UInt8>, (Int, Int) -> Void) throws(Failure) -> Void
    ) throws(Failure) {
        var matches: [(Int, Int)] = []
        var isChanging = false
        for piece in pieces where piece.token < 0 && !isChanging {
            try withBytes(piece) { bytes throws(Failure) in try find(bytes) { _, _ in isChanging = true } }
        }
        guard isChanging else { return }
        try rebuild { piece, source, target throws(Failure) in
            matches.removeAll(keepingCapacity: true)
            let result = source.bytes.withUnsafeBufferPointer { bytes in
                Result { () throws(Failure) in
                    try find(UnsafeBufferPointer(rebasing: bytes[Int(piece.start)..<Int(piece.end)])) {
                        matches.append(($0, $1))
                    }
                }
            }
            try result.get()
            let start = Int(piece.start)
            var position = start
            for (first, last) in matches {
                target.append(source, position..<start + first)
                position = start + last
                let low = position > start ? source.starts[position - 1] : piece.origin
                let high = position > start ? source.ends[position - 1] : piece.origin
                target.bytes.append(contentsOf: content)
                for _ in content {
                    target.starts.append(low)
                    target.ends.append(high)
                }
            }
            target.append(source, position..<Int(piece.end))
        }
    }
}
