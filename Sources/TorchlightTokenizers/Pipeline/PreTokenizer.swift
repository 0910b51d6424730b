import TorchlightFiles

/// The pre-tokenizer, the second stage of a tokenizer: splits a text into words.
indirect enum PreTokenizer: Sendable {
    case whitespace
    case whitespaceSplit
    case bert
    case punctuation(PieceText.Behavior)
    case digits(individually: Bool)
    case byteLevel(addsPrefixSpace: Bool, trimsOffsets: Bool, usesRegex: Bool)
    case metaspace(Metaspace)
    case split(TextPattern, PieceText.Behavior, inverted: Bool)
    case delimiter(UInt32)
    case unicodeScripts
    case fixedLength(Int)
    case sequence([PreTokenizer])

    /// The replacement of spaces by a visible character, as in SentencePiece.
    struct Metaspace: Sendable {
        enum Prepending: String, CaseIterable, Sendable { case always, first, never }

        var replacement: UInt32 = 0x2581
        var prepending = Prepending.always
        var splits = true

        init(replacement: UInt32 = 0x2581, prepending: Prepending = .always, splits: Bool = true) {
            (self.replacement, self.prepending, self.splits) = (replacement, prepending, splits)
        }

        init(_ config: Config) throws(IOError) {
            replacement = try config.scalar("replacement", default: 0x2581)
            let addsPrefixSpace = config.member("add_prefix_space") == nil ? true : try config.bool("add_prefix_space")
            prepending = try config.option("prepend_scheme", default: addsPrefixSpace ? .always : .never)
            guard addsPrefixSpace || prepending == .never else {
                throw config.failure("add_prefix_space is false and prepend_scheme is \(prepending.rawValue)")
            }
            splits = try config.bool("split", default: true)
        }

        var json: JSON {
            .object([
                ("type", "Metaspace"), ("replacement", .string(UTF8Text.string([replacement]))),
                ("prepend_scheme", .string(prepending.rawValue)), ("split", JSON(.bool(splits))),
            ])
        }
    }

    // MARK: tokenizer.json

    init(_ config: Config) throws(IOError) {
        let type = try config.string("type")
        switch type {
        case "Whitespace": self = .whitespace
        case "WhitespaceSplit": self = .whitespaceSplit
        case "BertPreTokenizer": self = .bert
        case "Punctuation": self = .punctuation(try config.option("behavior", default: .isolated))
        case "Digits": self = .digits(individually: try config.bool("individual_digits", default: false))
        case "ByteLevel":
            self = .byteLevel(
                addsPrefixSpace: try config.bool("add_prefix_space", default: true),
                trimsOffsets: try config.bool("trim_offsets", default: true),
                usesRegex: try config.bool("use_regex", default: true))
        case "Metaspace": self = .metaspace(try Metaspace(config))
        case "Split":
            self = .split(
                try config.pattern("pattern"), try config.option("behavior"),
                inverted: try config.bool("invert", default: false))
        case "CharDelimiterSplit": self = .delimiter(try config.scalar("delimiter"))
        case "UnicodeScripts": self = .unicodeScripts
        case "FixedLength": self = .fixedLength(try config.int("length", in: 1...Int(Int32.max), default: 5))
        case "Sequence":
            var stages: [PreTokenizer] = []
            for element in try config.elements("pretokenizers") { stages.append(try PreTokenizer(element)) }
            self = .sequence(stages)
        default:
            throw config.failure("the unknown pre-tokenizer \(IOError.quoted(type))", expected: "a pre-tokenizer")
        }
    }

    var json: JSON {
        switch self {
        case .whitespace: return .object([("type", "Whitespace")])
        case .whitespaceSplit: return .object([("type", "WhitespaceSplit")])
        case .bert: return .object([("type", "BertPreTokenizer")])
        case .punctuation(let behavior):
            return .object([("type", "Punctuation"), ("behavior", .string(behavior.rawValue))])
        case .digits(let individually):
            return .object([("type", "Digits"), ("individual_digits", JSON(.bool(individually)))])
        case .byteLevel(let addsPrefixSpace, let trimsOffsets, let usesRegex):
            return .object([
                ("type", "ByteLevel"), ("add_prefix_space", JSON(.bool(addsPrefixSpace))),
                ("trim_offsets", JSON(.bool(trimsOffsets))), ("use_regex", JSON(.bool(usesRegex))),
            ])
        case .metaspace(let metaspace): return metaspace.json
        case .split(let pattern, let behavior, let inverted):
            return .object([
                ("type", "Split"), ("pattern", pattern.json), ("behavior", .string(behavior.rawValue)),
                ("invert", JSON(.bool(inverted))),
            ])
        case .delimiter(let code):
            return .object([("type", "CharDelimiterSplit"), ("delimiter", .string(UTF8Text.string([code])))])
        case .unicodeScripts: return .object([("type", "UnicodeScripts")])
        case .fixedLength(let length): return .object([("type", "FixedLength"), ("length", .int(length))])
        case .sequence(let stages):
            return .object([("type", "Sequence"), ("pretokenizers", .array(stages.map(\.json)))])
        }
    }

    // MARK: Application

    /// Whether the last stage replaces bytes by characters of the byte alphabet. A model that supports raw words does
    /// not need it.
    var endsInByteLevel: Bool {
        switch self {
        case .byteLevel: true
        case .sequence(let stages): stages.last?.endsInByteLevel ?? false
        default: false
        }
    }

    private static let gpt2 = try! Regex(KnownPattern.gpt2Pattern)

    /// Splits the pieces that are not added tokens. With `keepsBytes`, a byte-level stage at the end is skipped.
    func apply(to text: inout PieceText, keepsBytes: Bool = false) throws(TokenizerError) {
        switch self {
        case .sequence(let stages):
            for (index, stage) in stages.enumerated() {
                try stage.apply(to: &text, keepsBytes: keepsBytes && index == stages.count - 1)
            }
        case .whitespace: Self.splitWords(&text)
        case .whitespaceSplit: Self.split(&text, .removed) { UnicodeClass.isWhitespace($0) }
        case .bert:
            Self.split(&text, .removed) { UnicodeClass.isWhitespace($0) }
            Self.split(&text, .isolated) { UnicodeClass.isPunctuation($0) }
        case .punctuation(let behavior): Self.split(&text, behavior) { UnicodeClass.isPunctuation($0) }
        case .digits(let individually):
            Self.split(&text, individually ? .isolated : .contiguous) { UnicodeClass.isNumber($0) }
        case .delimiter(let delimiter): Self.split(&text, .removed) { $0 == delimiter }
        case .byteLevel(let addsPrefixSpace, _, let usesRegex):
            if addsPrefixSpace { text.prepend([0x20]) { _, bytes in bytes.first != 0x20 } }
            if usesRegex { try Self.split(&text, Self.gpt2) }
            if !keepsBytes { Normalizer.byteLevel(&text) }
        case .metaspace(let metaspace): Self.apply(metaspace, to: &text)
        case .split(let pattern, let behavior, let inverted):
            try text.split(behavior) { bytes, spans throws(TokenizerError) in
                try pattern.appendSpans(in: bytes, inverted: inverted, to: &spans)
            }
        case .unicodeScripts: Self.splitScripts(&text)
        case .fixedLength(let length):
            text.split(.isolated) { bytes, spans in
                var (start, position, count) = (0, 0, 0)
                while position < bytes.count {
                    position += UTF8Text.length(bytes[position])
                    count += 1
                    if count == length || position == bytes.count {
                        spans.append(.init(start: Int32(start), end: Int32(position), isMatch: false))
                        (start, count) = (position, 0)
                    }
                }
            }
        }
    }

    private static func split(_ text: inout PieceText, _ regex: Regex) throws(TokenizerError) {
        try text.split(.isolated) { bytes, spans throws(TokenizerError) in
            var found = spans
            spans = []
            defer { spans = found }
            // The matches cover the text.
            try regex.forEachMatch(in: bytes) {
                found.append(.init(start: Int32($0), end: Int32($1), isMatch: true))
            }
        }
    }

    /// Splits at scalars for which a condition is true; each is a match.
    @inline(__always)
    private static func split(
        _ text: inout PieceText, _ behavior: PieceText.Behavior, _ isMatch: (UInt32) -> Bool
    ) {
        text.split(behavior) { bytes, spans in
            var (start, position) = (0, 0)
            while position < bytes.count {
                let (code, length) = UTF8Text.scalar(bytes, position)
                if isMatch(code) {
                    if start < position {
                        spans.append(.init(start: Int32(start), end: Int32(position), isMatch: false))
                    }
                    start = position + length
                    spans.append(.init(start: Int32(position), end: Int32(start), isMatch: true))
                }
                position += length
            }
            if start < position { spans.append(.init(start: Int32(start), end: Int32(position), isMatch: false)) }
        }
    }

    /// `\w+|[^\w\s]+`; other characters are dropped.
    private static func splitWords(_ text: inout PieceText) {
        func kind(_ code: UInt32) -> Int {
            UnicodeClass.isRustWord(code) ? 1 : UnicodeClass.isWhitespace(code) ? 0 : 2
        }
        text.split(.removed) { bytes, spans in
            var (start, position, last) = (0, 0, 0)
            while position < bytes.count {
                let (code, length) = UTF8Text.scalar(bytes, position)
                let kind = kind(code)
                if kind != last {
                    if last != 0 { spans.append(.init(start: Int32(start), end: Int32(position), isMatch: false)) }
                    (start, last) = (position, kind)
                }
                position += length
            }
            if last != 0 { spans.append(.init(start: Int32(start), end: Int32(position), isMatch: false)) }
        }
    }

    private static func apply(_ metaspace: Metaspace, to text: inout PieceText) {
        var replacement: [UInt8] = []
        UTF8Text.append(metaspace.replacement, to: &replacement)
        text.replace(by: replacement) { bytes, body in
            for index in bytes.indices where bytes[index] == 0x20 { body(index, index + 1) }
        }
        if metaspace.prepending != .never {
            text.prepend([metaspace.replacement]) { piece, bytes in
                (metaspace.prepending == .always || piece.origin == 0) && !bytes.starts(with: replacement)
            }
        }
        if metaspace.splits { split(&text, .mergedWithNext) { $0 == metaspace.replacement } }
    }

    /// Splits between scripts. Japanese syllables count as Han, spaces as any script; characters before the first one
    /// with a script are dropped.
    private static func splitScripts(_ text: inout PieceText) {
        let han = UnicodeScripts.number(named: "Han")!
        let merged = ["Hiragana", "Katakana"].map { UnicodeScripts.number(named: $0)! }
        text.split(.isolated) { bytes, spans in
            var (start, position, last) = (-1, 0, -1)
            while position < bytes.count {
                let (code, length) = UTF8Text.scalar(bytes, position)
                var script = code == 0x20 ? -1 : UnicodeScripts.script(code)
                if code == 0x30FC || merged.contains(script) { script = han }
                if script >= 0, script != last {
                    if start >= 0 { spans.append(.init(start: Int32(start), end: Int32(position), isMatch: false)) }
                    (start, last) = (position, script)
                }
                position += length
            }
            if start >= 0 { spans.append(.init(start: Int32(start), end: Int32(position), isMatch: false)) }
        }
    }
}
