import TorchlightFiles

/// The normaliser, the first stage of a tokenizer: replaces characters.
indirect enum Normalizer: Sendable {
    case bert(cleansText: Bool, separatesChinese: Bool, stripsAccents: Bool?, lowercases: Bool)
    case strip(left: Bool, right: Bool)
    case stripAccents
    case unicode(UnicodeNormalization.Form)
    case lowercase
    case nmt
    case precompiled(Charsmap)
    case replace(TextPattern, content: String)
    case prepend(String)
    case byteLevel
    case sequence([Normalizer])

    // MARK: tokenizer.json

    init(_ config: Config) throws(IOError) {
        let type = try config.string("type")
        switch type {
        case "BertNormalizer":
            let accents = config.member("strip_accents") == nil ? nil : try config.bool("strip_accents")
            self = .bert(
                cleansText: try config.bool("clean_text", default: true),
                separatesChinese: try config.bool("handle_chinese_chars", default: true), stripsAccents: accents,
                lowercases: try config.bool("lowercase", default: true))
        case "Strip":
            self = .strip(
                left: try config.bool("strip_left", default: true),
                right: try config.bool("strip_right", default: true))
        case "StripAccents": self = .stripAccents
        case "Lowercase": self = .lowercase
        case "Nmt": self = .nmt
        case "Precompiled": self = .precompiled(try Charsmap(config))
        case "Replace":
            self = .replace(try config.pattern("pattern"), content: try config.string("content"))
        case "Prepend": self = .prepend(try config.string("prepend"))
        case "ByteLevel": self = .byteLevel
        case "Sequence":
            var stages: [Normalizer] = []
            for element in try config.elements("normalizers") { stages.append(try Normalizer(element)) }
            self = .sequence(stages)
        default:
            guard let form = UnicodeNormalization.Form(rawValue: type) else {
                throw config.failure("the unknown normalizer \(IOError.quoted(type))", expected: "a normalizer")
            }
            self = .unicode(form)
        }
    }

    var json: JSON {
        switch self {
        case .bert(let cleansText, let separatesChinese, let stripsAccents, let lowercases):
            return .object([
                ("type", "BertNormalizer"), ("clean_text", JSON(.bool(cleansText))),
                ("handle_chinese_chars", JSON(.bool(separatesChinese))),
                ("strip_accents", stripsAccents.map { JSON(.bool($0)) } ?? nil),
                ("lowercase", JSON(.bool(lowercases))),
            ])
        case .strip(let left, let right):
            return .object([
                ("type", "Strip"), ("strip_left", JSON(.bool(left))), ("strip_right", JSON(.bool(right))),
            ])
        case .stripAccents: return .object([("type", "StripAccents")])
        case .unicode(let form): return .object([("type", .string(form.rawValue))])
        case .lowercase: return .object([("type", "Lowercase")])
        case .nmt: return .object([("type", "Nmt")])
        case .precompiled(let charsmap):
            return .object([("type", "Precompiled"), ("precompiled_charsmap", .string(charsmap.base64))])
        case .replace(let pattern, let content):
            return .object([("type", "Replace"), ("pattern", pattern.json), ("content", .string(content))])
        case .prepend(let text): return .object([("type", "Prepend"), ("prepend", .string(text))])
        case .byteLevel: return .object([("type", "ByteLevel")])
        case .sequence(let stages):
            return .object([("type", "Sequence"), ("normalizers", .array(stages.map(\.json)))])
        }
    }

    // MARK: Application

    /// Normalises the pieces that are not added tokens.
    func apply(to text: inout PieceText) throws(TokenizerError) {
        switch self {
        case .sequence(let stages): for stage in stages { try stage.apply(to: &text) }
        case .unicode(let form): Self.normalize(&text, form)
        case .lowercase: Self.lowercase(&text)
        case .stripAccents:
            if text.isASCII() { return }
            text.transform { Self.filter($0) { UnicodeClass.mask($0) & UnicodeClass.mark == 0 } }
        case .strip(let left, let right):
            text.transform { codes in
                let leading = left ? codes.prefix { UnicodeClass.isWhitespace($0) }.count : 0
                let rest = codes[leading...]
                let trailing = right ? rest.reversed().prefix { UnicodeClass.isWhitespace($0) }.count : 0
                if leading == 0, trailing == 0 { return nil }
                return (rest.dropLast(trailing).map { .init(code: $0, change: 0) }, leading)
            }
        case .nmt: Self.nmt(&text)
        case .precompiled(let charsmap): charsmap.apply(to: &text)
        case .replace(let pattern, let content):
            try text.replace(by: Array(content.utf8)) { bytes, body throws(TokenizerError) in
                try pattern.forEachMatch(in: bytes, body)
            }
        case .prepend(let prefix): text.prepend(UTF8Text.scalars(prefix)) { _, _ in true }
        case .byteLevel: Self.byteLevel(&text)
        case .bert(let cleansText, let separatesChinese, let stripsAccents, let lowercases):
            Self.bert(&text, cleansText, separatesChinese, stripsAccents ?? lowercases, lowercases)
        }
    }

    private static func normalize(_ text: inout PieceText, _ form: UnicodeNormalization.Form) {
        if text.isASCII() { return }
        let first = UnicodeNormalization.firstChanged(form)
        text.transform { codes in
            codes.allSatisfy { $0 < first } ? nil : (UnicodeNormalization.normalize(codes, form), 0)
        }
    }

    private static func lowercase(_ text: inout PieceText) {
        if text.isASCII() {
            text.mapBytes { bytes in
                for index in bytes.indices where bytes[index] &- 0x41 < 26 { bytes[index] |= 0x20 }
            }
            return
        }
        text.transform { codes in
            var changes: [UnicodeNormalization.Change] = []
            changes.reserveCapacity(codes.count)
            for code in codes {
                if code == 0x130 {
                    for (index, lower) in UnicodeCase.lowered(code).enumerated() {
                        changes.append(.init(code: lower, change: index > 0 ? 1 : 0))
                    }
                } else {
                    changes.append(.init(code: UnicodeCase.lower(code), change: 0))
                }
            }
            return (changes, 0)
        }
    }

    /// Keeps the scalars for which a condition is true; nil if it is true for all.
    static func filter(
        _ codes: [UInt32], map: (UInt32) -> UInt32 = { $0 }, _ isKept: (UInt32) -> Bool
    ) -> (changes: [UnicodeNormalization.Change], removedBefore: Int)? {
        var changes: [UnicodeNormalization.Change] = []
        changes.reserveCapacity(codes.count)
        var (removedBefore, isChanged) = (0, false)
        for code in codes {
            if isKept(code) {
                let mapped = map(code)
                if mapped != code { isChanged = true }
                changes.append(.init(code: mapped, change: 0))
            } else if changes.isEmpty {
                removedBefore += 1
            } else {
                changes[changes.count - 1].change -= 1
            }
        }
        return isChanged || changes.count < codes.count ? (changes, removedBefore) : nil
    }

    private static func nmt(_ text: inout PieceText) {
        text.transform { codes in
            filter(codes) { code in
                switch code {
                case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: 0x20
                default: code
                }
            } _: { code in
                switch code {
                case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: false
                default: true
                }
            }
        }
    }

    /// Replaces each byte by its character in the byte alphabet.
    static func byteLevel(_ text: inout PieceText) {
        text.rebuild { piece, source, target in
            for index in Int(piece.start)..<Int(piece.end) {
                target.append(
                    ByteAlphabet.scalars[Int(source.bytes[index])], source.starts[index], source.ends[index])
            }
        }
    }

    // MARK: BERT

    private static func isRemovedByBERT(_ code: UInt32) -> Bool {
        if code == 0 || code == 0xFFFD { return true }
        if code == 0x09 || code == 0x0A || code == 0x0D { return false }
        typealias Category = UnicodeClass.Category
        return UnicodeClass.mask(code) & (Category.cc.mask | Category.cf.mask | Category.co.mask) != 0
    }

    private static func isChinese(_ code: UInt32) -> Bool {
        switch code {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
            0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    private static func bert(
        _ text: inout PieceText, _ cleansText: Bool, _ separatesChinese: Bool, _ stripsAccents: Bool, _ lowercases: Bool
    ) {
        let isPlain = text.isASCII { byte in
            !cleansText || byte >= 0x20 && byte != 0x7F || byte == 0x09 || byte == 0x0A || byte == 0x0D
        }
        if isPlain {
            text.mapBytes { bytes in
                for index in bytes.indices {
                    let byte = bytes[index]
                    if lowercases, byte &- 0x41 < 26 { bytes[index] = byte | 0x20 }
                    if cleansText, byte < 0x20 { bytes[index] = 0x20 }
                }
            }
            return
        }
        if cleansText {
            text.transform { codes in
                filter(codes, map: { UnicodeClass.isWhitespace($0) ? 0x20 : $0 }) { !isRemovedByBERT($0) }
            }
        }
        if separatesChinese {
            text.transform { codes in
                guard codes.contains(where: isChinese) else { return nil }
                var changes: [UnicodeNormalization.Change] = []
                for code in codes {
                    if isChinese(code) {
                        changes += [
                            .init(code: 0x20, change: 0), .init(code: code, change: 1), .init(code: 0x20, change: 1),
                        ]
                    } else {
                        changes.append(.init(code: code, change: 0))
                    }
                }
                return (changes, 0)
            }
        }
        if stripsAccents {
            normalize(&text, .nfd)
            text.transform { filter($0) { UnicodeClass.mask($0) & UnicodeClass.Category.mn.mask == 0 } }
        }
        if lowercases { lowercase(&text) }
    }
}
