import TorchlightFiles

/// The compiled normalisation table of SentencePiece: a double-array trie (library Darts) from bytes to offsets in a
/// list of zero-terminated strings.
final class Charsmap: Sendable {
    let base64: String
    private let units: [UInt32]
    private let texts: [UInt8]
    /// The replacement of each ASCII character.
    private let ascii: [[UInt32]?]

    convenience init(_ config: Config) throws(IOError) {
        let text = try config.string("precompiled_charsmap")
        guard let bytes = Base64.decode(text), let charsmap = Charsmap(bytes, base64: text) else {
            throw config.failure(
                "'precompiled_charsmap' is not a table", expected: "a table of SentencePiece in base64",
                at: config.member("precompiled_charsmap")?.json.offset)
        }
        self.init(charsmap)
    }

    private init(_ other: Charsmap) {
        (base64, units, texts, ascii) = (other.base64, other.units, other.texts, other.ascii)
    }

    /// Reads the size of the array in bytes, the array, and the strings; nil if the sizes are inconsistent.
    init?(_ bytes: [UInt8], base64: String? = nil) {
        func word(_ position: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[position + $1]) << UInt32(8 * $1) }
        }
        guard bytes.count >= 4 else { return nil }
        let size = Int(word(0))
        guard size % 4 == 0, size >= 4, size <= bytes.count - 4 else { return nil }
        units = (0..<size / 4).map { word(4 + 4 * $0) }
        texts = Array(bytes[(4 + size)...])
        guard String(validating: texts, as: UTF8.self) != nil else { return nil }
        self.base64 = base64 ?? Base64.encode(bytes)
        let (units, texts) = (units, texts)
        ascii = (0..<128).map { code in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { buffer in
                buffer[0] = UInt8(code)
                return Self.replacement(of: UnsafeBufferPointer(buffer), units, texts)
            }
        }
    }

    /// The replacement of the shortest key that is a prefix of the bytes; nil if there is none.
    ///
    /// The shortest key replaces all of the bytes, as in Hugging Face's tokenizers.
    private static func replacement(
        of bytes: UnsafeBufferPointer<UInt8>, _ units: [UInt32], _ texts: [UInt8]
    ) -> [UInt32]? {
        func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
        var node = offset(units[0])
        for byte in bytes {
            if byte == 0 { return nil }
            node ^= Int(byte)
            guard node < units.count else { return nil }
            let unit = units[node]
            guard unit & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            node ^= offset(unit)
            guard unit >> 8 & 1 == 1 else { continue }
            guard node < units.count else { return nil }
            let start = Int(units[node] & 0x7FFF_FFFF)
            guard start <= texts.count else { return nil }
            let end = texts[start...].firstIndex(of: 0) ?? texts.count
            return UTF8Text.scalars(String(decoding: texts[start..<end], as: UTF8.self))
        }
        return nil
    }

    /// Replaces characters: first grapheme clusters of up to five bytes, then single scalars.
    func apply(to text: inout PieceText) {
        text.transform { codes in
            var changes: [UnicodeNormalization.Change] = []
            changes.reserveCapacity(codes.count)
            var isChanged = false
            func replace(_ count: Int, _ replacement: [UInt32]) {
                isChanged = true
                for (index, code) in replacement.enumerated() {
                    changes.append(.init(code: code, change: index < count ? 0 : 1))
                }
                if replacement.count < count, !changes.isEmpty {
                    changes[changes.count - 1].change += Int32(replacement.count - count)
                }
            }
            var position = 0
            while position < codes.count {
                let code = codes[position]
                // An ASCII character before another one is a grapheme cluster.
                let isAlone = code < 0x80 && (position + 1 == codes.count || codes[position + 1] < 0x80)
                if isAlone, !(code == 0x0D && position + 1 < codes.count && codes[position + 1] == 0x0A) {
                    if let replacement = ascii[Int(code)] {
                        replace(1, replacement)
                    } else {
                        changes.append(.init(code: code, change: 0))
                    }
                    position += 1
                    continue
                }
                let end = Self.clusterEnd(codes, position)
                if let replacement = replacement(of: codes[position..<end]) {
                    replace(end - position, replacement)
                } else {
                    for code in codes[position..<end] {
                        if let replacement = replacement(of: [code]) {
                            replace(1, replacement)
                        } else {
                            changes.append(.init(code: code, change: 0))
                        }
                    }
                }
                position = end
            }
            return isChanged ? (changes, 0) : nil
        }
    }

    private func replacement(of codes: ArraySlice<UInt32>) -> [UInt32]? {
        var bytes: [UInt8] = []
        for code in codes {
            UTF8Text.append(code, to: &bytes)
            // A single scalar has at most four bytes.
            if bytes.count >= 6 { return nil }
        }
        return bytes.withUnsafeBufferPointer { Self.replacement(of: $0, units, texts) }
    }

    /// The end of the extended grapheme cluster at a position.
    private static func clusterEnd(_ codes: [UInt32], _ start: Int) -> Int {
        // Most clusters are short; the number of examined scalars is doubled for longer ones.
        var length = 8
        while true {
            let end = min(start + length, codes.count)
            let text = UTF8Text.string(codes[start..<end])
            let count = text.first!.unicodeScalars.count
            if count < end - start || end == codes.count { return start + count }
            length *= 2
        }
    }
}
