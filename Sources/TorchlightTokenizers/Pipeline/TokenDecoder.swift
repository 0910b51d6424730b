import TorchlightFiles

/// The decoder, the last stage of a tokenizer: joins tokens to a text.
indirect enum TokenDecoder: Sendable {
    case bpe(suffix: String)
    case byteLevel(addsPrefixSpace: Bool, trimsOffsets: Bool, usesRegex: Bool)
    case wordPiece(prefix: String, cleansUp: Bool)
    case metaspace(PreTokenizer.Metaspace)
    case ctc(padToken: String, delimiter: String, cleansUp: Bool)
    case replace(TextPattern, content: String)
    case byteFallback
    case fuse
    case strip(UInt32, start: Int, stop: Int)
    case sequence([TokenDecoder])

    // MARK: tokenizer.json

    init(_ config: Config) throws(IOError) {
        let type = try config.string("type")
        switch type {
        case "BPEDecoder": self = .bpe(suffix: try config.string("suffix", default: "</w>"))
        case "ByteLevel":
            self = .byteLevel(
                addsPrefixSpace: try config.bool("add_prefix_space", default: true),
                trimsOffsets: try config.bool("trim_offsets", default: true),
                usesRegex: try config.bool("use_regex", default: true))
        case "WordPiece":
            self = .wordPiece(
                prefix: try config.string("prefix", default: "##"), cleansUp: try config.bool("cleanup", default: true))
        case "Metaspace": self = .metaspace(try PreTokenizer.Metaspace(config))
        case "CTC":
            self = .ctc(
                padToken: try config.string("pad_token", default: "<pad>"),
                delimiter: try config.string("word_delimiter_token", default: "|"),
                cleansUp: try config.bool("cleanup", default: true))
        case "Replace": self = .replace(try config.pattern("pattern"), content: try config.string("content"))
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            let range = 0...Int(Int32.max)
            self = .strip(
                try config.scalar("content"), start: try config.int("start", in: range),
                stop: try config.int("stop", in: range))
        case "Sequence":
            var stages: [TokenDecoder] = []
            for element in try config.elements("decoders") { stages.append(try TokenDecoder(element)) }
            self = .sequence(stages)
        default: throw config.failure("the unknown decoder \(IOError.quoted(type))", expected: "a decoder")
        }
    }

    var json: JSON {
        switch self {
        case .bpe(let suffix): return .object([("type", "BPEDecoder"), ("suffix", .string(suffix))])
        case .byteLevel(let addsPrefixSpace, let trimsOffsets, let usesRegex):
            return PreTokenizer.byteLevel(
                addsPrefixSpace: addsPrefixSpace, trimsOffsets: trimsOffsets, usesRegex: usesRegex
            ).json
        case .wordPiece(let prefix, let cleansUp):
            return .object([("type", "WordPiece"), ("prefix", .string(prefix)), ("cleanup", JSON(.bool(cleansUp)))])
        case .metaspace(let metaspace): return metaspace.json
        case .ctc(let padToken, let delimiter, let cleansUp):
            return .object([
                ("type", "CTC"), ("pad_token", .string(padToken)), ("word_delimiter_token", .string(delimiter)),
                ("cleanup", JSON(.bool(cleansUp))),
            ])
        case .replace(let pattern, let content):
            return .object([("type", "Replace"), ("pattern", pattern.json), ("content", .string(content))])
        case .byteFallback: return .object([("type", "ByteFallback")])
        case .fuse: return .object([("type", "Fuse")])
        case .strip(let code, let start, let stop):
            return .object([
                ("type", "Strip"), ("content", .string(UTF8Text.string([code]))), ("start", .int(start)),
                ("stop", .int(stop)),
            ])
        case .sequence(let stages):
            return .object([("type", "Sequence"), ("decoders", .array(stages.map(\.json)))])
        }
    }

    // MARK: Application

    /// The texts of tokens in one array.
    struct Tokens {
        var bytes: [UInt8] = []
        var ends: [Int] = []

        var count: Int { ends.count }
        func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

        mutating func append(_ token: UnsafeBufferPointer<UInt8>) {
            bytes.append(contentsOf: token)
            ends.append(bytes.count)
        }

        mutating func append(_ token: String) {
            bytes.append(contentsOf: token.utf8)
            ends.append(bytes.count)
        }

        func withBytes<Result>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
            bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range(index)])) }
        }
    }

    /// Transforms the tokens so that their concatenation is the text.
    func apply(to tokens: inout Tokens) throws(TokenizerError) {
        switch self {
        case .sequence(let stages): for stage in stages { try stage.apply(to: &tokens) }
        case .fuse: tokens.ends = [tokens.bytes.count]
        case .byteLevel: Self.decodeBytes(&tokens)
        case .byteFallback: Self.fallBack(&tokens)
        case .bpe(let suffix):
            let count = tokens.count
            let bytes = Array(suffix.utf8)
            guard !bytes.isEmpty else { return }
            Self.map(&tokens) { index, token, result in
                Self.replace(bytes, by: index == count - 1 ? [] : [0x20], in: token, &result)
            }
        case .wordPiece(let prefix, let cleansUp):
            let prefix = Array(prefix.utf8)
            Self.map(&tokens) { index, token, result in
                if index == 0 {
                    result.append(contentsOf: token)
                } else if token.starts(with: prefix) {
                    result.append(contentsOf: token[prefix.count...])
                } else {
                    result.append(0x20)
                    result.append(contentsOf: token)
                }
            }
            if cleansUp { Self.cleanUp(&tokens) }
        case .metaspace(let metaspace):
            Self.map(&tokens) { index, token, result in
                var position = 0
                while position < token.count {
                    let (code, length) = UTF8Text.scalar(token, position)
                    if code != metaspace.replacement {
                        result.append(contentsOf: token[position..<position + length])
                    } else if index > 0 || metaspace.prepending == .never {
                        result.append(0x20)
                    }
                    position += length
                }
            }
        case .ctc(let padToken, let delimiter, let cleansUp):
            Self.removeRepetitions(&tokens)
            let (pad, delimiter) = (Array(padToken.utf8), Array(delimiter.utf8))
            Self.map(&tokens) { _, token, result in Self.replace(pad, by: [], in: token, &result) }
            if cleansUp {
                Self.cleanUp(&tokens)
                Self.map(&tokens) { _, token, result in Self.replace(delimiter, by: [0x20], in: token, &result) }
            }
        case .replace(let pattern, let content):
            let content = Array(content.utf8)
            var failure: TokenizerError?
            Self.map(&tokens) { _, token, result in
                var position = 0
                var parts: [(Int, Int)] = []
                do throws(TokenizerError) { try pattern.forEachMatch(in: token) { parts.append(($0, $1)) } } catch {
                    failure = error
                }
                for (start, end) in parts {
                    result.append(contentsOf: token[position..<start])
                    result.append(contentsOf: content)
                    position = end
                }
                result.append(contentsOf: token[position...])
            }
            if let failure { throw failure }
        case .strip(let code, let start, let stop):
            var unit: [UInt8] = []
            UTF8Text.append(code, to: &unit)
            Self.map(&tokens) { _, token, result in
                var (first, end) = (0, token.count)
                var count = 0
                while count < start, token[first...].starts(with: unit) {
                    first += unit.count
                    count += 1
                }
                count = 0
                while count < stop, end - first >= unit.count, token[first..<end].suffix(unit.count).elementsEqual(unit)
                {
                    end -= unit.count
                    count += 1
                }
                result.append(contentsOf: token[first..<end])
            }
        }
    }

    private static func map(
        _ tokens: inout Tokens, _ body: (Int, UnsafeBufferPointer<UInt8>, inout [UInt8]) -> Void
    ) {
        var result = Tokens()
        result.bytes.reserveCapacity(tokens.bytes.count + tokens.count)
        result.ends.reserveCapacity(tokens.count)
        tokens.bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            for (index, end) in tokens.ends.enumerated() {
                body(index, UnsafeBufferPointer(rebasing: bytes[start..<end]), &result.bytes)
                result.ends.append(result.bytes.count)
                start = end
            }
        }
        tokens = result
    }

    /// Appends the text with each occurrence of `old` replaced.
    private static func replace(
        _ old: [UInt8], by new: [UInt8], in text: UnsafeBufferPointer<UInt8>, _ result: inout [UInt8]
    ) {
        guard !old.isEmpty else { return result.append(contentsOf: text) }
        var position = 0
        while position < text.count {
            if text[position] == old[0], text[position...].starts(with: old) {
                result.append(contentsOf: new)
                position += old.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
    }

    private static let artifacts: [(old: [UInt8], new: [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.utf8), Array($1.utf8)) }

    /// Whether a space is followed by a character of a tokenisation artifact, which few tokens have.
    private static func hasArtifact(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
        for index in token.indices where token[index] == 0x20 && index + 1 < token.count {
            switch token[index + 1] {
            case UInt8(ascii: "."), UInt8(ascii: "?"), UInt8(ascii: "!"), UInt8(ascii: ","), UInt8(ascii: "'"):
                return true
            case UInt8(ascii: "n"): if token[(index + 1)...].starts(with: "n't".utf8) { return true }
            case UInt8(ascii: "d"): if token[(index + 1)...].starts(with: "do not".utf8) { return true }
            default: break
            }
        }
        return false
    }

    /// Removes spaces before punctuation and English contractions.
    private static func cleanUp(_ tokens: inout Tokens) {
        map(&tokens) { _, token, result in
            guard hasArtifact(token) else { return result.append(contentsOf: token) }
            var text = Array(token)
            for (old, new) in artifacts {
                var replaced: [UInt8] = []
                text.withUnsafeBufferPointer { replace(old, by: new, in: $0, &replaced) }
                text = replaced
            }
            result.append(contentsOf: text)
        }
    }

    private static func removeRepetitions(_ tokens: inout Tokens) {
        var result = Tokens()
        for index in 0..<tokens.count {
            if index > 0, tokens.bytes[tokens.range(index)].elementsEqual(tokens.bytes[tokens.range(index - 1)]) {
                continue
            }
            tokens.withBytes(index) { result.append($0) }
        }
        tokens = result
    }

    /// Replaces all tokens by one of the bytes that they represent; invalid UTF-8 becomes U+FFFD.
    private static func decodeBytes(_ tokens: inout Tokens) {
        var raw: [UInt8] = []
        raw.reserveCapacity(tokens.bytes.count)
        for index in 0..<tokens.count {
            tokens.withBytes(index) { token in
                if !ByteAlphabet.append(token, to: &raw) { raw.append(contentsOf: token) }
            }
        }
        let text = String(decoding: raw, as: UTF8.self)
        tokens = Tokens(bytes: Array(text.utf8), ends: [text.utf8.count])
    }

    /// Joins runs of byte tokens such as `<0xE6>` to text. A run that is invalid UTF-8 becomes one U+FFFD per byte.
    private static func fallBack(_ tokens: inout Tokens) {
        var result = Tokens()
        var run: [UInt8] = []
        func flush() {
            guard !run.isEmpty else { return }
            if let text = String(validating: run, as: UTF8.self) {
                result.append(text)
            } else {
                for _ in run { result.append("\u{FFFD}") }
            }
            run.removeAll()
        }
        for index in 0..<tokens.count {
            tokens.withBytes(index) { token in
                if let byte = ByteToken.byte(token) {
                    run.append(byte)
                } else {
                    flush()
                    result.append(token)
                }
            }
        }
        flush()
        tokens = result
    }
}

/// Byte tokens, which represent one byte: `<0x0A>`.
enum ByteToken {
    static func name(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
    }

    static func byte(_ token: UnsafeBufferPointer<UInt8>) -> UInt8? {
        guard token.count == 6, token[0] == UInt8(ascii: "<"), token[1] == UInt8(ascii: "0"),
            token[2] == UInt8(ascii: "x"), token[5] == UInt8(ascii: ">"), let high = digit(token[3]),
            let low = digit(token[4])
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 0x30
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 0x37
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 0x57
        default: nil
        }
    }
}
